"""Read tables in Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gannet.data.text_table import MAX_BYTES, Column, Table
from gannet.errors import UserError


def has_images(path: Path) -> bool:
    """Whether a Parquet file has a column of images: encoded files, as the library ``datasets`` stores them.

    Only the schema is read. A file that cannot be read counts as one of points, whose reader reports the problem.
    """
    try:
        schema = _file(path).schema_arrow
    except Exception:  # as below
        return False
    import pyarrow.types as kinds

    return any(
        (kinds.is_struct(field.type) and field.type.get_field_index("bytes") >= 0) or kinds.is_binary(field.type)
        for field in schema
    )


def read_parquet_table(path: Path) -> Table:
    """The columns of numbers and texts of a Parquet file; an index that pandas stored is not a column.

    Raises:
        UserError: the file is missing, damaged or too large, or has no such columns.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist; give a .parquet file.")
    try:
        file = _file(path)
        if sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups)) > MAX_BYTES:
            raise UserError(f"{path} unpacks to more than {MAX_BYTES:,} bytes; store fewer columns or rows.")
        table = file.read()
        table.validate(full=True)  # or a text that is not UTF-8 raises where it is used
        frame: Any = table.to_pandas()
    except UserError:
        raise
    except Exception as error:  # on damaged files, pyarrow raises exceptions of many types
        reason = (str(error).strip().partition("\n")[0] or type(error).__name__)[:200].rstrip(".")
        raise UserError(f"{path} is not a valid Parquet file: {reason}.") from None
    columns = [_column(str(name), frame[name]) for name in frame.columns if _is_plain(frame[name])]
    if not columns or not len(frame):
        raise UserError(f"{path} contains no points; expected two columns of numbers.")
    return Table(columns, [f"row {row}" for row in range(1, len(frame) + 1)], has_names=True)


def _file(path: Path) -> Any:
    from pyarrow.parquet import ParquetFile

    return ParquetFile(path)


def _is_plain(series: Any) -> bool:
    return series.dtype.kind in "biufOUmM" or str(series.dtype) in ("category", "str", "string")


def _column(name: str, series: Any) -> Column:
    missing = series.isna()
    if series.dtype.kind in "iuf":
        numbers = [None if gone else float(value) for value, gone in zip(series, missing, strict=True)]
        return Column(name, ["" if gone else str(v) for v, gone in zip(series, missing, strict=True)], numbers)
    cells = ["" if gone else str(value).strip() for value, gone in zip(series, missing, strict=True)]
    return Column(name, cells, [_number(cell) for cell in cells])


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
