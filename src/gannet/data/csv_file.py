"""Points from a table: text or Parquet."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from gannet.data.base import Kind, Progress, Source
from gannet.data.class_labels import EMPTY, classes_of_texts
from gannet.data.parquet_table import read_parquet_table
from gannet.data.point_table import PointTable
from gannet.data.table_columns import chosen_columns
from gannet.data.text_table import Column, Table, read_text_table
from gannet.errors import UserError

MOST_UNEVEN = 30
"""Ratio of the standard deviations of both coordinates from which a note is given."""


@dataclass(frozen=True, kw_only=True)
class CsvFile(Source):
    """Points in a table: a text file (.csv, .tsv, .txt) or a .parquet file, with two columns of numbers and at most one
    class.

    Semicolons, tabs, commas, bars or blanks separate the columns. A line of column names, an index column as pandas
    writes it, quotes, UTF-16, decimal commas and lines that begin with # are understood. A third column of many
    different numbers is not a class.
    """

    kind: ClassVar[Kind] = "points"
    path: str
    """The file."""
    columns: str | None = None
    """The two coordinates, as names or numbers from 1 (x,y); by default the two columns of numbers."""
    label: str | None = None
    """The column of the class, as a name or a number from 1; empty for none; by default the column of texts, or a third
    column of few whole numbers.
    """
    on_bad: Literal["error", "skip"] = "error"
    """What to do with rows that lack a number or a label: refuse the file, or leave them out."""

    def open(self, progress: Progress) -> PointTable:
        """The points in the order of the file."""
        path = Path(self.path)
        table = read_parquet_table(path) if path.suffix.lower() == ".parquet" else read_text_table(path)
        pair, label, notes = chosen_columns(table, self.path, self.columns, self.label)
        if not table.has_names and [column.cells[0] for column in table.columns] == ["0", "1"]:
            notes.append(f"{self.path}: the first row, 0 and 1, is a point; delete it if these are names of columns.")
        bad = _bad_rows(table, (*pair,), label)
        if bad and self.on_bad == "error":
            raise UserError(_refusal(self.path, table, bad))
        kept = [row for row in range(len(table.places)) if row not in bad]
        if bad:
            verb = "is" if len(bad) == 1 else "are"
            notes.append(f"{self.path}: {len(bad)} of {len(table.places)} rows {verb} left out ({_named(table, bad)}).")
        points = np.array([[column.numbers[row] for column in pair] for row in kept], dtype=np.float64).reshape(-1, 2)
        if label is None:
            opened = PointTable(points, origin=self.path)
        else:
            classes = classes_of_texts([label.cells[row] for row in kept])
            opened = PointTable(points, classes.labels, classes.names, origin=self.path)
        if note := _about_scales(pair, points):
            notes.append(f"{self.path}: {note}")
        opened.notes = tuple(notes)
        return opened


def _about_scales(pair: Sequence[Column], points: np.ndarray) -> str | None:
    """A warning about coordinates of very different spread: both are divided by one scale."""
    spread = points.std(axis=0)
    small, large = np.argsort(spread)
    if spread[small] == 0 or spread[large] < MOST_UNEVEN * spread[small]:
        return None
    return (
        f"the standard deviation of column {pair[large].name!r} is {spread[large] / spread[small]:,.0f} times that of "
        f"column {pair[small].name!r}, and one scale divides both, so a GAN learns little of the latter; use units in "
        f"which both are of similar size."
    )


def _bad_rows(table: Table, pair: Sequence[Column], label: Column | None) -> dict[int, str]:
    """Row -> what is wrong with it."""
    bad = {}
    if label is not None:
        bad |= {
            row: f"the label in the column {label.name!r} is missing"
            for row, cell in enumerate(label.cells)
            if cell in EMPTY
        }
    for column in reversed(pair):
        bad |= {
            row: f"{column.cells[row]!r} is not a finite number"
            for row, number in enumerate(column.numbers)
            if number is None or not np.isfinite(number)
        }
    return dict(sorted(bad.items()))


def _refusal(origin: str, table: Table, bad: dict[int, str]) -> str:
    row, problem = next(iter(bad.items()))
    more = f" There are {len(bad) - 1} more such rows." if len(bad) > 1 else ""
    return (
        f"{origin}, {table.places[row]}: {problem}.{more} Correct the file, or set data.on_bad=skip to leave such rows "
        f"out."
    )


def _named(table: Table, bad: dict[int, str]) -> str:
    shown = [f"{table.places[row]}: {problem}" for row, problem in list(bad.items())[:3]]
    return "; ".join(shown) + (f"; and {len(bad) - 3} more" if len(bad) > 3 else "")
