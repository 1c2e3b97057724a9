"""A cache of decoded images: uint8 tables in the user's cache folder, opened later as memory maps."""

from __future__ import annotations

import json
import os
import sys
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from hashlib import file_digest
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import numpy as np
from numpy.lib.format import open_memmap

from gannet.data.base import Progress
from gannet.data.cache_folder import cache_folder, note_of, trim
from gannet.data.decode import VERSION, Header, Reading
from gannet.data.digest import digest
from gannet.data.fitting import Fit, Frame, enlargement, fitted, is_cropped
from gannet.data.levels import white_of
from gannet.data.stored_rows import SMALL_BYTES, give_back
from gannet.data.undecoded_images import ImageArray, UndecodedImages, for_every, refuse_bad, refuse_many
from gannet.errors import UserError
from gannet.files import to_disk

DEFAULT_SIZE_PIXELS = 64
LARGEST_NATIVE_PIXELS = 256
"""Above this side, images of one common size are taken for photographs and reduced, unless the user sets a size."""
DEFAULT_WHITE = Reading().deep_white
NUM_BETWEEN = 1000
"""Decoded images between two releases of memory."""
DEBRIS_SECONDS = 24 * 3600
"""A temporary file older than this was left by a killed process."""


@dataclass(frozen=True)
class Choice:
    """How the user wants images to be decoded; None leaves the decision to the data."""

    size: tuple[int, int] | None = None
    """Width and height."""
    channels: int | None = None
    """1, 3, or 4 for colour and opacity; None for 1 if all images are stored in grey, else 3."""
    fit: Fit = "crop"
    crop: tuple[int, int] | None = None
    white: float | None = None
    skip_bad: bool = False


class Decoded(NamedTuple):
    """A table of images."""

    pixels: np.ndarray
    """uint8 (N, C, H, W)."""
    num_cropped: int = 0
    """How many images lost edges to a centre crop to the aspect ratio."""
    num_enlarged: int = 0
    """How many images were enlarged."""
    largest_factor: float = 1.0
    """The largest factor of enlargement."""
    white: float = DEFAULT_WHITE
    """The white level of images of more than 8 bits."""
    bad: tuple[tuple[int, str], ...] = ()
    """Rows without an image, and why."""
    num_several: int = 0
    """How many files hold several images, such as frames or pages."""


def decoded(images: UndecodedImages, choice: Choice, progress: Progress) -> Decoded:
    """All images as one table of one size.

    The size is that of ``choice``, else the size that all images share if it is at most 256, else 64. The white level
    of images of more than 8 bits is found from the largest level of them all.

    Raises:
        UserError: some images cannot be used; nothing is left in the cache.
    """
    if isinstance(images, ImageArray) and _is_native(images.pixels, choice):
        return Decoded(np.ascontiguousarray(images.pixels.transpose(0, 3, 1, 2)))
    path = cache_folder() / "pictures" / f"{digest(images.content_hash, asdict(choice), VERSION)}.npy"
    table = _load(path)
    if table is not None and len(table.pixels) == len(images):
        return table
    reading, frame, several = frame_of(images, choice, progress)
    whole = _decode_into(path, images, reading, frame, choice.skip_bad, several, progress)
    trim(keep=path)
    return whole


def _decode_into(
    path: Path,
    images: UndecodedImages,
    reading: Reading,
    frame: Frame,
    skip_bad: bool,
    num_several: int,
    progress: Progress,
) -> Decoded:
    """Decode and store at ``path``; keep the table in memory if the disk refuses it, because the cache is optional."""
    shape = (len(images), frame.channels, frame.height, frame.width)
    temporary = path.with_name(f"{path.stem}.tmp-{os.getpid()}-{uuid4().hex[:8]}")
    try:
        mapped = _new_table(temporary, shape)
        out = np.zeros(shape, dtype=np.uint8) if mapped is None else mapped
        whole = _fill(out, images, reading, frame, skip_bad, progress)._replace(num_several=num_several)
        return _published(whole, temporary, path) if isinstance(out, np.memmap) else whole
    finally:
        for debris in (temporary, note_of(temporary)):
            with suppress(OSError):
                debris.unlink(missing_ok=True)


def _is_native(pixels: np.ndarray, choice: Choice) -> bool:
    height, width = pixels.shape[1:3]
    fits = max(height, width) <= LARGEST_NATIVE_PIXELS if choice.size is None else (width, height) == choice.size
    return fits and choice.crop is None and (choice.channels or min(pixels.shape[3], 3)) == pixels.shape[3]


