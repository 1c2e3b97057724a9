"""The common part of all image sources: selection of classes, labels, size and channels."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind, Progress, Source
from gannet.data.cache import decoded
from gannet.data.decode import MIN_SIDE_PIXELS
from gannet.data.digest import digest
from gannet.data.few_labels import rows_with_label
from gannet.data.image_table import ImageTable
from gannet.data.undecoded_images import Classes, UndecodedImages
from gannet.errors import UserError, did_you_mean


@dataclass(frozen=True, kw_only=True)
class ImageSource(Source):
    """Base class of image sources; a subclass implements only :meth:`read`."""

    kind: ClassVar[Kind] = "images"
    classes: str | None = None
    """Keep only these classes: names or label numbers, separated by commas (7, or horse, or 3,8)."""
    size: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Side in pixels after a square centre crop; by default the size that all images share if it is at most 256,
    else 64.
    """
    channels: Annotated[int, Field(ge=1, le=3)] | None = None
    """1 for grey, 3 for colour; by default 1 if all images are grey, else 3."""
    labels: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """How many images keep their label in training, the same number per class; by default all. The others have label
    -1.
    """
    labels_seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """Seed of their selection. It is separate from the run's seed, so that runs of several seeds can share the
    labelled images.
    """

    def __post_init__(self) -> None:
        problems = []
        if self.size is not None and not 8 <= self.size <= 1024:
            problems.append(f"size is {self.size}; allowed are 8 to 1024 pixels.")
        if self.channels not in (None, 1, 3):
            problems.append(f"channels is {self.channels}; allowed are 1 (grey) and 3 (colour).")
        if self.labels is not None and self.labels < 1:
            problems.append(f"labels is {self.labels}; allowed are 1 or more, or none for all.")
        if problems:
            raise UserError(*problems)

    @abstractmethod
    def read(self, progress: Progress) -> UndecodedImages:
        """Find the images, not yet decoded.

        Raises:
            UserError: the images are missing, empty or unreadable.
        """

    def open(self, progress: Progress) -> ImageTable:
        """Decode the images, or take them from the cache, and select the classes."""
        images = self.read(progress)
        if len(images) < 2:
            raise UserError(f"{images.origin}: found {len(images)} images; at least 2 are needed.")
        rows, classes = select(images, self.classes)
        pixels, num_cropped = decoded(images, self.size, self.channels, progress)
        if min(pixels.shape[2:]) < MIN_SIDE_PIXELS:
            raise UserError(
                f"{images.origin}: images have {pixels.shape[3]} x {pixels.shape[2]} pixels; each side needs "
                f"{MIN_SIDE_PIXELS}."
            )
        names = () if classes is None else classes.names
        labelled = self._labelled(images.origin, classes)
        table = ImageTable(
            pixels,
            None if classes is None else classes.labels,
            names,
            content_hash=digest(
                images.content_hash,
                pixels.shape[1:],
                names,
                len(rows),
                *([] if labelled is None else [labelled.tolist()]),
            ),
            rows=rows,
            labelled=labelled,
            captions=None if images.captions is None else [str(images.captions[row]) for row in rows.tolist()],
        )
        if num_cropped:
            height, width = pixels.shape[2:]
            table.notes = (
                f"{images.origin}: {num_cropped} of {len(images)} images lose edges to a centre crop of shape {width} "
                f"x {height}; data.size sets the side of the square.",
            )
        return table

    def _labelled(self, origin: str, classes: Classes | None) -> np.ndarray | None:
        if self.labels is None:
            return None
        if classes is None:
            raise UserError(
                f"{origin}: labels={self.labels} needs images with classes, and these have none; leave data.labels out."
            )
        return rows_with_label(classes.labels, len(classes.names), self.labels, seed=self.labels_seed)


def select(images: UndecodedImages, text: str | None) -> tuple[np.ndarray, Classes | None]:
    """Rows (M,) int64 of the classes named in ``text`` (all if None), and their classes renumbered 0..K-1 in stored
    order.

    Raises:
        UserError: an unknown class, images without classes, or fewer than two selected images.
    """
    classes = images.classes
    if text is None:
        return np.arange(len(images)), classes
    if classes is None:
        raise UserError(
            f"{images.origin}: classes={text} needs images with classes, and these have none; leave data.classes out."
        )
    wanted = sorted(_numbers(str(text), classes.names, images.origin))
    rows = np.flatnonzero(np.isin(classes.labels, wanted))
    if len(rows) < 2:
        raise UserError(f"{images.origin}: classes={text} selects {len(rows)} images; at least 2 are needed.")
    labels = np.searchsorted(wanted, classes.labels[rows])
    return rows, Classes(labels.astype(np.int64), tuple(classes.names[i] for i in wanted))


def _numbers(text: str, names: tuple[str, ...], origin: str) -> set[int]:
    if text in names:  # a class name may contain a comma
        return {names.index(text)}
    by_name = {name.casefold(): i for i, name in reversed(list(enumerate(names)))}
    tokens = [token.strip() for token in text.split(",") if token.strip()]
    found = {token: _number(token, names, by_name) for token in tokens}
    unknown = [token for token, number in found.items() if number is None]
    if unknown or not tokens:
        shown = ", ".join(map(repr, unknown)) or "''"
        raise UserError(
            f"{origin}: no class {shown}.{did_you_mean(unknown[0] if unknown else '', names)} Or give label numbers, "
            f"0 to {len(names) - 1}."
        )
    return {number for number in found.values() if number is not None}


def _number(token: str, names: tuple[str, ...], by_name: dict[str, int]) -> int | None:
    if token in names:
        return names.index(token)
    if token.casefold() in by_name:
        return by_name[token.casefold()]
    return int(token) if token.isdecimal() and int(token) < len(names) else None
