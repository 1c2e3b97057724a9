"""The page about few images, from benchmarks/results/few-images.json of benchmarks/few_images.py."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import mean
from typing import Any

from gannet_dev.docs.tables import NOTICE

RECORD = "few-images.json"
PLAIN = "dcgan-relativistic"
UNTRAINED = "randconv-v1"
KNOWING = {"horses": "effnet-lite0", "mnist": "mnist-cnn-v1"}
"""The extractor that knows what the images of a set show."""
TITLES = {"horses": "horses of CIFAR-10", "mnist": "digits of MNIST"}
HEAD = f"""# Few images

The first images of a training set, and nothing else: `ada`, which `gannet train` chooses for so few, against
`{PLAIN}`, the recommended recipe without augmentation. Both have the same networks, loss, penalties, batches of
64 and steps; the schedule ends with the last step. 2,000 samples of the EMA generator are compared with 2,000 held-out
images (FD) and with all training images (the columns after it). `effnet-lite0` was trained on ImageNet and
`mnist-cnn-v1` on MNIST, so they know what the images show; `{UNTRAINED}` is **untrained** and knows texture and
contrast only. No recipe trains with any of them.

- C_T: a z-score, below 0 if samples are nearer to the training images than held-out images are. Far below 0 is a sign
  of copying.
- AuthPct: percent of the samples that are not nearer to their nearest training image than that image is to another one.
- nearer than 98 %: share of the samples that are nearer to a training image than 98 % of the held-out images; without
  copying about 2 %.
- D ranks: how often D gives a training image a higher logit than a held-out one, at the last check.

Means over the seeds, with the least and the most in brackets. The rows of held-out images are other held-out images
instead of samples, and the training images themselves."""

FINDINGS = """## What the tables say

- **500 horses**: the goal, an FD of at most 0.6 of that without augmentation, is reached over three seeds (the rows
  without keys), with both extractors; single seeds have 0.49 to 0.61. With more training the recipe without
  augmentation gets worse and `ada` does not (FD[randconv-v1] after 1,000 and 3,000 steps with `penalty.gamma=1`),
  because D overfits: it ranks nearly all training images above held-out ones. So `ada` trains 3,000 steps by default.
- **100 horses: without augmentation it copies.** 9.7 % of the samples are nearer to a training image than 98 % of the
  held-out images are (in the features of `randconv-v1` 41 %), and the picture shows some of them. `ada` does not
  (1.8 %), with 0.54 of the FD; its C_T is -3.8, which does not rule copying out. The probability of augmentation
  reaches its limit of 0.8, and D overfits nevertheless: it ranks all training images first.
- **2,000 horses**: the gain is smaller, 0.84.
- **500 digits**, one seed: 0.73 of the FD in features that know digits, but not in untrained ones; 2.5 % of its samples
  are that near to a training image, without augmentation 5.8 %.
- The samples of `ada` are horses in their colours and poses, and most have wrong legs or heads.
- In the features of `randconv-v1`, C_T of horses is below -10 for both recipes: generated images have less variety of
  texture and so are nearer to any horses than horses are to each other. Such a value alone is no sign of
  copying there.
- A tenth of the penalty (`penalty.gamma=1` was the default before) improves `ada`.
- Not measured: other seeds of 100 and 2,000 horses and of digits; the recipe `few-images`, for larger images.

![Samples of both recipes above their nearest training images](../pictures/few-images-trained.png)

