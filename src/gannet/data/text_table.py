"""Read text tables as people save them: encodings, separators, quotes, column names, decimal commas."""

from __future__ import annotations

import codecs
import csv
import errno
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gannet.data.class_labels import EMPTY
from gannet.errors import UserError
from gannet.files import read_regular

MAX_BYTES = 2 * 2**30
"""A text table above this size is refused: as text it takes ten times as much memory."""
NUM_PROBED = 200
"""Lines that decide about the separator."""
NUM_JUDGED = 50_000
"""Lines that decide how numbers are written."""
BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF32_BE: "utf-32"} | {
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}(?:,\d{3})+")
GROUPED = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+(?:,\d*)?")


@dataclass(frozen=True)
class Column:
    """One column of a table."""

    name: str
    """From the line of column names, else its number from 1."""
    cells: Sequence[str]
    numbers: Sequence[float | None]
    """The cells as numbers; None for a cell that is not a number."""

    @property
    def share(self) -> float:
        """The share of cells that are numbers."""
        return sum(number is not None for number in self.numbers) / len(self.cells)


@dataclass(frozen=True)
class Table:
    """The columns of a file, in the order of the file."""

    columns: list[Column]
    places: Sequence[str]
    """Where each row stands in the file: ``line 7``."""
    has_names: bool


def read_text_table(path: Path) -> Table:
    """Read a text file of columns.

    The encoding is UTF-8, UTF-16 or UTF-32 with a byte order mark, UTF-16 without one, or else Windows-1252. Columns
    are separated by semicolons, tabs, commas, bars or blanks: those that give all lines the same number of columns, and
    most numbers. Empty lines, comments that begin with ``#`` and Excel's line ``sep=;`` are skipped. Cells may be
    quoted. Numbers may have a decimal comma, which is quoted if commas separate the columns.

    Raises:
        UserError: the file is missing, not text, empty, or its lines have different numbers of columns.
    """
    lines = _lines(path)
    separator, rows = _rows(lines)
    if not rows:
        raise UserError(f"{path} contains no points; expected two columns of numbers.")
    as_number = _number_reader([cell for _, row in rows[:NUM_JUDGED] for cell in row], separator)
    header, rows = _header(path, rows, as_number)
    width = len(rows[0][1])
    if len(header) == width - 1:
        header = ["", *header]  # R writes no name above the names of rows
    uneven = next(((place, row) for place, row in rows if len(row) != width), None)
    if uneven:
        raise UserError(
            f"{path}, line {uneven[0]}: {len(uneven[1])} columns where the first line of points has {width}."
        )
    if header and len(header) != width:
        raise UserError(f"{path}: {len(header)} column names for {width} columns; correct the first line.")
    columns = []
    for index, cells in enumerate(zip(*(row for _, row in rows), strict=True)):
        name = header[index] if header else str(index + 1)
        if any(cells) or name:  # a separator at the end of every line makes an empty column
            columns.append(Column(name, cells, [as_number(cell) for cell in cells]))
    return Table(columns, [f"line {place}" for place, _ in rows], bool(header))


def _lines(path: Path) -> list[tuple[int, str]]:
    """(line number, text) of the lines that hold data. After the first of these, a comment is ``#`` and a blank: cells
    such as ``#N/A`` and ``#ff0000`` begin a row.
    """
    text = _text(path)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2212", "-").split("\n")
    found: list[tuple[int, str]] = []
    for number, line in enumerate(lines, 1):
        if line.strip() and not line.lstrip().startswith(("# ", "#\t") if found else "#"):
            found.append((number, line))
    return found


def _text(path: Path) -> str:
    try:
        blob = read_regular(path, MAX_BYTES)
    except OSError as error:
        advice = " Save it as .parquet or .npz." if error.errno == errno.EFBIG else ""
        raise UserError(f"{path} cannot be read as text: {error.strerror or error}.{advice}") from None
    text = text_of(blob)
    if text is None:
        raise UserError(f"{path} cannot be read as text: it contains control characters, as binary files do.")
    return text


def text_of(blob: bytes) -> str | None:
    """The text of a file in one of the encodings of :func:`read_text_table`; None with control characters, as binary
    files have.
    """
    text = _decoded(blob)
    return None if text is None or CONTROL.search(text) else text


def _decoded(blob: bytes) -> str | None:
    try:
        for mark, encoding in BOMS.items():
            if blob.startswith(mark):
                return blob.decode(encoding)
        probe = blob[:4096]
        if len(probe) > 3 and probe.count(0) >= len(probe) // 3:  # UTF-16 of digits: every second byte is zero
            return blob.decode("utf-16-be" if probe[0] == 0 else "utf-16-le")
    except UnicodeDecodeError:
        return None
    for encoding in ("utf-8", "cp1252"):
        try:
            return blob.decode(encoding)
        except UnicodeDecodeError:
            continue
    return blob.decode("latin-1")


