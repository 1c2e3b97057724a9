"""A cache of decoded images: uint8 tables in the user's cache folder, opened later as memory maps."""

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
from gannet.data.undecoded_images import ImageArray, UndecodedImages, for_every, refuse_bad
from gannet.files import sync

DEFAULT_SIZE_PIXELS = 64
LARGEST_NATIVE_PIXELS = 256
"""Above this side, images of one common size are taken for photographs and reduced, unless the user sets a size."""
DEBRIS_SECONDS = 24 * 3600
"""A temporary file older than this was left by a killed process."""


@dataclass(frozen=True)
class TableForm:
    """Size and channels that all images of a table share."""

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


def decoded(images: UndecodedImages, size: int | None, channels: int | None, progress: Progress) -> Decoded:
    """All images as one table of one size.

    Args:
        images: what to decode.
        size: side in pixels; None for the size that all images share if it is at most 256, else 64.
        channels: 1 or 3; None for 1 if all images are stored in grey, else 3.
        progress: called as images are read.

    Raises:
        UserError: some images cannot be used; nothing is left in the cache.
    """
    if isinstance(images, ImageArray) and _is_native(images.pixels, size, channels):
        return Decoded(np.ascontiguousarray(images.pixels.transpose(0, 3, 1, 2)), 0)
    path = cache_folder() / "pictures" / f"{digest(images.content_hash, size, channels, VERSION)}.npy"
    table = _load(path)
    if table is not None and len(table.pixels) == len(images):
        return table
    form = _form(images, size, channels, progress)
    return _decode_into(path, images, form, progress)


def _decode_into(path: Path, images: UndecodedImages, form: TableForm, progress: Progress) -> Decoded:
    """Decode and store at ``path``; keep the table in memory if the disk refuses it, because the cache is optional."""
    shape = (len(images), form.channels, form.height, form.width)
    temporary = path.with_name(f"{path.stem}.tmp-{os.getpid()}")
    try:
        mapped = _new_table(temporary, shape)
        out = np.empty(shape, dtype=np.uint8) if mapped is None else mapped
        whole = Decoded(out, _fill(out, images, form, progress))
        return _published(whole, temporary, path) if isinstance(out, np.memmap) else whole
    finally:
        for debris in (temporary, _note_of(temporary)):
            with suppress(OSError):
                debris.unlink(missing_ok=True)


def _is_native(pixels: np.ndarray, size: int | None, channels: int | None) -> bool:
    height, width = pixels.shape[1:3]
    fits = max(height, width) <= LARGEST_NATIVE_PIXELS if size is None else height == width == size
    return fits and channels in (None, pixels.shape[3])


def _form(images: UndecodedImages, size: int | None, channels: int | None, progress: Progress) -> TableForm:
    if size is not None and channels is not None:
        return TableForm(size, size, channels)
    headers, problems = for_every(len(images), images.header, "reading image sizes", progress)
    if problems:  # an intact header may precede damaged pixels, and one error should name all bad images
        _, problems = for_every(len(images), lambda row: images.image(row).size, "checking images", progress)
    refuse_bad(images, problems)
    sizes = {(h.width, h.height) for h in headers}
    if size is None and len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_NATIVE_PIXELS:
        width, height = next(iter(sizes))
    else:
        width = height = size or DEFAULT_SIZE_PIXELS
    return TableForm(width, height, channels or (1 if all(h.grey for h in headers) else 3))


def _fill(out: np.ndarray, images: UndecodedImages, form: TableForm, progress: Progress) -> int:
    """Fill ``out`` and return how many images were cropped."""

    def one(row: int) -> bool:
        image = images.image(row)
        out[row] = fitted(image, form.width, form.height, form.channels).transpose(2, 0, 1)
        return is_cropped(image.size, form.width, form.height)

    cropped, problems = for_every(len(images), one, "decoding images", progress)
    refuse_bad(images, problems)
    return sum(cropped)


def _new_table(temporary: Path, shape: tuple[int, ...]) -> np.memmap | None:
    """A writable map of a new file, or None without permission, disk or space."""
    try:
        temporary.parent.mkdir(parents=True, exist_ok=True)
        _sweep(temporary.parent)
        table = open_memmap(temporary, mode="w+", dtype=np.uint8, shape=shape)
        if hasattr(os, "posix_fallocate"):
            # Reserve the space now: with a sparse file, a full disk is a bus error in the middle of a write.
            with temporary.open("r+b") as file:
                os.posix_fallocate(file.fileno(), 0, temporary.stat().st_size)
    except OSError:
        return None
    return table


def _published(whole: Decoded, temporary: Path, path: Path) -> Decoded:
    """Give the finished file its name, write its checksum note next to it, and open it."""
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
    """The table, or None if it is absent or differs from what was written."""
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
