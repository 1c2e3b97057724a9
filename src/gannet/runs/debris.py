"""Temporary files that a process left behind when it was killed."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from gannet.runs.schema import CHECKPOINTS_FOLDER

TEMPORARY = re.compile(r"\..+\.tmp-(\d+)(-[0-9a-f]{8})?")
"""Names that Gannet gives to what it has not finished writing: ``.NAME.tmp-PID`` and ``.NAME.tmp-PID-RANDOM``."""
YOUNGEST_SECONDS = 3600.0
"""Younger ones stay: a process of another machine may be writing them to a shared disk."""


def find_debris(root: Path) -> Iterator[Path]:
    """Temporary files and folders below ``root`` that are an hour old and whose process no longer exists on this
    machine.
    """
    for folder, folders, files in os.walk(root):
        yield from filter(_is_debris, (Path(folder, name) for name in (*folders, *files)))
        folders[:] = [name for name in folders if not TEMPORARY.fullmatch(name)]


def sweep(run: Path) -> None:
    """Remove what dead processes left in a run directory, and next to it when they tried to make it."""
    unfinished = (
        path for path in run.parent.iterdir() if path.name.startswith(f".{run.name}.tmp-") and _is_debris(path)
    )
    with suppress(OSError):
        for path in [*find_debris(run), *unfinished]:
            remove(path)


def remove(path: Path) -> None:
    """Remove a temporary file or folder."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files in a folder."""
    if not path.is_dir() or path.is_symlink():
        return path.lstat().st_size
    return sum(Path(folder, name).lstat().st_size for folder, _, files in os.walk(path) for name in files)


def _is_debris(path: Path) -> bool:
    found = TEMPORARY.fullmatch(path.name)
    if found is None or _exists(int(found[1])) or _age(path) <= YOUNGEST_SECONDS:
        return False
    return not _holds_checkpoints(path)


def _holds_checkpoints(path: Path) -> bool:
    """Whether a run that trained is in a folder, which then has its name from a person."""
    return any(
        Path(folder).parent.name == CHECKPOINTS_FOLDER and Path(folder).name.startswith("step-") and files
        for folder, _, files in os.walk(path)
    )


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _age(path: Path) -> float:
    """Seconds since the newest change of a file, or of anything in a folder."""
    newest = path.lstat().st_mtime
    for folder, _, files in os.walk(path):
        newest = max(
            newest, Path(folder).lstat().st_mtime, *(Path(folder, name).lstat().st_mtime for name in files), newest
        )
    return time.time() - newest
