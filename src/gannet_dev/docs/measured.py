"""Measured results of each recipe from benchmarks/results: lists of runs with their cards, and documents of ``gannet
compare``.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from gannet.comparison.result import Row, Summary, summarise
from gannet.evaluation.table import ARROWS, written
from gannet.runs.records import ScoreCard


@dataclass(frozen=True)
class Measured:
    """The runs of one recipe on the same data with the same budget."""

    recipe: str
    data: str
    steps: int
    environment: dict[str, str]
    file: str
    rows: tuple[Row, ...]


def read_measured(folder: Path) -> list[Measured]:
    """All results in a folder; files in other formats are skipped."""
    found: list[Measured] = []
    for path in sorted(folder.glob("*.json")):
        document = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(document, dict) and "recipes" in document and "seeds" in document:
            found += read_comparison(document, path.name)
        elif (
            isinstance(document, list)
            and document
            and all(isinstance(d, dict) and {"record", "cards"} <= d.keys() for d in document)
        ):
            found += _of_runs(document, path.name)
    return sorted(found, key=lambda m: (m.recipe, m.data, m.steps, m.file))


def measured_tables(recipe: str, measured: list[Measured]) -> str:
    """A table for each data set and budget; empty without results."""
    return "\n\n".join(_table(m) for m in measured if m.recipe == recipe)


def read_comparison(document: dict[str, Any], file: str) -> list[Measured]:
    """The runs of every recipe in a document of ``gannet compare``, or in its compact form from gannet_dev/keep.py."""
    specs = document.get("specs", {})
    return [
        Measured(
            entry["recipe"],
            document["data"]["source"],
            entry["steps"],
            document["environment"],
            file,
            tuple(
                _row(entry["recipe"], run["seed"], run["cards"], run["skipped"], run["status"], specs)
                for run in entry["runs"]
            ),
        )
        for entry in document["recipes"]
    ]


def _of_runs(documents: list[dict[str, Any]], file: str) -> list[Measured]:
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = defaultdict(list)
    for document in documents:
        record = document["record"]
        groups[record["recipe"], record["data"]["source"], record["arguments"]["steps"]].append(document)
    return [
        Measured(
            recipe,
            data,
            steps,
            runs[0]["record"]["environment"],
            file,
            tuple(_row(recipe, run["record"]["settings"]["seed"], run["cards"], (), "finished") for run in runs),
        )
        for (recipe, data, steps), runs in groups.items()
    ]


def _row(
    recipe: str,
    seed: int,
    cards: list[dict[str, Any]],
    skipped: Any,
    status: str,
    specs: Mapping[str, Any] | None = None,
) -> Row:
    newest = {card["metric"]: card for card in cards}
    filled = {name: {"spec": (specs or {}).get(card["fingerprint"], {}), **card} for name, card in newest.items()}
    made = tuple(ScoreCard.model_validate(filled[name]) for name in sorted(newest))
    entry = SimpleNamespace(recipe=recipe, seed=seed)
    return Row(cast(Any, entry), cast(Any, status), 0, 0.0, made, tuple(skipped))


def _table(measured: Measured) -> str:
    seeds = ", ".join(str(row.entry.seed) for row in measured.rows)
    machine = f"{measured.environment.get('cpu_capability', '')}, torch {measured.environment.get('torch', '')}"
    plural = "seeds" if len(measured.rows) > 1 else "seed"
    lines = [
        f"**{measured.data}**, {measured.steps:,} steps, {plural} {seeds} ({machine}; "
        f"benchmarks/results/{measured.file}):",
        "",
        "| metric | | mean | ± sd | worst (seed) | real data |",
        "|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(summary) for summary in summarise(measured.rows))])


def _line(s: Summary) -> str:
    count = "" if s.count == s.runs else f" ({s.count} of {s.runs})"
    deviation = "-" if s.deviation is None else f"{s.deviation:.2g}"
    worst = f"{_value(s.worst.value, s)} ({s.worst.seed})"
    return (
        f"| {s.label} | {ARROWS[s.better]} | {_value(s.mean, s)}{count} | {deviation} | {worst} | "
        f"{_value(s.reference, s)} |"
    )


def _value(value: float | None, summary: Summary) -> str:
    return "none" if value is None else written(value, summary.n_fake)
