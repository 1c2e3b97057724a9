"""Where the cache of decoded images is, what it holds, and how it stays within its limit."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

DEFAULT_LIMIT_GB = 20


def cache_folder() -> Path:
    """$GANNET_CACHE, else $XDG_CACHE_HOME/gannet, else ~/.cache/gannet."""
    if os.environ.get("GANNET_CACHE"):
        return Path(os.environ["GANNET_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gannet"


def note_of(path: Path) -> Path:
    """The file of facts next to a table."""
    return path.with_name(path.name.removesuffix(".npy") + ".json")


@dataclass(frozen=True)
class Contents:
    """What the cache holds."""

    folder: Path
    num_tables: int
    num_bytes: int
    limit_bytes: int
    """The cache is trimmed to it: tables that were not used for longest are removed."""


def contents() -> Contents:
    """Tables of decoded images, their bytes, and the limit: $GANNET_CACHE_GB, by default 20."""
    tables = _tables()
    return Contents(cache_folder(), len(tables), sum(size for _, size, _ in tables), _limit_bytes())


def clear() -> int:
    """Remove all tables and lists of files; the bytes that were freed. Runs do not need them."""
    freed = 0
    for folder in ("pictures", "manifests"):
        for path in (cache_folder() / folder).glob("*"):
            with suppress(OSError):
                size = path.stat().st_size
                path.unlink()
                freed += size
    return freed


def trim(keep: Path) -> None:
    """Remove tables that were not used for longest, other than ``keep``, until the cache is within its limit."""
    tables, limit = sorted(_tables(), key=lambda table: table[2]), _limit_bytes()
    total = sum(size for _, size, _ in tables)
    for path, size, _ in tables:
        if total <= limit:
            return
        if path == keep:
            continue
        for file in (path, note_of(path)):
            with suppress(OSError):  # another process has removed it
                file.unlink(missing_ok=True)
        total -= size


def _limit_bytes() -> int:
    try:
        return int(float(os.environ.get("GANNET_CACHE_GB", "")) * 1e9)
    except (ValueError, OverflowError):
        return DEFAULT_LIMIT_GB * 10**9


def _tables() -> list[tuple[Path, int, float]]:
    """(path, bytes, time of the last use) of every table."""
    found = []
    for path in (cache_folder() / "pictures").glob("*.npy"):
        with suppress(OSError):
            found.append((path, path.stat().st_size, path.stat().st_mtime))
    return found
