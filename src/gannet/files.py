"""Files that are there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gannet.errors import UserError


@contextmanager
def written_whole(path: Path, *, sync: bool = False) -> Iterator[BinaryIO]:
    """A file to write to under a temporary name; it takes its own name when the block ends well, else it vanishes.

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
        raise UserError(f"Cannot write {path}: {error.strerror or error}. Choose another place, or free some space.") from None
    finally:
        with suppress(OSError):  # a file system that takes no writes does not take this one either
            temporary.unlink(missing_ok=True)
