"""A comparison for readers: tables for papers, figures of a sweep, and one HTML page, all made from its
``compare.json``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from gannet.figures.paper import file_of
from gannet.figures.sweep import SweptMetric, draw_sweep
from gannet.files import read_regular, written_whole
from gannet.reports.comparison_document import RESULT_FILE, read_comparison
from gannet.reports.score_formats import ARROWS, WRITERS, save, written
from gannet.reports.score_table import Column, Method, ScoreTable, of_comparison
from gannet.reports.stacked_table import table_of
from gannet.reports.style import STYLE

DIRECTIONS = {"lower": "lower is better", "higher": "higher is better", "one": "1 is best", "real": "best as real data"}
PICTURE_FILE, FIGURES_FOLDER = "samples.png", "figures"


def is_comparison(folder: Path) -> bool:
    """Whether a folder holds the result of ``gannet compare``."""
    return (folder / RESULT_FILE).is_file()


def write_tables(folder: Path, document: Mapping[str, Any]) -> list[Path]:
    """``compare.md``, ``compare.csv``, ``compare.tex`` and, of a sweep over one or two keys, ``figures/METRIC.svg`` and
    ``.pdf``.

    Raises:
        UserError: a file cannot be written.
    """
    table = of_comparison(document)
    paths = [folder / f"compare{suffix}" for suffix in WRITERS]
    for path in paths:
        save(table, path)
    if len(document.get("sweep") or {}) in (1, 2):
        (folder / FIGURES_FOLDER).mkdir(exist_ok=True)
        for metric, recipes in _swept(document, table).items():
            figure = draw_sweep(document["sweep"], recipes)
            for suffix in (".svg", ".pdf"):
                path = folder / FIGURES_FOLDER / f"{_file_name(metric)}{suffix}"
                with written_whole(path) as file:
                    file.write(file_of(figure, suffix))
                paths.append(path)
    return paths


def report_comparison(folder: Path, target: Path) -> int:
    """Write one self-contained HTML page of a comparison. Returns its size in bytes.

    Raises:
        UserError: not a comparison, or the file cannot be written.
    """
    document = read_comparison(folder)
    table = of_comparison(document)
    sections = [_scores(table), *_pictures(folder, document, table), _runs(document)]
    name = escape(folder.resolve().name)
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    page = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" '
        f'content="{policy}">'
        f'<meta name="viewport" content="width=device-width, '
        f'initial-scale=1"><title>{name}</title><style>{STYLE}</style></head>'
        f'<body><main><header><p class="kicker">Gannet '
        f"comparison</p><h1>{name}</h1></header>{''.join(sections)}</main></body></html>"
    )
    with written_whole(target) as file:
        file.write(page.encode(errors="replace"))  # names need not be UTF-8
    return target.stat().st_size


def _scores(table: ScoreTable) -> str:
    """A row for each metric, or for each recipe if there are more recipes, so that the table is narrow."""
    columns, methods = table.columns, table.methods
    grid = [
        ["metric", *(escape(method.name) for method in methods), "real data"],
        *(
            [
                f"{escape(column.label)} {ARROWS.get(column.better, '')}".rstrip(),
                *(_cell(table, method, column) for method in methods),
                "" if column.reference is None else f"{column.reference:.3g}",
            ]
            for column in columns
        ),
    ]
    if len(methods) > len(columns):
        grid = [list(line) for line in zip(*grid, strict=True)]
        grid[0][0] = "recipe"
    notes = "".join(f'<p class="note">{escape(note)}</p>' for note in table.notes)
    return (
        f'<section><h2>Scores</h2><p class="none">{escape(table.title)}</p>{table_of(grid[0], grid[1:], words=1)}'
        f"{notes}</section>"
    )


def _cell(table: ScoreTable, method: Method, column: Column) -> str:
    text = escape(written(table.cells[method.name, column.metric]))
    return f"<strong>{text}</strong>" if table.is_best(method, column) else text


def _pictures(folder: Path, document: Mapping[str, Any], table: ScoreTable) -> list[str]:
    sections = []
    if len(document.get("sweep") or {}) in (1, 2):
        figures = [
            (r[0].label, file_of(draw_sweep(document["sweep"], r), ".svg")) for r in _swept(document, table).values()
        ]
        shown = "".join(
            f'<figure><img src="{_data("svg+xml", content)}" alt="{escape(label)}"></figure>'
            for label, content in figures
        )
        sections.append(f'<section><h2>Swept keys</h2><div class="pair">{shown}</div></section>')
    picture = folder / PICTURE_FILE
    # A link could lead to a private file, which would then be part of a report that is passed on.
    if picture.is_file() and not picture.is_symlink():
        source = _data("png", read_regular(picture))
        sections.append(
            f'<section><h2>Samples</h2><div class="scroll"><img src="{source}" alt="Samples of every '
            f'run"></div></section>'
        )
    return sections


def _data(kind: str, content: bytes) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"


def _runs(document: Mapping[str, Any]) -> str:
    rows = [
        [
            entry["recipe"],
            run["seed"],
            run["path"],
            run["status"],
            run["text"],
            f"{run['step']:,}",
            f"{run['seconds']:.1f}",
        ]
        for entry in document["recipes"]
        for run in entry["runs"]
    ]
    head = ["recipe", "seed", "folder", "state", "", "step", "seconds"]
    return f"<section><h2>Runs</h2>{table_of(head, [[escape(str(cell)) for cell in row] for row in rows], 5)}</section>"


def _swept(document: Mapping[str, Any], table: ScoreTable) -> dict[str, list[SweptMetric]]:
    """For each metric, every recipe with the values of its combinations."""
    keys, metrics = list(document["sweep"]), {}
    for column in table.columns:
        of_recipes: dict[str, dict[tuple[str, ...], tuple[float, ...]]] = {}
        for entry in document["recipes"]:
            place = tuple(entry["changes"][key] for key in keys)
            cell = table.cells.get((entry["recipe"], column.metric))
            of_recipes.setdefault(entry["base"], {})[place] = cell.values if cell else ()
        label = f"{column.label} ({DIRECTIONS[column.better]})" if column.better in DIRECTIONS else column.label
        runs = len(document["seeds"])
        metrics[column.metric] = [
            SweptMetric(n, label, column.better, values, runs, column.reference) for n, values in of_recipes.items()
        ]
    return metrics


def _file_name(metric: str) -> str:
    return re.sub(r"[^\w.-]+", "-", metric).strip("-")
