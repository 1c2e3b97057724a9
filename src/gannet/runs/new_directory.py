"""Make a run directory: whole or not at all, also where it is a link, a mount or the working folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from gannet.errors import UserError, in_shell
from gannet.files import whole_file, whole_folder
from gannet.runs.debris import TEMPORARY
from gannet.runs.records import RunRecord
from gannet.runs.schema import CHECKPOINTS_FOLDER, EVENTS_FILE, FRAMES_FOLDER, RECIPE_FILE, RUN_FILE, SCORES_FILE

UNFINISHED = ".run"
"""Name of a new run within a directory that nothing can replace."""


def make_run(path: Path, record: RunRecord, recipe_source: str | None) -> None:
    """Make a run directory that holds a record and no step yet.

    Args:
        path: a directory that does not exist, or is empty.
        record: the content of run.json.
        recipe_source: the content of recipe.py, if any.

    Raises:
        UserError: the directory holds something, or cannot be made.
    """
    inside = path / UNFINISHED if _is_fixed(path) and taken(path) is None else None
    try:
        with whole_folder(inside or path, sync=True, replace=inside is not None) as folder:
            _fill(folder, record, recipe_source)
        if inside is not None:
            _move_up(inside, path)
    except OSError as error:
        raise UserError(taken(path) or f"Cannot make the run directory {path}: {error.strerror}.") from None


def taken(path: Path) -> str | None:
    """One sentence if no run can be made at ``path`` because something is there."""
    if path.is_dir():
        if all(child.name == UNFINISHED or TEMPORARY.fullmatch(child.name) for child in path.iterdir()):
            return None
        advice = (
            f", or resume that run with `{in_shell('gannet', 'resume', path)}`" if (path / RUN_FILE).is_file() else ""
        )
        return f"{path} is not empty. Choose another --out{advice}."
    if path.is_symlink() and not path.exists():
        return (
            f"{path} is a link to {os.readlink(path)}, which does not exist. Make that folder, or choose another --out."
        )
    return f"{path} is a file. Choose another --out." if path.exists() else None


def _is_fixed(path: Path) -> bool:
    """Whether no other directory may take the place of this one: a link, a mount, or the folder that a shell is in."""
    return path.is_dir() and (path.is_symlink() or os.path.ismount(path) or path.samefile(os.curdir))


def write_record(path: Path, record: RunRecord) -> None:
    """Write or replace run.json.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    _write(path / RUN_FILE, _document(record))


def _fill(folder: Path, record: RunRecord, recipe_source: str | None) -> None:
    for name in (FRAMES_FOLDER, CHECKPOINTS_FOLDER):
        (folder / name).mkdir()
    for name in (EVENTS_FILE, SCORES_FILE):
        (folder / name).touch()
    if recipe_source is not None:
        _write(folder / RECIPE_FILE, recipe_source)
    write_record(folder, record)


def _move_up(folder: Path, path: Path) -> None:
    """Move what is in a folder of ``path`` to ``path``: the record last, because it makes the directory a run."""
    for child in sorted(folder.iterdir(), key=lambda child: child.name == RUN_FILE):
        child.rename(path / child.name)
    folder.rmdir()


def _write(path: Path, text: str) -> None:
    with whole_file(path, sync=True) as file:
        # Bytes of names that are not UTF-8, which Python holds as lone surrogates, become escapes of JSON.
        file.write(text.encode(errors="backslashreplace"))


def _document(record: RunRecord) -> str:
    return json.dumps(record.as_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
