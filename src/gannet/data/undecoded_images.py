"""Images before they are decoded to one size: files or arrays, read in parallel."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from PIL import Image

from gannet.data.base import Progress
from gannet.data.decode import UNCHANGED, BadImage, Header, Reading, header, largest_level, opaque, upright
from gannet.errors import UserError, in_shell

T = TypeVar("T")
NUM_NAMED = 5
LARGEST_SHARE_SKIPPED = 0.01
"""With ``data.on_bad=skip``, one bad image or this share of them may be left out."""
NUM_AT_ONCE = 64
"""Images per thread task; the overhead of a task is then below 1 %."""


@dataclass(frozen=True)
class Classes:
    """The class of every image."""

    labels: np.ndarray
    """(N,) int64."""
    names: tuple[str, ...]


class UndecodedImages(ABC):
    """A sequence of images that can be read in any order and from several threads."""

    origin: str
    """Path or name, for error messages."""
    content_hash: str
    classes: Classes | None
    captions: Sequence[str] | None
    """One per image, if any."""
    splits: Sequence[str] | None
    """The split of every image, such as ``train``; None if the images have no splits."""
    notes: tuple[str, ...]
    """Sentences for the user, such as files that are left out."""

    @abstractmethod
    def __len__(self) -> int: ...

    @abstractmethod
    def name(self, row: int) -> str:
        """The image's name in error messages."""

    @abstractmethod
    def header(self, row: int) -> Header:
        """Size and colour; raises :class:`BadImage`."""

    @abstractmethod
    def image(self, row: int, reading: Reading = UNCHANGED) -> Image.Image:
        """Upright, mode L or RGB, or RGBA if ``reading`` keeps the opacity; raises :class:`BadImage`."""

    @abstractmethod
    def largest_level(self, row: int) -> float:
        """Largest level of an image of more than 8 bits; raises :class:`BadImage`."""

    def forget(self) -> None:
        """Free memory that only decoding needs."""
        return

    @abstractmethod
    def digest(self, row: int) -> str:
        """Hexadecimal digest of one image's content; raises :class:`BadImage`."""


@dataclass(frozen=True)
class ImageFiles(UndecodedImages):
    """Encoded images: ``read(row)`` gives the bytes of one file."""

    origin: str
    content_hash: str
    classes: Classes | None
    names: Sequence[str]
    read: Callable[[int], bytes]
    captions: Sequence[str] | None = None
    splits: Sequence[str] | None = None
    notes: tuple[str, ...] = ()
    digests: Sequence[str] | None = None
    """Of the bytes of every file, if known."""
    free: Callable[[], None] = lambda: None
    """Called after decoding."""
    head: Callable[[int], Header] | None = None
    """Gives the header of a file, if it is known without reading the file again."""

    def __len__(self) -> int:
        return len(self.names)

    def forget(self) -> None:
        """Free the files that are kept in memory."""
        self.free()

    def name(self, row: int) -> str:
        """The file's name."""
        return self.names[row]

    def header(self, row: int) -> Header:
        """Size and colour from the first bytes of the file."""
        return header(self.read(row)) if self.head is None else self.head(row)

    def image(self, row: int, reading: Reading = UNCHANGED) -> Image.Image:
        """The decoded file."""
        return upright(self.read(row), reading)

    def largest_level(self, row: int) -> float:
        """From the decoded file."""
        return largest_level(self.read(row))

    def digest(self, row: int) -> str:
        """Of the bytes of the file."""
        return self.digests[row] if self.digests else blake2b(self.read(row), digest_size=16).hexdigest()


@dataclass(frozen=True)
class ImageArray(UndecodedImages):
    """Images given as pixels: uint8 (N, H, W, C) with C = 1, 3, or 4 for colour and opacity."""

    origin: str
    content_hash: str
    classes: Classes | None
    pixels: np.ndarray
    captions: Sequence[str] | None = None
    splits: Sequence[str] | None = None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.pixels)

    def name(self, row: int) -> str:
        """The row number."""
        return f"row {row}"

    def header(self, row: int) -> Header:
        """The same for every row."""
        return Header(self.pixels.shape[2], self.pixels.shape[1], self.pixels.shape[3] == 1)

    def image(self, row: int, reading: Reading = UNCHANGED) -> Image.Image:
        """One row."""
        pixels = np.ascontiguousarray(self.pixels[row])
        image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        return image if reading.alpha else opaque(image)

    def largest_level(self, row: int) -> float:
        """Arrays are read as bytes."""
        return 255.0

    def digest(self, row: int) -> str:
        """Of the pixels."""
        return blake2b(np.ascontiguousarray(self.pixels[row]).data, digest_size=16).hexdigest()


def for_every(
    count: int, work: Callable[[int], T], what: str, progress: Progress
) -> tuple[list[T], list[tuple[int, str]]]:
    """Apply ``work(row)`` to all rows in parallel: results in row order, and (row, problem) of every bad image."""

    def some(rows: range) -> list[tuple[int, T | BadImage]]:
        return [(row, _or_problem(work, row)) for row in rows]

    results, problems = [], []
    progress(what, 0, count)
    for part in _in_threads(some, [range(i, min(i + NUM_AT_ONCE, count)) for i in range(0, count, NUM_AT_ONCE)]):
        results += [result for _, result in part if not isinstance(result, BadImage)]
        problems += [(row, str(result)) for row, result in part if isinstance(result, BadImage)]
        progress(what, part[-1][0] + 1, count)
    return results, problems


def refuse_bad(images: UndecodedImages, problems: list[tuple[int, str]]) -> None:
    """Raise a :class:`UserError` that names the first bad images, if any."""
    if not problems:
        return
    leave_out = ", or set data.on_bad=skip to leave them out" if _are_few(images, problems) else ""
    raise UserError(
        f"{images.origin}: {len(problems)} of {len(images)} images cannot be used ({named(images, problems)}). "
        f"Remove or repair them{leave_out}; `{in_shell('gannet', 'data', 'check', images.origin)}` lists all of them."
    )


def _are_few(images: UndecodedImages, problems: list[tuple[int, str]]) -> bool:
    return len(problems) <= max(1, round(LARGEST_SHARE_SKIPPED * len(images)))


def refuse_many(images: UndecodedImages, problems: list[tuple[int, str]]) -> None:
    """Raise a :class:`UserError` if more than one image and more than 1 % are bad."""
    if _are_few(images, problems):
        return
    raise UserError(
        f"{images.origin}: {len(problems)} of {len(images)} images cannot be used ({named(images, problems)}). "
        f"data.on_bad=skip leaves out at most {LARGEST_SHARE_SKIPPED:.0%}; remove or repair them."
    )


def named(images: UndecodedImages, problems: list[tuple[int, str]]) -> str:
    """The first bad images, each with its problem."""
    first = "; ".join(f"{images.name(row)}: {problem}" for row, problem in problems[:NUM_NAMED])
    return first + (f"; and {len(problems) - NUM_NAMED} more" if len(problems) > NUM_NAMED else "")


def _or_problem(work: Callable[[int], T], row: int) -> T | BadImage:
    try:
        return work(row)
    except BadImage as problem:
        return problem
    except OSError as error:
        return BadImage(f"cannot be read ({error.strerror or error})")


def _in_threads(work: Callable[[range], T], parts: list[range]) -> Iterator[T]:
    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        yield from pool.map(work, parts)
    finally:
        pool.shutdown(cancel_futures=True)