def frame_of(images: UndecodedImages, choice: Choice, progress: Progress) -> tuple[Reading, Frame, int]:
    """How all images are read and fitted, and how many files hold several, from their headers."""
    headers, problems = for_every(len(images), images.header, "reading image sizes", progress)
    if problems and not choice.skip_bad:
        # An intact header may precede damaged pixels, and one error should name all bad images.
        _, problems = for_every(len(images), lambda row: images.image(row).size, "checking images", progress)
        refuse_bad(images, problems)
    refuse_many(images, problems)
    bad = {row for row, _ in problems}
    rows = [row for row in range(len(images)) if row not in bad]
    deep = [row for row, header in zip(rows, headers, strict=True) if header.deep]
    deep_white = DEFAULT_WHITE if choice.white else _deep_white(images, deep, progress)
    size = choice.size or common_size(headers, choice.crop)
    channels = choice.channels or (1 if all(h.grey for h in headers) else 3)
    reading, frame = Reading(channels == 4, choice.white, deep_white), Frame(*size, channels, choice.fit, choice.crop)
    return reading, frame, sum(header.several for header in headers)


def common_size(headers: list[Header], crop: tuple[int, int] | None) -> tuple[int, int]:
    """(width, height) of all images, if they share them and they are not large; else a square."""
    limit = crop or (sys.maxsize, sys.maxsize)
    sizes = {(min(h.width, limit[0]), min(h.height, limit[1])) for h in headers}
    if len(sizes) == 1 and max(next(iter(sizes))) <= LARGEST_NATIVE_PIXELS:
        return next(iter(sizes))
    return DEFAULT_SIZE_PIXELS, DEFAULT_SIZE_PIXELS


def _deep_white(images: UndecodedImages, deep: list[int], progress: Progress) -> float:
    """The white level of images of more than 8 bits, from the largest level of them all."""
    if not deep:
        return DEFAULT_WHITE

    def largest(index: int) -> float:
        return images.largest_level(deep[index])

    found, _ = for_every(len(deep), largest, "finding the white level", progress)  # bad images are reported later
    white = white_of(max(found, default=0.0))
    if white is None:
        raise UserError(
            f"{images.origin}: the largest level of images of more than 8 bits is {max(found):,g}, and their white "
            f"level is unknown. Set data.white=LEVEL, such as data.white={max(found):g}."
        )
    return white


def _fill(
    out: np.ndarray, images: UndecodedImages, reading: Reading, frame: Frame, skip_bad: bool, progress: Progress
) -> Decoded:
    """Fill ``out`` and count how many images were cropped or enlarged."""

    def one(row: int) -> tuple[bool, float]:
        image = images.image(row, reading)
        out[row] = fitted(image, frame).transpose(2, 0, 1)
        if row % NUM_BETWEEN == 0:
            give_back(out)
        return is_cropped(image.size, frame), enlargement(image.size, frame)

    found, problems = for_every(len(images), one, "decoding images", progress)
    (refuse_many if skip_bad else refuse_bad)(images, problems)
    factors = [factor for _, factor in found if factor > 1]
    return Decoded(
        out,
        sum(is_cut for is_cut, _ in found),
        len(factors),
        max(factors, default=1.0),
        reading.deep_white,
        tuple(problems),
    )


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
    counts = {name: value for name, value in whole._asdict().items() if name != "pixels"}
    note = {
        "shape": out.shape,
        "dtype": "uint8",
        "bytes": temporary.stat().st_size,
        "sha256": _hash(temporary),
        "decoded": counts,
    }
    try:
        out.flush()
        to_disk(temporary)
        note_of(temporary).write_text(json.dumps(note), encoding="utf-8")
        to_disk(note_of(temporary))
        os.replace(note_of(temporary), note_of(path))
        os.replace(temporary, path)
    except OSError:
        return whole._replace(pixels=np.array(out))
    return _load(path) or whole._replace(pixels=np.array(out))


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()


def _load(path: Path) -> Decoded | None:
    """The table, or None if it is absent or differs from what was written."""
    try:
        note = json.loads(note_of(path).read_text(encoding="utf-8"))
        if _hash(path) != note["sha256"]:  # reads all of it: a flipped bit would train another run
            return None
        # Copy-on-write: torch warns about memory it may not write to, and a stray write must never reach the disk.
        # A small table is read, because a map ends the process with SIGBUS if the file is cut short.
        is_small = path.stat().st_size <= SMALL_BYTES
        table = np.load(path, mmap_mode=None if is_small else "c", allow_pickle=False)
        whole = Decoded(table, **note["decoded"])
        whole = whole._replace(bad=tuple((int(row), str(problem)) for row, problem in whole.bad))
        os.utime(path)  # trimming removes what was not used for longest
    except (OSError, ValueError, KeyError, TypeError):
        return None
    as_written = list(table.shape) == note["shape"] and table.dtype == np.uint8
    return whole if as_written else None


def _sweep(folder: Path) -> None:
    for debris in folder.glob("*.tmp-*"):
        with suppress(OSError):
            if time.time() - debris.stat().st_mtime > DEBRIS_SECONDS:
                debris.unlink()
