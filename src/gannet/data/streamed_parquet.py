"""Images in Parquet files, on the disk or on the Hugging Face hub, of which only a few row groups are in memory."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from functools import cached_property
from hashlib import blake2b
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from gannet.data.base import Progress
from gannet.data.cache import Choice, common_size
from gannet.data.decode import BadImage, Header, Reading, header
from gannet.data.digest import digest
from gannet.data.fitting import Frame
from gannet.data.shard_files import RECORD, Manifest, Shard
from gannet.errors import UserError, in_shell

MOST_LOOKED_AT = 1000
"""Images of the first row group whose headers are read for the common size."""


class RowGroups:
    """The images of one split, with what :class:`gannet.data.sharded_images.ShardedImages` needs: a row group of a
    file is a shard.

    Args:
        path: what the user typed.
        files: paths, or addresses that fsspec opens.
        split: their split.
        kept: row groups in memory.
        progress: reports how many files are opened.

    Raises:
        UserError: a file cannot be read, or the files have no images.
    """

    def __init__(self, path: Path, files: Sequence[str], split: str, kept: int, progress: Progress) -> None:
        from gannet.data.huggingface import classes_of, image_column

        self.path, self._kept = path, kept
        self._names = [Path(file).name for file in files]
        self._files = []
        for number, file in enumerate(files):
            progress("opening files", number, len(files))
            self._files.append(_opened(file))
        self._places = [(f, g) for f, file in enumerate(self._files) for g in range(file.num_row_groups)]
        rows = [self._files[f].metadata.row_group(g).num_rows for f, g in self._places]
        self.starts = np.concatenate([[0], np.cumsum(rows)]).astype(np.int64)
        columns = _Columns(self._files, files, progress)
        self._column = image_column(columns, str(path))
        classes = classes_of(columns, str(path))
        self.index = np.zeros(sum(rows), RECORD)
        self.index["label"] = -1 if classes is None else classes.labels
        names = () if classes is None else classes.names
        sizes = [self._files[f].metadata.row_group(g).total_byte_size for f, g in self._places]
        self.manifest = Manifest(
            source={},
            classes=names,
            class_counts={split: tuple(np.bincount(classes.labels, minlength=len(names)).tolist())} if classes else {},
            content_hash=digest(*(_footer_hash(file) for file in self._files)),
            shards=tuple(
                Shard(file=f"group-{number}", split=split, samples=count, bytes=size, hash="")
                for number, (count, size) in enumerate(zip(rows, sizes, strict=True))
            ),
        )
        self._lock = Lock()
        self._groups: OrderedDict[int, Future[Any]] = OrderedDict()

    @cached_property
    def _reader(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, "row-groups")  # one, because files of pyarrow are not safe for several threads

    @property
    def advice(self) -> str:
        """What to do about an image that cannot be used."""
        name = self.path if self.path.exists() else f"hf:{self.path}"
        return (
            f"To leave the image out: {in_shell('gannet', 'data', 'prepare', name, '-o', 'NEW', 'data.on_bad=skip')}."
        )

    def name(self, row: int) -> str:
        """The image's name in error messages."""
        group = self._group_of(row)
        file, number = self._places[group]
        return f"{self.path}: row {row - int(self.starts[group])} of row group {number} of {self._names[file]}"

    def read(self, row: int) -> bytes:
        """The encoded image.

        Raises:
            BadImage: the row has no image, or its row group cannot be read.
        """
        group = self._group_of(row)
        try:
            cell = self._images_of(group)[row - int(self.starts[group])].as_py()
        except Exception as error:  # of pyarrow, of file systems and of HTTP
            with self._lock:
                self._groups.pop(group, None)
            raise BadImage(f"its row group cannot be read ({_reason(error)})") from None
        blob = cell.get("bytes") if isinstance(cell, dict) else cell
        if not blob:
            raise BadImage("the cell holds no image")
        return blob

    def read_ahead(self, shards: Sequence[int]) -> None:
        """Begin to read these row groups in the background, as many as stay in memory."""
        for group in shards[: self._kept]:
            self._loaded(int(group))

    def frame(self, choice: Choice) -> tuple[Reading, Frame, int]:
        """How all images are read and fitted, and from how many headers this was found.

        Raises:
            UserError: a header is damaged, or images have more than 8 bits and the user gives no white level.
        """
        count = min(MOST_LOOKED_AT, int(self.starts[1]))
        headers = [self._header(row) for row in range(count)]
        if any(found.deep for found in headers) and choice.white is None:
            raise UserError(f"{self.path} has images of more than 8 bits. Set their white level with data.white=LEVEL.")
        size = choice.size or common_size(headers, choice.crop)
        channels = choice.channels or (1 if all(found.grey for found in headers) else 3)
        return Reading(channels == 4, choice.white), Frame(*size, channels, choice.fit, choice.crop), count

    def _header(self, row: int) -> Header:
        try:
            return header(self.read(row))
        except BadImage as problem:
            raise UserError(f"{self.name(row)}: {problem}. {self.advice}") from None

    def _group_of(self, row: int) -> int:
        return int(np.searchsorted(self.starts, row, side="right")) - 1

    def _images_of(self, group: int) -> Any:
        """The column of images of a row group."""
        while True:
            try:
                return self._loaded(group).result()
            except CancelledError:  # threads that decode one batch may need more row groups than stay in memory
                continue

    def _loaded(self, group: int) -> Future[Any]:
        """The column of images of a row group, which may still be on its way."""
        with self._lock:
            if group not in self._groups:
                while len(self._groups) >= self._kept:
                    self._groups.popitem(last=False)[1].cancel()
                file, number = self._places[group]
                self._groups[group] = self._reader.submit(self._column_of, file, number)
            self._groups.move_to_end(group)
            return self._groups[group]

    def _column_of(self, file: int, group: int) -> Any:
        from pyarrow import default_memory_pool

        default_memory_pool().release_unused()  # of row groups that are no longer kept
        return self._files[file].read_row_group(group, columns=[self._column], use_threads=False).column(0)


