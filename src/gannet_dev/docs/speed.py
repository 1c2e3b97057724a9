"""The page about speed, and the tables in both README files, from benchmarks/results/speed-KIND.json of `make bench`.

There is one file for each kind of processor that was measured, and each has its rows everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gannet_dev.docs.tables import NOTICE

BEGIN, END = "<!-- speed: made by `make docs` -->", "<!-- end of speed -->"
README_HEADS = {
    "README.md": "| work | processor | ratio of wall time (5 rounds) | ratio of processor time |",
    "README.zh-CN.md": "| 任务 | 处理器 | 实际时间之比（5 轮） | 处理器时间之比 |",
}
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
        text = f"{facts}. Measured {document['date']}. Source: benchmarks/results/{name}. {document.get('remark', '')}"
        rows = "\n".join(map(_line, [COLUMNS, ["---"] * len(COLUMNS), *map(_cells, document["rows"].values())]))
        sections.append(f"## {machine['instruction_set']}\n\n{text.rstrip()}\n\n{rows}")
    return "\n\n".join(sections) + "\n"


def with_speed_table(text: str, head: str, folder: Path) -> str:
    """A README with the table between the two marks replaced."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = [
        _line((row["work"], document["machine"]["instruction_set"], _ratio(row), _ratio(row, "processor_")))
        for document in documents(folder).values()
        for row in document["rows"].values()
    ]
    return before + "\n".join([BEGIN, "", head, "|---|---|---|---|", *rows, "", END]) + after


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
