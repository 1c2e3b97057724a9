"""The runs below a folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from gannet.runs.reader import USUAL_FOLDER
from gannet.runs.schema import RUN_FILE

DEEPEST = 4
"""Levels below the folder that are searched for runs."""
RUNS_AT_MOST = 500


def find_runs(root: Path) -> Iterator[Path]:
    """The run directories below ``root``, or ``root`` itself if it is one; nearest first, hidden folders and links
    left out.
    """
    found, folders = 0, [(root, 0)]
    while folders and found < RUNS_AT_MOST:
        folder, depth = folders.pop(0)
        if os.path.isfile(folder / RUN_FILE):  # False for a folder that may not be searched
            found += 1
            yield folder
        elif depth < DEEPEST:
            folders += [(child, depth + 1) for child in _folders(folder)]


def run_or_folder(path: Path) -> Path:
    """``path``, or what has this name in ./runs if no such path exists: a run, or a folder of runs."""
    named = USUAL_FOLDER / path
    return named if len(path.parts) == 1 and not path.exists() and named.is_dir() else path


def _folders(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(
                Path(e.path) for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)
            )
    except OSError:
        return []
