"""Atomic file writing: a file is complete or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gannet.errors import UserError


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
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}-{os.urandom(4).hex()}")
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


def sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