def _rows(lines: list[tuple[int, str]]) -> tuple[str, list[tuple[int, list[str]]]]:
    """The separator, and (line number, cells) of every row."""
    if lines and (said := re.fullmatch(r"sep=(.)", lines[0][1].strip())):
        return said[1], _split(lines[1:], said[1])
    first = lines[0][1] if lines else ""
    shares = {}
    for separator in (";", "\t", ",", "|", " "):
        if separator not in first.strip():
            continue
        probe = _split(lines[:NUM_PROBED], separator)
        widths = {len(row) for _, row in probe[1:]} or {len(probe[0][1])}
        if len(widths) == 1 and (width := widths.pop()) > 1 and len(probe[0][1]) in (width, width - 1):
            as_number = _number_reader([cell for _, row in probe for cell in row], separator)
            shares[separator] = sum(as_number(cell) is not None for cell in probe[-1][1]) / width
    chosen = max(shares, key=lambda separator: shares[separator]) if shares else None  # the first of the best
    separator = chosen or next((s for s in (";", ",", "\t", "|") if s in first), " ")
    return separator, _split(lines, separator)


def _split(lines: Sequence[tuple[int, str]], separator: str) -> list[tuple[int, list[str]]]:
    """(line number, cells) of rows; a quoted cell may contain the separator and line breaks."""
    texts = [re.sub(r"[ \t]+", " ", line.strip()) if separator == " " else line.strip(" ") for _, line in lines]
    reader = csv.reader(io.StringIO("\n".join(texts), newline=""), delimiter=separator, skipinitialspace=True)
    rows, start = [], 0
    try:
        for row in reader:
            rows.append((lines[start][0], [cell.strip() for cell in row]))
            start = reader.line_num
    except csv.Error as error:
        place = lines[min(start, len(lines) - 1)][0]
        raise UserError(f"Line {place} of the table cannot be split into columns ({error}).") from None
    return rows


def _number_reader(cells: Sequence[str], separator: str) -> _AsNumber:
    """How numbers are written in these cells: with a decimal point, or with a decimal comma and grouping points."""
    with_comma = [cell for cell in cells if "," in cell]
    decimal = [cell for cell in with_comma if re.fullmatch(r"[+-]?[\d.]*,\d+(?:[eE][+-]?\d+)?", cell)]
    decimal_comma = bool(decimal)
    if separator == ",":  # the cells were quoted; 1,234 can be a thousand
        decimal_comma = len(decimal) == len(with_comma) and not all(THOUSANDS.fullmatch(cell) for cell in decimal)
    dotted = [cell for cell in cells if "." in cell and re.fullmatch(r"[+-]?[\d.,]+", cell)]
    grouped = decimal_comma and bool(dotted) and all(GROUPED.fullmatch(cell) for cell in dotted)
    grouped_commas = any(re.fullmatch(r"[+-]?\d{1,3}(?:,\d{3})+\.\d*", cell) for cell in cells)
    return _AsNumber("." if grouped else "," if grouped_commas else "", decimal_comma and not grouped_commas)


@dataclass(frozen=True)
class _AsNumber:
    grouping: str
    decimal_comma: bool

    def __call__(self, cell: str) -> float | None:
        if "_" in cell:  # Python reads 1_2 as 12
            return None
        text = cell.replace(self.grouping, "") if self.grouping else cell
        try:
            return float(text.replace(",", ".") if self.decimal_comma else text)
        except ValueError:
            return None


def _header(
    path: Path, rows: list[tuple[int, list[str]]], as_number: _AsNumber
) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The column names, if the first row holds them, and the other rows."""
    first, rest = rows[0][1], rows[1:]
    if not _is_header(first, [row for _, row in rest], as_number):
        return [], rows
    if not rest:
        raise UserError(f"{path} has a line of column names but no points; expected two columns of numbers.")
    return first, rest


def _is_header(first: list[str], rest: list[list[str]], as_number: _AsNumber) -> bool:
    shift = len(rest[0]) - len(first) if rest else 0
    numeric = [
        index
        for index in range(len(first))
        if sum(as_number(row[index + shift]) is not None for row in rest if -1 < index + shift < len(row)) * 2
        >= max(1, len(rest))
    ]
    if not any(as_number(first[index]) is not None for index in (numeric or range(len(first)))):
        return True
    # pandas names columns 0, 1, ...: next to a word that no row below holds, or to no name above an index, or where all
    # numbers below have a point.
    counted = [index for index in numeric if as_number(first[index]) is not None]
    words = [index for index in range(len(first)) if first[index] and index not in counted]
    below = [[row[index] for row in rest if index < len(row)] for index in range(len(first))]
    return (
        [first[index] for index in counted] == [str(number) for number in range(len(counted))]
        and min(len(counted), len(rest)) > 1
        and all(first[index] not in {*below[index], *EMPTY} for index in words)
        and (
            bool(words)
            or (not first[0] and all(below[0]))
            or all("." in cell or "," in cell for index in counted for cell in below[index])
        )
    )
