"""Store measured runs in the results, so that `make docs` shows them on the pages of their recipes.

usage: python -m gannet_dev.keep_runs NAME RUN [RUN ...]    (measure the runs first: gannet measure RUN)

They are added to benchmarks/results/NAME.json. A run replaces an earlier one with the same recipe, data, arguments and
seed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from gannet.runs.reader import Run

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"
DESCRIBED = ("recipe", "arguments", "data", "settings", "environment", "version", "kind")


def document(run: Run) -> dict[str, Any]:
    """The record of the run and the newest card of every metric.

    Raises:
        SystemExit: the run was not measured.
    """
    newest = {card.metric: card for card in run.scores()}
    if not newest:
        sys.exit(f"{run.path} has not been measured: run gannet measure {run.path}")
    record = run.record.as_json()
    return {
        "run": run.name,
        "record": {name: record[name] for name in DESCRIBED},
        "cards": [card.as_json() for card in newest.values()],
    }


def joined(stored: list[dict[str, Any]], new: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """All runs; new ones replace stored ones with the same identity."""
    return list({_identity(entry): entry for entry in (*stored, *new)}.values())


def _identity(entry: dict[str, Any]) -> str:
    record = entry["record"]
    return json.dumps(
        [record["recipe"], record["data"], record["arguments"], record["settings"]["seed"]], sort_keys=True
    )


def main(name: str, *paths: str) -> None:
    file = RESULTS / f"{name}.json"
    stored = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    file.write_text(json.dumps(joined(stored, [document(Run(path)) for path in paths])) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
