"""Pictures decoded once: a uint8 table in the user's cache folder, opened as a memory map ever after."""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.lib.format import open_memmap

from gannet.data.base import Progress
from gannet.data.decode import VERSION, fitted, is_cropped
from gannet.data.digest import digest
from gannet.data.pictures import ArrayPictures, Pictures, for_every, refuse_bad
from gannet.files import sync

DEFAULT_SIZE_PIXELS = 64
LARGEST_NATIVE_PIXELS = 256
"""Pictures of one size above this are photographs, which nobody wants to train on unreduced by accident."""
DEBRIS_SECONDS = 24 * 3600
"""A temporary file this old belongs to a process that was killed."""


@dataclass(frozen=True)
class TableForm:
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


class Decoded(NamedTuple):
    """A table of images."""

    pixels: np.ndarray
    """uint8 (N, C, H, W)."""
    num_cropped: int | None
    """How many images lost edges to a centre crop; None if the table is older than this count."""


def decoded(pictures: Pictures, size: int | None, channels: int | None, progress: Progress) -> Decoded:
    """All pictures as one table of one size.

    Args:
        pictures: what to decode.
        size: side in pixels; None for the pictures' own size where they share one of at most 256, else 64.
        channels: 1 or 3; None for 1 where all are stored grey, else 3.
        progress: called as pictures are read.

    Raises:
        UserError: some pictures cannot be used; nothing is left in the cache.
    """
    if isinstance(pictures, ArrayPictures) and _is_native(pictures.pixels, size, channels):
        return Decoded(np.ascontiguousarray(pictures.pixels.transpose(0, 3, 1, 2)), 0)
    path = cache_folder() / "pictures" / f"{digest(pictures.content_hash, size, channels, VERSION)}.npy"
    table = _load(path)
    if table is not None and len(table.pixels) == len(pictures):
        return table
    form = _form(pictures, size, channels, progress)
    return _decode_into(path, pictures, form, progress)


def _decode_into(path: Path, pictures: Pictures, form: TableForm, progress: Progress) -> Decoded:
    """Decode and publish at ``path``; in memory where the disk does not take it, for the cache is only a convenience."""
    shape = (len(pictures), form.channels, form.height, form.width)
    temporary = path.with_name(f"{path.stem}.tmp-{os.getpid()}")
    try:
        mapped = _new_table(temporary, shape)
        out = np.empty(shape, dtype=np.uint8) if mapped is None else mapped
        whole = Decoded(out, _fill(out, pictures, form, progress))
        return _published(whole, temporary, path) if isinstance(out, np.memmap) else whole
    finally:
        for debris in (temporary, _note_of(temporary)):
            with suppress(OSError):
                debris.unlink(missing_ok=True)


def _is_native(pixels: np.ndarray, size: int | None, channels: int | None) -> bool:
    height, width = pixels.shape[1:3]
    fits = max(height, width) <= LARGEST_NATIVE_PIXELS if size is None else height == width == size
    return fits and channels in (None, pixels.shape[3])


def _form(pictures: Pictures, size: int | None, channels: int | None, progress: Progress) -> TableForm:
    if size is not None and channels is not None:
        return TableForm(size, size, channels)
    headers, problems = for_every(len(pictures), pictures.header, "reading picture sizes", progress)
    if problems:  # a header can be sound above damaged pixels, and all bad pictures should be named at once
        _, problems = for_every(len(pictures), lambda row: pictures.picture(row).size, "checking pictures", progress)
    refuse_bad(pictures, problems)
    sizes = {(h.width, h.height) for h in headers}
    if size is None and len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_NATIVE_PIXELS:
        width, height = next(iter(sizes))
    else:
        width = height = size or DEFAULT_SIZE_PIXELS
    return TableForm(width, height, channels or (1 if all(h.grey for h in headers) else 3))


def _fill(out: np.ndarray, pictures: Pictures, form: TableForm, progress: Progress) -> int:
    """Fill ``out``; returns how many pictures were cropped."""

    def one(row: int) -> bool:
        picture = pictures.picture(row)
        out[row] = fitted(picture, form.width, form.height, form.channels).transpose(2, 0, 1)
        return is_cropped(picture.size, form.width, form.height)

    cropped, problems = for_every(len(pictures), one, "decoding pictures", progress)
    refuse_bad(pictures, problems)
    return sum(cropped)


def _new_table(temporary: Path, shape: tuple[int, ...]) -> np.memmap | None:
    """A writable map of a new file, or None where there is no permission, no such disk or no space."""
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        _sweep(temporary.parent)
        table = open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        if hasattr(os, "posix_fallocate"):
            # Without this a full disk shows itself as a bus error in the middle of a write.
            with temporary.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
    except OSError:
        return None
    return table


def _published(whole: Decoded, temporary: Path, path: Path) -> Decoded:
    """Give the finished file its name, with a note of what it must be beside it, and open it."""
    out = whole.pixels
    assert isinstance(out, np.memmap)
    note = {"shape": out.shape, "dtype": "uint8", "bytes": temporary.stat().st_size, "cropped": whole.num_cropped}
    try:
        out.flush()
        sync(temporary)
        _note_of(temporary).write_text(json.dumps(note), encoding="utf-8")
        sync(_note_of(temporary))
        os.replace(_note_of(temporary), _note_of(path))
        os.replace(temporary, path)
    except OSError:
        return whole._replace(pixels=np.array(out))
    return _load(path) or whole._replace(pixels=np.array(out))


def _note_of(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".npy") + ".json")


def _load(path: Path) -> Decoded | None:
    """The table, or None where there is none or it is not what was written."""
    try:
        note = json.loads(_note_of(path).read_text(encoding="utf-8"))
        if path.stat().st_size != note["bytes"]:
            return None
        # Copy-on-write: torch warns about memory it may not write to, and a stray write must never reach the disk.
        table = np.load(path, mmap_mode="c", allow_pickle=False)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    as_written = list(table.shape) == note["shape"] and table.dtype == np.uint8
    return Decoded(table, note.get("cropped")) if as_written else None


def _sweep(folder: Path) -> None:
    for debris in folder.glob("*.tmp-*"):
        with suppress(OSError):
            if time.time() - debris.stat().st_mtime > DEBRIS_SECONDS:
                debris.unlink()
