"""The page about speed, and the tables in both README files, from benchmarks/results/speed-KIND.json of `make bench`.

There is one file for each kind of processor that was measured, and each has its rows everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from gannet_dev.docs.speed_gpu import RECORD as GPU
from gannet_dev.docs.speed_gpu import gpu_rows, gpu_section
from gannet_dev.docs.speed_profile import (
    DEMO,
    MANY_GAMES,
    MANY_GAMES_AVX2,
    demo_section,
    learn_section,
    profile_section,
    targets_section,
)
from gannet_dev.docs.speed_profile import RECORD as PROFILE
from gannet_dev.docs.tables import NOTICE

BEGIN, END = "<!-- speed: made by `make docs` -->", "<!-- end of speed -->"
README_HEAD = "| work | processor | ratio of wall time (5 rounds) | ratio of processor time |"
READMES: dict[str, dict[str, str]] = {
    "README.md": {},
    "README.zh-CN.md": {
        README_HEAD: "| 任务 | 处理器 | 实际时间之比（5 轮） | 处理器时间之比 |",
        ", ring, batch ": "，ring，批大小 ",
        ", batch ": "，批大小 ",
        ", 5 critic steps": "，5 个评论器步",
        " against eager steps": "，对比 eager 步",
        " with bf16": "，支持 bf16",
        " processor restricted to AVX2": " 处理器，限制为 AVX2",
        "not measured": "未测量",
        " to ": " 至 ",
    },
}
"""File -> what stands in it for words of the table."""
HEAD = """# Speed

Gannet and a plain eager fp32 PyTorch loop train the same networks with the same batch and the same number of threads,
each in a separate process, and take turns for five rounds: `make bench`. A ratio above 1 means that Gannet is faster.
It is the ratio of the medians, with the smallest and the largest ratio of a round. Wall time depends on what else the
machine does; processor time depends on it less. The plain loops are in `src/gannet_dev/baselines`. The share of the
peak rate is the time that the matrix products and convolutions of a step take at the rates measured in the same rounds,
divided by the processor time of the step. `make bench-compare REV=COMMIT` prints the ratios between two revisions."""
COLUMNS = (
    "work",
    "threads",
    "Gannet",
    "plain loop",
    "ratio of wall time",
    "ratio of processor time",
    "share of the peak rate",
    "peak memory",
)
QUALITY = "compiled-quality.json"
CONVOLUTIONS = "convolution-quality.json"
PRECISION = "precision-quality.json"
START_UP = "start-up.json"
LIMITS = """## What limits the speed

- Points: matrices are so small that a matrix product of `gan-deep` runs far below the peak rate, and starting
  operations takes much of the rest. `compile=true` starts fewer. It is not the default, because its tensors differ by
  rounding, and because the first compilation can take a minute of processor time. Below 10,000 steps, or if the step
  cannot be compiled, the run takes eager steps and says why. Steps with penalties, with batch norm and with several
  turns of a player compile; with a lazy penalty (`penalty.every` above 1), steps with it and steps without it are a
  graph each. Three kinds stay eager: RMSprop (`wgan`), an inner optimization (`unrolled`), and `sngan`, in which
  rounding grows beyond the tolerance within three steps.
- Where the processor has AVX-512 and is not Intel's, torch's own product of fp32 matrices (MKL) uses half of the vector
  width. A compiled step calls oneDNN for larger matrices there, which is why `particle-gan` comes near the peak rate:
  that rate is measured with torch's own product. Eager steps do not, because their tensors would differ by rounding.
- `wgan-gp`: upsampling and the 5x5 convolution after it are computed as four 3x3 convolutions at the lower resolution,
  with 2.8 times fewer multiplications, and the penalty leaves out the parts of its second derivatives that are zero.
  What is left is convolutions, which a plain loop computes too. `penalty.every=N` computes the penalty only every N-th
  step. Its effect on quality is not measured on images, so it is not the default.
