"""Tables of results on results pages and on the pages of methods: benchmarks/results/tables-*.json.

A file names its ``page`` in docs/results and contains ``sections`` with title, text, columns, rows, findings, and the
``recipes`` whose pages also show the section. A row that is a list contains recorded figures, whose command and seeds
are in the text. A row that is an object is computed from the score cards of another file: ``from``, ``recipe``, its
first ``cells``, and ``seed`` or ``mean`` if not every seed is shown. A column that is an object names the ``metric``
and its format.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gannet_dev.docs.measured import Measured

NOTICE = "<!-- Made by `make docs` from the results. Do not edit. -->"


def read_tables(folder: Path) -> list[dict[str, Any]]:
    """Every file of tables."""
    return [
        json.loads(path.read_text(encoding="utf-8")) | {"file": path.name}
        for path in sorted(folder.glob("tables-*.json"))
    ]


def table_pages(folder: Path, measured: list[Measured]) -> dict[str, str]:
    """Name of the page -> text, for files that define a whole page."""
    return {
        tables["page"]: "\n\n".join(
            [
                NOTICE,
                f"# {tables['title']}",
                tables["text"],
                *sections_of(tables["page"], folder, measured),
                f"Source of the figures: [{tables['file']}](../../benchmarks/results/{tables['file']}) and the files "
                f"that it names.",
            ]
        )
        + "\n"
        for tables in read_tables(folder)
        if "title" in tables
    }


def sections_of(page: str, folder: Path, measured: list[Measured]) -> list[str]:
    """The sections of one results page."""
    found = [section for tables in read_tables(folder) if tables["page"] == page for section in tables["sections"]]
    return [_section(f"## {section['title']}", section, measured) for section in found]


def method_sections(recipe: str, folder: Path, measured: list[Measured]) -> str:
    """The sections about a recipe for its page; empty if there are none."""
    return "\n\n".join(
        _section(f"**{section['title']}** ([results](../results/{tables['page']}.md))", section, measured)
        for tables in read_tables(folder)
        for section in tables["sections"]
        if recipe in section.get("recipes", ())
    )


def _section(head: str, section: dict[str, Any], measured: list[Measured]) -> str:
    columns = section["columns"]
    heads = [column if isinstance(column, str) else column["head"] for column in columns]
    rows = [row if isinstance(row, list) else _computed(row, columns, measured) for row in section["rows"]]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (heads, ["---"] * len(heads), *rows))
    return "\n\n".join(part for part in (head, section.get("text"), table, section.get("findings")) if part)


def _computed(row: dict[str, Any], columns: list[Any], measured: list[Measured]) -> list[str]:
    [runs] = [m.rows for m in measured if (m.recipe, m.file) == (row["recipe"], row["from"])]
    chosen = [run for run in runs if row.get("seed", run.entry.seed) == run.entry.seed]
    made = list(row["cells"])
    for column in columns[len(made) :]:
        values = [next(card.value for card in run.cards if card.metric == column["metric"]) for run in chosen]
        if row.get("mean"):
            values = [sum(values) / len(values)]
        made.append(_written(values, column))
    return made


def _written(values: list[float], column: dict[str, Any]) -> str:
    if column.get("one_minus"):
        values = [1 - value for value in values]
    scale, unit = (100, " %") if column.get("percent") else (1, "")
    return ", ".join(f"{value * scale:.{column['digits']}f}" for value in values) + unit
