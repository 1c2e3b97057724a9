"""Atomic writing: a file or a folder is complete or absent. Bounded reading: of regular files only."""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO

from gannet.errors import UserError

MAX_BYTES = 2**32
"""A larger file is not read into memory."""
MAX_JSON_BYTES = 2**28
"""The same of a JSON document, whose values take several times its size."""


@contextmanager
def whole_file(path: Path, *, sync: bool = False, exclusive: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file for writing; it gets its final name if the block succeeds, else it is deleted.

    Args:
        path: the final name; an existing file is replaced.
        sync: wait until the bytes are on the disk before the file takes its name.
        exclusive: never replace a file, even if two processes write at the same time.

    Raises:
        FileExistsError: ``exclusive``, and the name is taken.
        OSError: the file cannot be written.
    """
    temporary = _temporary(path)
    try:
        with temporary.open("wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        if exclusive:
            os.link(temporary, path)  # unlike a rename it never replaces
        else:
            os.replace(temporary, path)
    finally:
        with suppress(OSError):  # on a read-only file system, deleting fails too
            temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path, *, sync: bool = False, replace: bool = False) -> Iterator[Path]:
    """Make a temporary folder to fill; it gets its final name if the block succeeds, else it is deleted.

    Args:
        path: the final name; folders above it are made.
        sync: wait until every byte is on the disk before the folder takes its name.
        replace: delete what has the name once the new folder is complete.

    Raises:
        OSError: the folder cannot be written, or ``path`` holds something and ``replace`` is false.
    """
    temporary = _temporary(path)
    try:
        temporary.mkdir(parents=True)
        yield temporary
        _let_read(temporary)
        for written in (*temporary.rglob("*"), temporary) if sync else ():
            to_disk(written)
        if replace:
            shutil.rmtree(path, ignore_errors=True)
        os.rename(temporary, path)  # onto an empty folder too; fails when it holds anything
        if sync:
            to_disk(path.parent)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def written_whole(path: Path, *, sync: bool = False) -> Iterator[BinaryIO]:
    """:func:`whole_file` for a file that the user named: an error is a :class:`UserError`.

    Raises:
        UserError: the file cannot be written.
    """
    try:
        with whole_file(path, sync=sync) as file:
            yield file
    except OSError as error:
        raise UserError(
            f"Cannot write {path}: {error.strerror or error}. Choose another path, or free some space."
        ) from None


def open_regular(path: Path) -> BufferedReader:
    """Open a regular file for reading. A named pipe would wait for a writer, and a device may never end.

    Raises:
        OSError: not a regular file, or not readable.
    """
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    mode = os.fstat(descriptor).st_mode
    if stat.S_ISREG(mode):
        return os.fdopen(descriptor, "rb")
    os.close(descriptor)
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    raise OSError(errno.EINVAL, "not a regular file, but a pipe, socket or device", os.fspath(path))


def read_regular(path: Path, at_most: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file.

    Raises:
        OSError: not a regular file, more than ``at_most`` bytes, or not readable.
    """
    with open_regular(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > at_most:
            raise OSError(errno.EFBIG, f"{size:,} bytes, above {at_most:,}", os.fspath(path))
        return file.read()


def read_json(path: Path) -> Any:
    """The content of a JSON document.

    Raises:
        OSError: as :func:`read_regular`.
        ValueError: not JSON in UTF-8.
    """
    try:
        return json.loads(read_regular(path, MAX_JSON_BYTES).decode("utf-8"))
    except RecursionError:
        raise ValueError("lists or objects are nested too deeply") from None


def to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _let_read(folder: Path) -> None:
    """Whoever may read the folder may read its files. Safetensors makes files for their owner alone, so that a
    colleague on the same machine saw a run and could not sample from it.
    """
    allowed = folder.stat().st_mode & 0o666
    for file in folder.rglob("*"):
        if file.is_file():
            file.chmod(allowed)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Hard-link a file that never changes; copy it if the file system cannot link."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def _temporary(path: Path) -> Path:
    """A name that ``gannet clean`` recognises (:mod:`gannet.runs.debris`)."""
    return path.parent / f".{path.name}.tmp-{os.getpid()}-{os.urandom(4).hex()}"
