"""Paths as people read them."""

from __future__ import annotations

from pathlib import Path


def from_here(path: Path | None) -> Path | None:
    """An absolute path below the working directory relative to it; any other path unchanged."""
    if path is None or not path.is_absolute() or not path.is_relative_to(Path.cwd()):
        return path
    return path.relative_to(Path.cwd())
