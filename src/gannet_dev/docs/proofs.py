"""The latest figures of the proofs in `tests/learning` for the pages of their recipes:
benchmarks/results/learn-*.json.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

NO_FIGURES = {"seed", "good", "cpu_seconds"}


def proof_tables(recipe: str, folder: Path) -> str:
    """A table for each proof of the recipe, with a row per seed; empty if none was run."""
    documents = (json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("learn-*.json")))
    return "\n\n".join(_table(document) for document in documents if document["recipe"] == recipe)


def _table(document: dict[str, Any]) -> str:
    rows = document["seeds"]
    names = [name for name in rows[0] if name not in NO_FIGURES]
    keys = "".join(f" {name}={value}" for name, value in document["keys"].items() if name != "steps")
    steps = f" --steps {document['keys']['steps']}" if "steps" in document["keys"] else ""
    lines = [
        f"`gannet train {document['data']} --recipe {document['recipe']}{steps}{keys}` passes with {document['rule']}:",
        "",
        f"| seed | {' | '.join(names)} | |",
        "|" + "---|" * (len(names) + 2),
    ]
    for row in rows:
        figures = " | ".join(f"{row[name]:.3g}" for name in names)
        lines.append(f"| {row['seed']} | {figures} | {'within' if row['good'] else '**out of bounds**'} |")
    return "\n".join(lines)
