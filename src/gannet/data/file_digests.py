"""Digests of the files of a folder, remembered for files that did not change."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Sequence
from hashlib import blake2b
from pathlib import Path

from gannet.data.base import Progress
from gannet.data.cache_folder import cache_folder
from gannet.data.decode import BadImage
from gannet.data.digest import digest
from gannet.data.undecoded_images import for_every
from gannet.errors import UserError
from gannet.files import written_whole

FRESH_SECONDS = 0.1
"""A file that was just written can change again without another time stamp, so it is not remembered."""
UNREADABLE = "unreadable"
"""The digest of a file that cannot be read, which is reported later together with the other bad images."""
Facts = list[int]
"""Size, times of the last changes of content and inode in nanoseconds, and inode number."""


def file_digests(folder: Path, names: Sequence[str], read: Callable[[str], bytes], progress: Progress) -> list[str]:
    """The digest of each file; a file whose size, times and inode are those of the last opening is not read."""
    place = cache_folder() / "manifests" / f"{digest(os.fsdecode(folder.resolve()))}.json"
    known = _load(place)
    now = time.time_ns()
    root = os.path.join(os.fspath(folder), "")
    facts = [_facts(root + name) for name in names]  # a path object per file would take longer than the file system
    digests = [_remembered(known.get(name), fact) for name, fact in zip(names, facts, strict=True)]
    unknown = [row for row, value in enumerate(digests) if value is None]

    def one(index: int) -> str:
        try:
            return blake2b(read(names[unknown[index]]), digest_size=16).hexdigest()
        except (BadImage, OSError):
            return UNREADABLE

    if unknown:
        found, _ = for_every(len(unknown), one, "reading files", progress)
        for row, value in zip(unknown, found, strict=True):
            digests[row] = value
        _save(place, names, facts, digests, now)
    return [value or UNREADABLE for value in digests]


def _facts(path: str) -> Facts | None:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


def _remembered(entry: object, facts: Facts | None) -> str | None:
    if isinstance(entry, list) and len(entry) == 2 and facts is not None and entry[0] == facts:
        return entry[1] if isinstance(entry[1], str) else None
    return None


def _load(place: Path) -> dict[str, object]:
    try:
        known = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def _save(
    place: Path, names: Sequence[str], facts: Sequence[Facts | None], digests: Sequence[str | None], now: int
) -> None:
    """Remember the digests, unless the disk refuses: the cache is optional."""
    kept = {
        name: [fact, value]
        for name, fact, value in zip(names, facts, digests, strict=True)
        if fact is not None and value != UNREADABLE and now - max(fact[1], fact[2]) > FRESH_SECONDS * 1e9
    }
    if not kept:
        return
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(place) as file:
            file.write(json.dumps(kept).encode())
    except (OSError, UserError):
        return
