"""Pictures decoded once: a uint8 table in the user's cache folder, opened as a memory map ever after."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from gannet.data.base import Progress
from gannet.data.decode import VERSION, fitted
from gannet.data.digest import digest
from gannet.data.pictures import ArrayPictures, Pictures, for_every, refuse_bad

DEFAULT_SIZE_PIXELS = 64
LARGEST_NATIVE_PIXELS = 256
"""Pictures of one size above this are photographs, which nobody wants to train on unreduced by accident."""
DEBRIS_SECONDS = 24 * 3600
"""A temporary file this old belongs to a process that was killed."""


@dataclass(frozen=True)
class Form:
    """The common form of all pictures of a table."""

    width: int
    height: int
    channels: int


def cache_folder() -> Path:
    """$GANNET_CACHE, else $XDG_CACHE_HOME/gannet, else ~/.cache/gannet."""
    if os.environ.get("GANNET_CACHE"):
        return Path(os.environ["GANNET_CACHE"])
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "gannet"


def decoded(pictures: Pictures, size: int | None, channels: int | None, progress: Progress) -> np.ndarray:
    """All pictures as uint8 (N, C, H, W) of one size.

    Args:
        pictures: what to decode.
        size: side in pixels; None for the pictures' own size where they share one of at most 256, else 64.
        channels: 1 or 3; None for 1 where all are stored grey, else 3.
        progress: called as pictures are read.

    Raises:
        UserError: some pictures cannot be used; nothing is left in the cache.
    """
    if isinstance(pictures, ArrayPictures) and _is_native(pictures.pixels, size, channels):
        return np.ascontiguousarray(pictures.pixels.transpose(0, 3, 1, 2))
    path = cache_folder() / "pictures" / f"{digest(pictures.content_hash, size, channels, VERSION)}.npy"
    table = _load(path)
    if table is not None and len(table) == len(pictures):
        return table
    form = _form(pictures, size, channels, progress)
    shape = (len(pictures), form.channels, form.height, form.width)
    temporary = path.with_name(f"{path.stem}.tmp-{os.getpid()}")
    try:
        out = _new_table(temporary, shape)
    except OSError:  # no such disk, no permission, no space: the cache is only a convenience
        temporary.unlink(missing_ok=True) if _can_touch(temporary) else None
        out = np.empty(shape, dtype=np.uint8)
        _fill(out, pictures, form, progress)
        return out
    try:
        _fill(out, pictures, form, progress)
        out.flush()
        del out
        _publish(temporary, path, shape)
    finally:
        temporary.unlink(missing_ok=True)
    published = _load(path)
    assert published is not None, f"the table just written to {path} does not open"
    return published


def _is_native(pixels: np.ndarray, size: int | None, channels: int | None) -> bool:
    height, width = pixels.shape[1:3]
    fits = max(height, width) <= LARGEST_NATIVE_PIXELS if size is None else height == width == size
    return fits and channels in (None, pixels.shape[3])


def _form(pictures: Pictures, size: int | None, channels: int | None, progress: Progress) -> Form:
    if size is not None and channels is not None:
        return Form(size, size, channels)
    headers, problems = for_every(len(pictures), pictures.header, "reading picture sizes", progress)
    refuse_bad(pictures, problems)
    sizes = {(h.width, h.height) for h in headers}
    if size is None and len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_NATIVE_PIXELS:
        width, height = next(iter(sizes))
    else:
        width = height = size or DEFAULT_SIZE_PIXELS
    return Form(width, height, channels or (1 if all(h.grey for h in headers) else 3))


def _fill(out: np.ndarray, pictures: Pictures, form: Form, progress: Progress) -> None:
    def one(row: int) -> None:
        out[row] = fitted(pictures.picture(row), form.width, form.height, form.channels).transpose(2, 0, 1)

    _, problems = for_every(len(pictures), one, "decoding pictures", progress)
    refuse_bad(pictures, problems)


def _new_table(temporary: Path, shape: tuple[int, ...]) -> np.memmap:
    temporary.parent.mkdir(parents=True, exist_ok=True)
    _sweep(temporary.parent)
    table = open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
    if hasattr(os, "posix_fallocate"):
        # Without this a full disk shows itself as a bus error in the middle of a write.
        with temporary.open("r+b") as file:
            os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
    return table


def _publish(temporary: Path, path: Path, shape: tuple[int, ...]) -> None:
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    note = path.with_suffix(".json")
    note_temporary = temporary.with_suffix(temporary.suffix + ".json")
    with note_temporary.open("w", encoding="utf-8") as file:
        json.dump({"shape": shape, "dtype": "uint8", "bytes": temporary.stat().st_size}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(note_temporary, note)
    os.replace(temporary, path)


def _load(path: Path) -> np.ndarray | None:
    """The table, or None where there is none or it is not what was written."""
    try:
        note = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
        if path.stat().st_size != note["bytes"]:
            return None
        # Copy-on-write: torch warns about memory it may not write to, and a stray write must never reach the disk.
        table = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return table if list(table.shape) == note["shape"] and table.dtype == np.uint8 else None


def _sweep(folder: Path) -> None:
    for debris in folder.glob("*.tmp-*"):
        with suppress(OSError):
            if time.time() - debris.stat().st_mtime > DEBRIS_SECONDS:
                debris.unlink()


def _can_touch(path: Path) -> bool:
    return path.parent.is_dir() and os.access(path.parent, os.W_OK)
