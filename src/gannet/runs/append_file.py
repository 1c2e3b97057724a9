"""Files of JSON lines that are only ever added to, or rewritten whole."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

from pydantic import JsonValue

from gannet.files import whole_file
from gannet.runs.reader import AnyRecord, lines_of


class AppendFile:
    """A file of JSON lines: one ``os.write`` a line, so that lines are whole or last."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._open()

    def _open(self) -> None:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        size = os.fstat(self._descriptor).st_size
        self._torn = size > 0 and os.pread(self._descriptor, 1, size - 1) != b"\n"

    @property
    def is_deleted(self) -> bool:
        """Whether nobody can read what is written, because the name of the file is gone."""
        return os.fstat(self._descriptor).st_nlink == 0

    def begin_again(self, path: Path) -> None:
        """Continue in another file."""
        self.close()
        self._path = path
        self._open()

    def append(self, record: dict[str, JsonValue]) -> None:
        """Add one line; OSError where it does not fit whole."""
        text = json.dumps(record, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
        line = text.encode(errors="backslashreplace") + b"\n"  # lone surrogates of names that are not UTF-8
        if self._torn:
            line = b"\n" + line  # the torn line ends here and spoils itself only
        written = os.write(self._descriptor, line)
        if written < len(line):
            self._torn = True
            raise OSError(28, os.strerror(28))
        self._torn = False

    def sync(self) -> None:
        """Wait until every line is on the disk."""
        os.fsync(self._descriptor)

    def keep(self, model: type[AnyRecord], wanted: Callable[[AnyRecord], bool]) -> None:
        """Rewrite the file atomically with the wanted whole records only, each line as it was written."""
        kept = [line for line, record in lines_of(self._path, model) if wanted(record)]
        with whole_file(self._path, sync=True) as file:
            file.write(b"".join(line + b"\n" for line in kept))
        self.close()
        self._open()  # the old descriptor points at the file that was replaced

    def close(self) -> None:
        """Harmless when called twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
