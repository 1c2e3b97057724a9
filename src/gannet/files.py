"""Atomic file writing: a file is complete or absent."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gannet.errors import UserError


@contextmanager
def written_whole(path: Path, *, sync: bool = False) -> Iterator[BinaryIO]:
    """Open a temporary file for writing; it gets its final name if the block succeeds, else it is deleted.

    Args:
        path: the final name; an existing file is replaced.
        sync: wait until the bytes are on the disk.

    Raises:
        UserError: the file cannot be written.
    """
    temporary = path.with_name(f".{path.name}.tmp-{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            if sync:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        raise UserError(f"Cannot write {path}: {error.strerror or error}. Choose another path, or free some space.") from None
    finally:
        with suppress(OSError):  # on a read-only file system, deleting fails too
            temporary.unlink(missing_ok=True)