class _Columns:
    """The columns of all files, as the functions that find images and classes see a data set."""

    def __init__(self, files: Sequence[Any], names: Sequence[str], progress: Progress) -> None:
        from datasets import Features

        self._files, self._names, self._progress = files, names, progress
        try:
            self.features = Features.from_arrow_schema(files[0].schema_arrow)
        except Exception as error:  # the library's description of the columns is text within the file
            raise UserError(f"The columns of {names[0]} cannot be read: {_reason(error)}.") from None

    def __getitem__(self, column: str) -> list[Any]:
        values: list[Any] = []
        for number, (file, name) in enumerate(zip(self._files, self._names, strict=True)):
            self._progress("reading classes", number, len(self._files))
            try:
                values += file.read(columns=[column]).column(0).to_pylist()
            except Exception as error:  # of pyarrow, of file systems and of HTTP
                raise UserError(f"The column {column!r} of {name} cannot be read: {_reason(error)}.") from None
        return values


def _opened(file: str) -> Any:
    from fsspec.core import url_to_fs
    from pyarrow.parquet import ParquetFile

    try:
        system, path = url_to_fs(file)
        return ParquetFile(system.open(path), pre_buffer=False)  # or every file keeps what was read of it
    except Exception as error:  # of pyarrow, of file systems and of HTTP
        raise UserError(f"{file} cannot be read as a Parquet file: {_reason(error)}.") from None


def _reason(error: Exception) -> str:
    """The first line of an error's message."""
    return str(error).strip().partition("\n")[0][:200].rstrip(".") or type(error).__name__


def _footer_hash(file: Any) -> str:
    """A hash of the description of all row groups: their sizes, places and smallest and largest values."""
    content = BytesIO()
    file.metadata.write_metadata_file(content)
    return blake2b(content.getvalue(), digest_size=16).hexdigest()
