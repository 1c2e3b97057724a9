"""The table of a recipe's page from benchmarks/results/image-to-image.json: held-out images, next to trivial ones."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import mean
from typing import Any

COLUMNS = {"output_fd": ("output FD", 3), "psnr": ("PSNR", 2), "ssim": ("SSIM", 3)}
"""Metrics with their heads and digits."""


def translation_table(recipe: str, results: Path) -> str:
    """A row for every task of the recipe; empty if there are none."""
    file = results / "image-to-image.json"
    if not file.is_file():
        return ""
    tasks: dict[str, list[dict[str, Any]]] = {}
    for row in json.loads(file.read_text(encoding="utf-8")):
        if f"--recipe {recipe} " in row["command"]:
            tasks.setdefault(row["task"], []).append(row)
    if not tasks:
        return ""
    heads = ["task", "seeds", "steps", *(part for head, _ in COLUMNS.values() for part in (head, "trivial"))]
    lines = [heads, ["---"] * len(heads), *(_line(task, rows) for task, rows in tasks.items())]
    return "\n".join(
        [
            "**Held-out images of CIFAR-10's horses and of MNIST**, next to the trivial ones, which need "
            "no learning, mean of the seeds ([all tasks](../applications/image-to-image.md), "
            "benchmarks/results/image-to-image.json):",
            "",
            *(f"| {' | '.join(cells)} |" for cells in lines),
        ]
    )


def _line(task: str, rows: list[dict[str, Any]]) -> list[str]:
    cells = [task, ", ".join(str(row["seed"]) for row in rows), f"{rows[0]['steps']:,}"]
    for metric, (_, digits) in COLUMNS.items():
        values = sorted({f"{row['values'][metric]['value']:.{digits}f}" for row in rows}, key=float)
        cells.append(" to ".join(dict.fromkeys([values[0], values[-1]])))
        parts = [row["values"][metric]["trivial"] for row in rows]
        cells.append(", ".join(f"{name} {mean(part[name] for part in parts):.{digits}f}" for name in parts[0]))
    return cells