The first samples that the seed draws, above the nearest of the training images in the features of `effnet-lite0`."""


def few_images_page(folder: Path) -> str:
    """A table for each set and number of images."""
    rows = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["set"], row["images"]), []).append(row)
    sections = [NOTICE, HEAD, FINDINGS]
    for (name, count), found in groups.items():
        sections += [f"## {count:,} {TITLES[name]}", _table(name, found)]
    commands = dict.fromkeys(row["command"].replace(f" {row['seed']} ", " SEED ", 1) for row in rows)
    machines = sorted({f"{r['environment']['cpu_capability']}, {r['environment']['precision']}" for r in rows})
    source = (
        f"One thread of a shared AMD EPYC ({'; '.join(machines)}). Record: benchmarks/results/{RECORD}. Commands, with "
        f"a folder that holds the data; the extractors follow RUN:"
    )
    return "\n\n".join([*sections, source, "\n".join(["```bash", *commands, "```"])]) + "\n"


def _table(name: str, rows: list[dict[str, Any]]) -> str:
    knowing = KNOWING[name]
    entries: dict[tuple[int, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda r: (r["steps"], r["keys"], r["recipe"], r["seed"])):
        entries.setdefault((row["steps"], " ".join([row["recipe"], *row["keys"]])), []).append(row)
    head = ["recipe", "steps", "seeds", f"FD[{knowing}]", "of that without augmentation", f"FD[{UNTRAINED}]"]
    head += ["C_T", "AuthPct", "nearer than 98 %", "D ranks", "processor seconds"]
    lines = [head, ["---"] * len(head)]
    for (steps, entry), found in entries.items():
        plain = entries.get((steps, " ".join([PLAIN, *found[0]["keys"]])), [])
        lines.append([f"`{entry}`", f"{steps:,}", ", ".join(str(row["seed"]) for row in found)])
        lines[-1] += [_range(_of(found, knowing, "fd"), ".3g") + _left_out(found, knowing)]
        lines[-1].append(_share(found, plain, knowing))
        lines[-1] += [_range(_of(found, UNTRAINED, "fd"), ".2g"), *_copying(found, knowing)]
        ranks = [row["training_above_held_out"][-1] for row in found]
        seconds = [row["processor_seconds"] for row in found if row["processor_seconds"]]
        lines[-1] += [_range(ranks, ".0%"), _range(seconds, ".0f")]
    lines += [
        _real(rows, knowing, "held-out images", "fd reference"),
        _real(rows, knowing, "training images", "fd of the training images"),
    ]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _of(rows: Iterable[dict[str, Any]], extractor: str, figure: str) -> list[float]:
    """The figure of every row that was measured with the extractor."""
    return [row["figures"][extractor][figure] for row in rows if extractor in row["figures"]]


def _left_out(rows: list[dict[str, Any]], extractor: str) -> str:
    """The seeds that were measured with the extractor, if not all were."""
    seeds = [str(row["seed"]) for row in rows if extractor in row["figures"]]
    return f", seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}" if seeds and len(seeds) < len(rows) else ""


def _share(rows: list[dict[str, Any]], plain: list[dict[str, Any]], extractor: str) -> str:
    """Mean FD over that of the plain recipe with the same steps, keys and seeds; empty for the plain recipe."""
    own, other = ({row["seed"]: row["figures"].get(extractor) for row in side} for side in (rows, plain))
    both = [seed for seed in own if own[seed] and other.get(seed)]
    if not both or rows is plain:
        return ""
    return f"{mean(own[seed]['fd'] for seed in both) / mean(other[seed]['fd'] for seed in both):.2f}"


def _copying(rows: list[dict[str, Any]], extractor: str) -> list[str]:
    """C_T, AuthPct and the share of samples that are very near to an image of the training."""
    forms = (("ct", ".1f"), ("authpct", ".1f"), ("nearer than 98 % of held-out", ".1%"))
    return [_range(_of(rows, extractor, figure), form) for figure, form in forms]


def _real(rows: list[dict[str, Any]], knowing: str, title: str, figure: str) -> list[str]:
    """The row of real images instead of samples."""
    held_out = title == "held-out images"
    cells = [_range(_of(rows, knowing, figure)[:1], ".3g"), "", _range(_of(rows, UNTRAINED, figure)[:1], ".2g")]
    copying = ["0", _range(_of(rows, knowing, "authpct reference")[:1], ".1f"), "2.0%"] if held_out else [""] * 3
    return [title, "", "", *cells, *copying, "", ""]


def _range(values: list[float], form: str) -> str:
    """Mean, and least and most if there are several."""
    if len(values) < 2:
        return f"{values[0]:{form}}" if values else ""
    return f"{mean(values):{form}} ({min(values):{form}} to {max(values):{form}})"
