"""Points from a text table."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from gannet.data.base import Kind, Progress, Source
from gannet.data.point_table import PointTable
from gannet.errors import UserError


@dataclass(frozen=True, kw_only=True)
class CsvFile(Source):
    """Points in a text file: two columns of numbers and an optional third column with the class.

    Semicolons, commas or spaces separate the columns. A first line of column names, empty lines and lines that begin
    with # are skipped. With semicolons, numbers may have a decimal comma.
    """

    kind: ClassVar[Kind] = "points"
    path: str
    """The file."""

    def open(self, progress: Progress) -> PointTable:
        """The points in the order of the file."""
        rows = _rows(Path(self.path))
        points = np.array([_point(cells, number, self.path) for number, cells in rows]).reshape(-1, 2)
        if len(rows[0][1]) == 2:
            return PointTable(points, origin=self.path)
        names, labels = np.unique(np.array([cells[2] for _, cells in rows]), return_inverse=True)
        return PointTable(points, *_in_number_order(names, labels), origin=self.path)


def _rows(path: Path) -> list[tuple[int, list[str]]]:
    """(line number, cells) of every line that holds data."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path} cannot be read as text: {getattr(error, 'strerror', None) or error}.") from None
    kept = [
        (number, line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip() and not line.lstrip().startswith("#")
    ]
    if not kept:
        raise UserError(f"{path} contains no points; expected two columns of numbers.")
    split = _splitter(kept[0][1])
    rows = [(number, split(line)) for number, line in kept]
    if not any(map(_is_number, rows[0][1][:2])):
        rows = rows[1:]
    if not rows:
        raise UserError(f"{path} has a line of column names but no points; expected two columns of numbers.")
    width = len(rows[0][1])
    if width not in (2, 3):
        raise UserError(f"{path}, line {rows[0][0]}: {width} columns; expected two numbers, then at most one class.")
    uneven = [(number, cells) for number, cells in rows if len(cells) != width]
    if uneven:
        raise UserError(
            f"{path}, line {uneven[0][0]}: {len(uneven[0][1])} columns where the first line of points has {width}."
        )
    return rows


def _splitter(line: str) -> Callable[[str], list[str]]:
    def by_blanks(text: str) -> list[str]:
        return text.split()

    def by_commas(text: str) -> list[str]:
        return [_bare(cell) for cell in text.split(",")]

    def by_semicolons(text: str) -> list[str]:
        first, second, *rest = [_bare(cell) for cell in text.split(";")] + [""] * (1 - text.count(";"))
        return [first.replace(",", "."), second.replace(",", "."), *rest]

    return by_semicolons if ";" in line else by_commas if "," in line else by_blanks


def _bare(cell: str) -> str:
    return re.sub(r'^"(.*)"$', r"\1", cell.strip())


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _point(cells: list[str], number: int, path: str) -> tuple[float, float]:
    wrong = [cell for cell in cells[:2] if not _is_number(cell) or not np.isfinite(float(cell))]
    if wrong:
        raise UserError(f"{path}, line {number}: {wrong[0]!r} is not a finite number.")
    return float(cells[0]), float(cells[1])


def _in_number_order(names: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Order class names as numbers if all are numbers, else as text."""
    texts = [str(name) for name in names]
    order = sorted(
        range(len(texts)),
        key=(lambda i: int(texts[i])) if all(re.fullmatch(r"[+-]?\d+", t) for t in texts) else (lambda i: texts[i]),
    )
    rank = np.empty(len(texts), dtype=np.int64)
    rank[order] = np.arange(len(texts))
    return rank[labels], tuple(texts[i] for i in order)
