"""The page about recipes on CIFAR-10, from benchmarks/results/cifar10.json of benchmarks/cifar10.py."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

from gannet_dev.docs.tables import NOTICE

RECORD = "cifar10.json"
EXTRACTORS = ("effnet-lite0", "randconv-v1")
TITLES = {"all": "All of CIFAR-10", "horses": "Horses"}
HEAD = """# CIFAR-10 at equal processor time

Each training has a number of processor seconds of one thread: imports and reading the data count. A recipe with a
learning-rate schedule gets the number of steps that just fits. The samples are those of the EMA generator, or of the
generator in evaluation mode where a recipe has none. FD compares 5,000 samples with 5,000 test images (horses: 2,500
with every second training horse), and the excess is FD minus that of as many real images. Means over the seeds, with
the least and the most in brackets. Class accuracy: how often a linear classifier on the features of `effnet-lite0`,
which never saw a generated image, sees the requested class.

Class labels are information: compare rows with labels and rows without them as uses of the data, not as methods.
`effnet-lite0` was trained on ImageNet and knows what the images show; `randconv-v1` is untrained and knows texture and
contrast only.

![Test images, and samples of two recipes](../pictures/cifar10.png)"""
FINDINGS = """## What the tables say

- The goal, half of the excess FD[effnet-lite0] of `dcgan` at equal processor time: the last column. It is reached after
  an hour (one seed), and on horses after two minutes with `batch_size=32`; **not** after two or ten minutes on all of
  CIFAR-10 and not with the default settings on horses. With its present settings, every seed of the recommended
  recipe is better than every seed of `dcgan` in the same table.
- **More training makes the recommended recipe better and `dcgan` worse** (seed 0, from ten minutes to an hour): its
  FD[effnet-lite0] falls from 48.5 to 41.6, and the requested class is seen in 41 % of its samples instead of 33 %;
  that of `dcgan` rises from 63.5 to 91.6, its FD[randconv-v1] from 0.56 to 2.9. Other seeds have no hour.
- `batch_size=32` trains better in two minutes, because it takes more steps. In ten minutes it does not (one seed,
  [trials](images.md)), so it is not the default.
- The recipe had these settings from trials on MNIST, with ten times the penalty (`penalty.gamma=1`): its images were
  blurred, and its excess was 0.8 to 1.1 times that of `dcgan` (rows with that key). What else was tried is on
  [the page about images](images.md). Its FD[randconv-v1], of colours and textures, is about a tenth of
  that of `dcgan`.
- Its samples show the requested class more often than chance, and a person recognises a ship or a truck in some of
  them after ten minutes; most are still mixtures of parts.
- Recipes with five critic steps or residual networks take so few steps in two minutes that they cannot be judged here.
- `dcgan-strided` **collapses** with all three seeds: all samples of a seed are one pattern, without a picture in it.
  With five times the learning rate of its generator it does not (the row with that key), and is still behind.
- Not measured: ten minutes or more of the other recipes; more seeds of the rows with one."""
PUBLISHED = """## Published numbers, not comparable

FID with the Inception network, 50,000 samples against the 50,000 training images, 100,000 steps of batches of 64 with
five critic steps each, on a GPU, residual networks ([Lee and Town 2020](https://arxiv.org/abs/2005.02494); figures of
the library's README). That is far more work than a row above, and another metric; the values cannot be
compared.

| method | class labels | FID |
| --- | --- | --- |
| WGAN-GP | not used | 22.29 ± 0.06 |
| SNGAN | not used | 16.77 ± 0.04 |
| projection (cGAN-PD) | used | 10.84 ± 0.03 |

The same protocol on a GPU, with Inception weights of your own (`gannet weights add inception FILE`):

```bash
python benchmarks/cifar10.py protocol FOLDER OUT
```"""


def cifar10_page(folder: Path) -> str:
    """A table for each set and time."""
    rows = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    groups: dict[tuple[str, float], dict[str, list[dict[str, Any]]]] = {}
    for row in rows:
        groups.setdefault((row["set"], row["seconds"]), {}).setdefault(_entry(row), []).append(row)
    sections = [NOTICE, HEAD]
    for (name, seconds), entries in groups.items():
        sections += [f"## {TITLES[name]}, {seconds:,.0f} processor seconds", _table(entries)]
    machines = sorted({f"{row['machine']['processor']}, {row['machine']['instruction_set']}" for row in rows})
    source = (
        f"One thread of {'; '.join(machines)}, shared with other work. Source: benchmarks/results/{RECORD}; a row is "
        f"one call of `benchmarks/cifar10.py`."
    )
    return "\n\n".join([*sections, source, FINDINGS, PUBLISHED]) + "\n"


def _entry(row: dict[str, Any]) -> str:
    """The entry without its number of steps, which follows from the time."""
    return " ".join(word for word in row["entry"].split() if not word.startswith("steps="))


def _table(entries: dict[str, list[dict[str, Any]]]) -> str:
    head = ["entry", "class labels", "seeds", "steps", *(f"FD[{e}]" for e in EXTRACTORS)]
    head += [f"excess over real, {EXTRACTORS[0]}", "class accuracy", "excess over that of `dcgan`"]
    excess = {entry: mean(map(_excess, rows)) for entry, rows in entries.items()}
    order = sorted(entries, key=excess.__getitem__)
    shares = {entry: f"{excess[entry] / excess['dcgan']:.2f}" for entry in order}
    lines = [head, ["---"] * len(head), *([*_cells(entry, entries[entry]), shares[entry]] for entry in order)]
    first = next(iter(entries.values()))[0]
    real = ["real images", "", "", "", *(f"{first[f'fd[{e}] reference']:.3g}" for e in EXTRACTORS), "0"]
    accuracy = [row["class accuracy reference"] for rows in entries.values() for row in rows if "class accuracy" in row]
    lines.append([*real, f"{accuracy[0]:.0%}" if accuracy else "", ""])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _cells(entry: str, rows: list[dict[str, Any]]) -> list[str]:
    accuracy = [row["class accuracy"] for row in rows if "class accuracy" in row]
    return [
        f"`{entry}`",
        "used" if rows[0]["class_labels"] else "not used",
        ", ".join(str(row["seed"]) for row in rows),
        _range([row["steps"] for row in rows], ",.0f"),
        *(_range([row[f"fd[{e}]"] for row in rows], ".3g") for e in EXTRACTORS),
        _range(list(map(_excess, rows)), ".3g"),
        _range(accuracy, ".0%") if accuracy else "",
    ]


def _excess(row: dict[str, Any]) -> float:
    """FD minus that of as many real images."""
    return row[f"fd[{EXTRACTORS[0]}]"] - row[f"fd[{EXTRACTORS[0]}] reference"]


def _range(values: list[float], form: str) -> str:
    """Mean, and least and most if there are several."""
    if len(values) == 1:
        return f"{values[0]:{form}}"
    return f"{mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