- Eager steps compute every product and update that the plain loop computes, so points without `compile=true` gain
  little."""
FACTS = {"processor": "Processor:", "cores": "cores:", "torch": "PyTorch", "python": "Python"}


def documents(folder: Path) -> dict[str, dict[str, Any]]:
    """The measurements of each kind of processor."""
    return {path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("speed-*.json"))}


def speed_page(folder: Path) -> str:
    """A table for each kind of processor, and what the figures say."""
    sections = [NOTICE, HEAD]
    for name, document in documents(folder).items():
        machine = document["machine"]
        facts = ", ".join(f"{label} {machine[key]}" for key, label in FACTS.items() if key in machine)
        dates = " and ".join(sorted({row["date"] for row in document["rows"].values()}))
        text = f"{facts}. Measured {dates}. Source: benchmarks/results/{name}. {document.get('remark', '')}"
        rows = "\n".join(map(_line, [COLUMNS, ["---"] * len(COLUMNS), *map(_cells, document["rows"].values())]))
        sections.append(f"## {machine['instruction_set']}\n\n{text.rstrip()}\n\n{rows}")
    if (folder / GPU).is_file():
        sections.append(gpu_section(folder))
    if (folder / QUALITY).is_file():
        sections.append(_quality(json.loads((folder / QUALITY).read_text(encoding="utf-8"))))
    if (folder / CONVOLUTIONS).is_file():
        sections.append(_convolutions(json.loads((folder / CONVOLUTIONS).read_text(encoding="utf-8"))))
    if (folder / PRECISION).is_file():
        sections.append(_precision(json.loads((folder / PRECISION).read_text(encoding="utf-8"))))
    if (folder / MANY_GAMES).is_file():
        found = [name for name in (MANY_GAMES, MANY_GAMES_AVX2) if (folder / name).is_file()]
        sections.append(_many_games({n: json.loads((folder / n).read_text(encoding="utf-8")) for n in found}))
    if (folder / START_UP).is_file():
        sections.append(_start_up(json.loads((folder / START_UP).read_text(encoding="utf-8"))))
    if (folder / DEMO).is_file():
        sections.append(demo_section(folder))
    if (folder / PROFILE).is_file():
        sections.append(profile_section(json.loads((folder / PROFILE).read_text(encoding="utf-8"))))
        sections += [targets_section(folder), learn_section(folder)]
    return "\n\n".join([*sections, LIMITS]) + "\n"


def _quality(document: dict[str, Any]) -> str:
    """Compiled and eager steps, seed by seed."""
    head = (
        "recipe",
        "data",
        "training steps",
        "steps",
        "seed",
        "W1",
        "W1 of real points",
        "processor time of training",
    )
    rows = [
        (
            f"`{row['recipe']}`",
            f"`{row['data']}`",
            f"{row['training_steps']:,}",
            row["steps"],
            str(row["seed"]),
            f"{row['w1']:.4f}",
            f"{row['w1_of_real']:.4f}",
            f"{row['processor_seconds']:.0f} s",
        )
        for row in document["rows"]
    ]
    text = (
        "The keys of each recipe, one thread, without the time of compilation, samples of the EMA generator: "
        f"`{document['command']}`. Source: benchmarks/results/{QUALITY}. Rounding differences grow during training, so "
        "the two runs of a seed end differently, as two seeds do. `wgan-gp` is far from the real points after 3,000 "
        "steps of either kind: compiled steps end worse with seeds 0 and 3, better with seed 1 and equal with seed 2. "
        "Rounding alone leads as far: from parameters that differ by 1e-7, eager steps of seeds 0 and 3 end at 0.258 "
        "and 0.277. The processor was shared, so times of `wgan-gp` vary."
    )
    return f"## Quality of compiled steps\n\n{text}\n\n" + "\n".join(map(_line, [head, ["---"] * len(head), *rows]))


def _convolutions(document: dict[str, Any]) -> str:
    """FD with and without the two changes of arithmetic, seed by seed."""
    head = ["way", "seed", "FD", "processor time of training"]
    rows = [
        [row["way"], str(row["seed"]), f"{row['fd']:.2f}", f"{row['processor_seconds']:.0f} s"]
        for row in document["rows"]
    ]
    text = (
        f"`{document['recipe']}` on `{document['data']}` of {document['side']} x {document['side']} pixels, "
        f"{document['steps']} steps, one thread, samples of the EMA generator: `{document['command']}`. Faster: "
        "convolutions at the lower resolution, and a penalty without the derivatives that are zero; plain: neither. FD "
        f"is that of features of `digits-cnn-v1`. Source: benchmarks/results/{CONVOLUTIONS}."
    )
    lines = "\n".join(map(_line, [head, ["---"] * len(head), *rows]))
    return f"## Quality of `{document['recipe']}` with fewer operations\n\n{text}\n\n{lines}"


def _precision(rows: list[dict[str, Any]]) -> str:
    """FD on MNIST in bf16 and fp32, and with both ways of the last layer: a row for each, all seeds."""
    found: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for row in sorted(rows, key=lambda row: row["seed"]):
        found.setdefault((row["recipe"], row["precision"], row.get("last_layer", "ConvTranspose2d")), []).append(row)
    head = ["recipe", "number format", "last layer", "seeds", "FD[mnist-cnn-v1]", "processor time of training"]
    cells = [
        [
            f"`{recipe}`",
            precision,
            f"`{layer}`",
            ", ".join(str(row["seed"]) for row in same),
            ", ".join(f"{row['fd[mnist-cnn-v1]']:.3f}" for row in same),
            ", ".join(f"{row['processor_seconds']:.0f}" for row in same) + " s",
        ]
        for (recipe, precision, layer), same in sorted(found.items())
    ]
    text = (
        "1,400 steps on MNIST, one thread, 5,000 samples of the EMA generator against 5,000 test images: `python "
        f"benchmarks/precision_quality.py FOLDER`. Source: benchmarks/results/{PRECISION}. `ToImage` computes the last "
        "layer of the generator on the small maps, up to rounding as `ConvTranspose2d` does; it is what Gannet does "
        "today, and its rounding error in bf16 is not larger (a test compares both with float64). FD of `dcgan` "
        "differs as much between seeds as between rows. The processor was shared with other trainings."
    )
    return (
        "## Quality of bf16, and of the last layer\n\n"
        + text
        + "\n\n"
        + "\n".join(map(_line, [head, ["---"] * len(head), *cells]))
    )


def _many_games(documents: dict[str, dict[str, Any]]) -> str:
    """One game and several in one program, per recipe, for each kind of processor."""
    first = next(iter(documents.values()))
    text = (
        "Milliseconds of processor time for a step of one game: median, least and most of five rounds on one thread. "
        f"Batched: the graph of a step for {first['rows'][0]['games']} seeds at once, by `torch.vmap`, compiled in the "
        f"same way: `{first['command']}`. Batched, `gan-deep` and `ragan` take longer for each game, with AVX2 as "
        "long; only `gan`, with one hidden layer, gains. So `gannet compare` trains seeds in processes, side by side "
        "(`--jobs`), not in one program."
    )
    tables = []
    for name, document in documents.items():
        head = ["recipe", *document["rows"][0]["milliseconds"]]
        rows = [
            [f"`{row['recipe']}`"]
            + [f"{t['median']:.2f} ({t['least']:.2f} to {t['most']:.2f})" for t in row["milliseconds"].values()]
            for row in document["rows"]
        ]
        machine = document["machine"]
        tables += [
            f"{machine['instructions']}, torch {machine['torch']}. Source: benchmarks/results/{name}.",
            "\n".join(map(_line, [head, ["---"] * len(head), *rows])),
        ]
    return "\n\n".join(["## Several games as one program", text, *tables])


def _start_up(document: dict[str, Any]) -> str:
    """Seconds of whole processes that start and soon end."""
    head = ["command", "wall time", "processor time"]
    rows = [
        [f"`{name}`"]
        + [f"{found['median']:.2f} s ({found['least']:.2f} to {found['most']:.2f})" for found in row.values()]
        for name, row in document["rows"].items()
    ]
    machine = document["machine"]
    text = (
        f"Whole processes on {machine['processor']} ({machine['instruction_set']}), five of each, with caches filled: "
        f"`{document['command']}`. Source: benchmarks/results/{START_UP}. A training of one step also writes its first "
        "frame and its checkpoint."
    )
    return f"## Start\n\n{text}\n\n" + "\n".join(map(_line, [head, ["---"] * len(head), *rows]))


def with_speed_table(text: str, words: Mapping[str, str], folder: Path) -> str:
    """A README with the table between the two marks replaced, in its words."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [
        _line((row["work"], document["machine"]["instruction_set"], _ratio(row), _ratio(row, "processor_")))
        for document in documents(folder).values()
        for row in document["rows"].values()
    ]
    rows += map(_line, gpu_rows(folder))
    table = "\n".join([README_HEAD, "|---|---|---|---|", *rows])
    for english, other in words.items():
        table = table.replace(english, other)
    return before + "\n".join([BEGIN, "", table, "", END]) + after


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    peak = row.get("peak_mb")
    return (
        row["work"],
        str(row["threads"]),
        f"{row['gannet']:,.0f} {row['unit']}",
        f"{row['plain']:,.0f} {row['unit']}",
        _ratio(row),
        _ratio(row, "processor_"),
        f"{100 * row['share_of_peak']:.0f} %" if "share_of_peak" in row else "not measured",
        f"{peak['gannet']:.0f} MB (plain {peak['plain']:.0f} MB)" if peak else "not measured",
    )


def _ratio(row: dict[str, Any], prefix: str = "") -> str:
    if f"{prefix}ratio" not in row:
        return "not measured"
    return f"{row[f'{prefix}ratio']:.2f} ({row[f'{prefix}ratio_min']:.2f} to {row[f'{prefix}ratio_max']:.2f})"
