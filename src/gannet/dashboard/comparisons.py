"""The comparisons among the watched runs: which runs belong to each, and its table."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gannet.dashboard.library import Watched, file_version, identity_of
from gannet.files import read_json
from gannet.runs.records import label_for_people, plain
from gannet.runs.schema import COMPARISON_FILE

SUMMARY = ("metric", "label", "better", "mean", "deviation", "count", "runs", "reference")
"""Fields of a metric of a recipe in ``compare.json`` that the page shows; see ``comparison.result.Summary``."""


def comparisons(root: Path, runs: Iterable[Watched]) -> list[dict[str, Any]]:
    """Every folder from ``root`` down to a run that ``gannet compare`` wrote its result to: the ids of its runs, one
    seed of all recipes after the other, and for each recipe the metrics. A damaged result is left out.
    """
    there = {run.path: run for run in runs}
    folders = {folder for path in there for folder in path.parents if folder == root or root in folder.parents}
    found = []
    for folder in sorted(folders):
        try:
            found.append(_read(folder, root, there))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            continue  # no comparison, or one that is damaged: its runs are shown anyway
    return found


def _read(folder: Path, root: Path, there: dict[Path, Watched]) -> dict[str, Any]:
    document = read_json(folder / COMPARISON_FILE)
    rows = [
        (row["seed"], recipe["recipe"], folder / row["path"])
        for recipe in document["recipes"]
        for row in recipe["runs"]
    ]
    runs = [there[path].id for _, _, path in sorted(rows, key=lambda row: row[0]) if path in there]
    recipes = [
        {"name": str(recipe["recipe"]), "metrics": [_summary(metric) for metric in recipe["metrics"]]}
        for recipe in document["recipes"]
    ]
    return {
        "id": identity_of(folder),
        "name": folder.name if folder == root else folder.relative_to(root).as_posix(),
        "is_root": folder == root,
        "version": file_version(folder / COMPARISON_FILE),
        "complete": bool(document["complete"]),
        "runs": runs,
        "recipes": recipes,
    }


def _summary(metric: dict[str, Any]) -> dict[str, Any]:
    shown = {name: plain(metric[name]) for name in SUMMARY}
    return shown | {"label": label_for_people(str(metric["metric"]), str(metric["label"]))}
