"""Which columns of a table are coordinates, and which is the class."""

from __future__ import annotations

from collections.abc import Sequence

from gannet.data.class_labels import are_whole, is_class_like
from gannet.data.text_table import Column, Table
from gannet.errors import UserError, did_you_mean, in_shell

LABEL_NAMES = ("label", "labels", "class", "classes", "target", "category", "species", "cluster", "group")
INDEX_NAMES = (
    "",
    "unnamed: 0",
    "index",
    "id",
    "row",
    "row_id",
    "rownames",
    "nr",
    "nr.",
    "no.",
    "#",
    "__index_level_0__",
)


def chosen_columns(
    table: Table, origin: str, columns: str | None, label: str | None
) -> tuple[tuple[Column, Column], Column | None, list[str]]:
    """The two coordinates, the class if any, and notes about columns that are not used.

    Without ``columns``, these are the two columns of numbers, apart from an index and a class. Without ``label``, the
    class is a column named so, the one column of texts, or a third column of few whole numbers.

    Raises:
        UserError: not exactly two columns of numbers, or several possible classes; the sentence names the key that
        decides.
    """
    kept = [column for number, column in enumerate(table.columns) if not _is_index(column, number, table)]
    points = _points(table, kept, origin, columns, label)
    rest = [column for column in kept if not any(column is point for point in points)]
    names = _class(rest, table, origin, label)
    used = [*points, names]
    unused = [column.name for column in kept if not any(column is one for one in used)]
    notes = [f"{origin}: not used: {', '.join(unused)}."] if unused else []
    return points, names, notes


def _points(
    table: Table, kept: Sequence[Column], origin: str, columns: str | None, label: str | None
) -> tuple[Column, Column]:
    if columns is not None:
        names = [name.strip() for name in columns.split(",")] if columns.count(",") == 1 else [columns]
        if len(names) != 2:
            raise UserError(f"{origin}: data.columns={columns} must name two columns, such as data.columns=x,y.")
        first, second = (_named(table, name, origin, "columns") for name in names)
        return first, second
    options = [column for column in kept if not _is_label(column, label)]
    numeric = [column for column in options if column.share == 1]
    if len(numeric) < 2:
        numeric = [column for column in options if column.share >= 0.5]  # one wrong cell is reported as such
    if len(numeric) == 3 and label is None and numeric[-1] is options[-1] and is_class_like(numeric[-1].cells):
        numeric = numeric[:-1]
    if len(numeric) == 2:
        return numeric[0], numeric[1]
    found = ", ".join(column.name for column in numeric) or "none"
    if len(numeric) < 2:
        count = "1 column" if len(table.columns) == 1 else f"{len(table.columns)} columns"
        raise UserError(
            f"{origin} has {count}, and those with numbers are {found}; points need two columns of numbers."
        )
    fractions = [column for column in numeric if not are_whole(column.cells)]
    pair = ",".join(column.name for column in (fractions if len(fractions) > 1 else numeric)[:2])
    raise UserError(
        f"{origin} has {len(numeric)} columns of numbers ({found}), and points need two: choose them, such as "
        f"{in_shell(f'data.columns={pair}')}, and the class, if any, with data.label=NAME."
    )


def _class(rest: Sequence[Column], table: Table, origin: str, label: str | None) -> Column | None:
    if label == "":
        return None
    if label is not None:
        return _named(table, label, origin, "label")
    options = [column for column in rest if is_class_like(column.cells)]
    options = [column for column in options if column.name.casefold() in LABEL_NAMES] or options
    if len(options) > 1:
        found = ", ".join(column.name for column in options)
        raise UserError(
            f"{origin} has several columns that can be the class ({found}): choose one with data.label=NAME, or none "
            f"with data.label= and nothing behind it."
        )
    return options[0] if options else None


def _is_label(column: Column, label: str | None) -> bool:
    return column.name == label if label else label is None and column.name.casefold() in LABEL_NAMES


def _is_index(column: Column, number: int, table: Table) -> bool:
    """Whether it numbers the rows, as pandas and R write it: the first column, without a name or named so."""
    if number or len(table.columns) < 3:
        return False
    name = column.name.casefold()
    if table.has_names:
        return name in ("", "unnamed: 0") or (name in INDEX_NAMES and len(set(column.cells)) == len(column.cells))
    values = list(column.numbers)
    counts = len(values) > 2 and any(values == [float(i + start) for i in range(len(values))] for start in (0, 1))
    return (
        counts and table.columns[1].share == table.columns[2].share == 1 and not is_class_like(table.columns[-1].cells)
    )


def _named(table: Table, name: str, origin: str, key: str) -> Column:
    for column in table.columns:
        if column.name == name:
            return column
    folded = [column for column in table.columns if column.name.casefold() == name.casefold()]
    if len(folded) == 1:
        return folded[0]
    if name.isdecimal() and 1 <= int(name) <= len(table.columns):
        return table.columns[int(name) - 1]
    names = [column.name for column in table.columns]
    raise UserError(f"{origin}: data.{key} names {name!r}, which is not a column.{did_you_mean(name, names)}")
