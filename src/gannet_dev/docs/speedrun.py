"""The page about the time to quality, from benchmarks/results/speedrun-NAME.json of `make speedrun`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gannet_dev.docs.tables import NOTICE

TITLES = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "cifar10-horses": "CIFAR-10, horses",
}
HEAD = """# Time to quality

Processor seconds of one process, from its start, until a measurement meets the goal: imports, reading the data and
compilation count, measuring does not. A time is rounded up to the next measurement, at most 10 %, or 30 % for CIFAR-10,
where a measurement takes long. The rules and the way to send a result are at the top of `benchmarks/speedrun.py`; `make
speedrun` runs it. `plain-dcgan` is the loop of `src/gannet_dev/baselines/dcgan.py`, eager and fp32, with the networks,
batch and Adam of `dcgan`. Entries with class labels know more than the others; they are marked."""


def speedrun_page(folder: Path) -> str:
    """A table for each data set."""
    sections = [NOTICE, HEAD]
    for path in sorted(folder.glob("speedrun-*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        sections += _sections(document, path.name)
    return "\n\n".join(sections) + "\n"


def _sections(document: dict[str, Any], file: str) -> list[str]:
    rows = document["rows"]
    goals = list(dict.fromkeys(goal for row in rows for goal in row["reached"]))
    head = ["entry", "class labels", "seed", *(_shown(goal) for goal in goals), "steps at the end", "ended by"]
    lines = [head, ["---"] * len(head), *(_cells(row, goals) for row in rows)]
    machines = sorted({_machine(row) for row in rows})
    commands = dict.fromkeys(row["command"] for row in rows)
    text = (
        f"Machine: {'; '.join(machines)}. Seconds; a dash means that the goal was not met until the end, whose time is "
        f"in the last column. {document.get('remark', '')} Source: benchmarks/results/{file}, with every measurement."
    ).replace("  ", " ")
    commanded = "\n".join(["```bash", *commands, "```"])
    return [
        f"## {TITLES.get(document['data'], document['data'])}",
        text,
        "\n".join(f"| {' | '.join(cells)} |" for cells in lines),
        commanded,
    ]


def _cells(row: dict[str, Any], goals: list[str]) -> list[str]:
    times = [row["reached"].get(goal) for goal in goals]
    last = row["log"][-1]
    return [
        f"`{row['entry']}`",
        "used" if row["class_labels"] else "not used",
        str(row["seed"]),
        *(f"{reached['processor_seconds']:.0f}" if reached else "-" for reached in times),
        f"{last['step']:,}",
        f"{row['ended']} ({last['processor_seconds']:.0f} s)",
    ]


def _shown(goal: str) -> str:
    return goal.replace("<=", " ≤ ").replace(">=", " ≥ ").replace(",", ", ")


def _machine(row: dict[str, Any]) -> str:
    machine, threads = row["machine"], row["threads"]
    return (
        f"{machine['processor']}, {machine['instruction_set']}, torch {machine['torch']}, "
        f"{threads} thread{'s' if threads > 1 else ''}"
    )
