"""The common part of all image sources: selection of splits, classes and labels, size, channels and levels."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field

from gannet.data.base import Dataset, Kind, Progress, Source
from gannet.data.cache import DEFAULT_WHITE, Choice, Decoded, decoded
from gannet.data.decode import MIN_SIDE_PIXELS
from gannet.data.digest import digest
from gannet.data.few_labels import rows_with_label
from gannet.data.fitting import Fit
from gannet.data.image_table import ImageTable
from gannet.data.selection import of_rows, select, split_rows
from gannet.data.undecoded_images import Classes, ImageArray, UndecodedImages, named, refuse_bad
from gannet.errors import UserError, counted

Side = Annotated[int, Field(ge=8, le=1024)]
Sides = Annotated[str, Field(pattern=r"^[0-9]{1,4}x[0-9]{1,4}$")]
"""Width and height, such as 48x32."""
LARGEST_SIDE = 1024
NUM_SEEN = 1000
DARK_LEVEL = 32
"""Images without a level above this were stored with another white level: masks, or 12 bits in 16."""


@dataclass(frozen=True, kw_only=True)
class ImageSource(Source):
    """Base class of image sources; a subclass implements only :meth:`read`."""

    kind: ClassVar[Kind] = "images"
    reads_splits: ClassVar[bool] = False
    """Whether :meth:`read` reads only the images of ``split``."""
    classes: str | None = None
    """Keep only these classes: names or label numbers, separated by commas (7, or horse, or 3,8)."""
    size: Side | Sides | None = None
    """Side of a square in pixels, or width x height (48x32); by default the size that all images share if it is at most
    256, else 64.
    """
    fit: Fit = "crop"
    """How images of another shape are fitted: a centre crop, a black border (pad), or a change of shape (squeeze)."""
    crop: Side | Sides | None = None
    """Side, or width x height, of a centre crop of the stored images that comes first (178 for CelebA)."""
    flip: bool = False
    """Mirror each image of a batch with probability 1/2."""
    channels: Annotated[int, Field(ge=1, le=4)] | None = None
    """1 for grey, 3 for colour, 4 for colour and opacity; by default 1 if all images are grey, else 3."""
    white: Annotated[float, Field(gt=0)] | None = None
    """Stored level that is white; by default 255 for 8 bits, else 1, 255, 1023, 4095, 16383 or 65535, whichever holds
    the largest level of all images.
    """
    labels: Annotated[int, Field(ge=1, le=10**9)] | None = None
    """How many images keep their label in training, the same number per class; by default all. The others have label
    -1.
    """
    labels_seed: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    """Seed of their selection. It is separate from the run's seed, so that runs of several seeds can share the
    labelled images.
    """
    split: str | None = None
    """Split of the images, such as train, test or val; by default train, if there are splits."""
    test: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Share of the training images that is held out (0.1), chosen by their content; by default none."""
    on_bad: Literal["error", "skip"] = "error"
    """What to do with images that cannot be used: refuse the data, or leave out one of them, or up to 1 %."""

    def __post_init__(self) -> None:
        problems = []
        sides = _sides(self.size)
        if sides is not None and not 8 <= min(sides) <= max(sides) <= LARGEST_SIDE:
            problems.append(f"size is {self.size}; allowed are 8 to {LARGEST_SIDE} pixels.")
        if self.crop is not None and min(_sides(self.crop) or ()) < MIN_SIDE_PIXELS:
            problems.append(f"crop is {self.crop}; each side needs {MIN_SIDE_PIXELS} pixels.")
        if self.channels not in (None, 1, 3, 4):
            problems.append(f"channels is {self.channels}; allowed are 1 (grey), 3 (colour) and 4 (with opacity).")
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

    def read_inputs(self, progress: Progress) -> UndecodedImages | None:
        """The images that belong to those of :meth:`read`, in their order; None if the source has no pairs."""
        return None

    def held_out_split(self) -> str | None:
        """The name of a split of the source that is held out from training; None without one."""
        return None

    def held_out(self) -> Self | None:
        """The held-out split with the same selection of images and all labels: of ``test``, else of the source."""
        if self.split not in (None, "train"):
            return None
        split = "test" if self.test else self.held_out_split()
        return None if split is None else replace(self, split=split, labels=None)

    def open(self, progress: Progress) -> Dataset:
        """Decode the images, or take them from the cache, and select the split and the classes."""
        return self.table(progress)

    def table(self, progress: Progress) -> ImageTable:
        """The data set of :meth:`open`: all images in one table."""
        held_out_here = self.test is not None and self.reads_splits
        source = replace(self, split="train", test=None) if held_out_here else self
        images = source.read(progress)
        if len(images) < 2:
            raise UserError(f"{images.origin}: found {counted(len(images), 'image')}; at least 2 are needed.")
        if isinstance(images, ImageArray) and min(images.pixels.shape[1:3]) < MIN_SIDE_PIXELS:
            raise UserError(
                f"{images.origin}: images have {images.pixels.shape[2]} x {images.pixels.shape[1]} pixels; each side "
                f"needs {MIN_SIDE_PIXELS}."
            )
        split = None if self.reads_splits and not self.test else self.split
        rows = split_rows(images, split, self.test, progress)
        table = decoded(images, self.choice(), progress)
        images.forget()
        bad = {row for row, _ in table.bad}
        rows = np.array([row for row in rows.tolist() if row not in bad], dtype=np.int64) if bad else rows
        rows, classes = select(images.origin, rows, of_rows(images.classes, rows), self.classes)
        if len(rows) < 2:
            raise UserError(
                f"{images.origin}: {len(rows)} of {len(images)} images belong to the split; at least 2 are needed."
            )
        return self._table(images, table, rows, classes, self.read_inputs(progress), progress)

    def _table(
        self,
        images: UndecodedImages,
        decoded_images: Decoded,
        rows: np.ndarray,
        classes: Classes | None,
        inputs: UndecodedImages | None,
        progress: Progress,
    ) -> ImageTable:
        pixels, names = decoded_images.pixels, () if classes is None else classes.names
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
                *self._changes(images, decoded_images),
                *([] if inputs is None else [("inputs", inputs.content_hash)]),
            ),
            rows=rows,
            labelled=labelled,
            captions=None if images.captions is None else [str(images.captions[row]) for row in rows.tolist()],
            flip=self.flip,
            inputs=None if inputs is None else self._like(decoded_images, inputs, progress),
        )
        table.notes = (*images.notes, *self._notes(images, decoded_images, rows))
        return table

    def _like(self, targets: Decoded, inputs: UndecodedImages, progress: Progress) -> np.ndarray:
        """The inputs of pairs as uint8 (N, C, H, W), with the shape of their targets."""
        pixels, left_out = targets.pixels, dict(targets.bad)
        whole = decoded(inputs, replace(self.choice(), channels=pixels.shape[1]), progress)
        refuse_bad(inputs, [(row, problem) for row, problem in whole.bad if row not in left_out])
        made = whole.pixels
        if made.shape != pixels.shape:
            found, wanted = (f"{shape[3]} x {shape[2]}" for shape in (made.shape, pixels.shape))
            raise UserError(
                f"{inputs.origin}: inputs have {found} pixels and their targets {wanted}; set data.size to give both "
                "one size."
            )
        return made

    def choice(self) -> Choice:
        """How images are decoded."""
        skip = self.on_bad == "skip"
        return Choice(_sides(self.size), self.channels, self.fit, _sides(self.crop), self.white, skip)

    def _changes(self, images: UndecodedImages, table: Decoded) -> list[tuple[str, object]]:
        """What else determines the pixels or the selection; nothing for sets that are read as they are stored."""
        found: dict[str, tuple[object, object]] = {
            "fit": (self.fit, "crop"),
            "crop": (_sides(self.crop), None),
            "white": (self.white or table.white, DEFAULT_WHITE),
            "split": (self.split if images.splits is not None or self.test else None, None),
            "test": (self.test, None),
            "bad": ([row for row, _ in table.bad], []),
        }
        return [(name, value) for name, (value, default) in found.items() if value != default]

    def _notes(self, images: UndecodedImages, table: Decoded, rows: np.ndarray) -> list[str]:
        """What the user should know about how the images are used."""
        origin, count = images.origin, len(images)
        height, width = table.pixels.shape[2:]
        notes = []
        if images.splits is not None:
            names, used = ", ".join(sorted(set(images.splits))), images.splits[int(rows[0])]
            notes.append(f"{origin} has the splits {names}; the {len(rows)} images of {used} are used (data.split).")
        if table.num_cropped:
            notes.append(
                f"{origin}: {table.num_cropped} of {count} images lose edges to a centre crop of shape {width} x "
                f"{height}; data.size=WxH sets another shape, data.fit=pad or squeeze keeps all edges."
            )
        if table.num_enlarged:
            notes.append(
                f"{origin}: {table.num_enlarged} of {count} images are smaller than {width} x {height} and are "
                f"enlarged, up to {table.largest_factor:.3g} times; that adds no detail, and a smaller "
                "data.size avoids it."
            )
        if table.white != DEFAULT_WHITE:
            notes.append(
                f"{origin}: the images have more than 8 bits, and level {table.white:g} is white, because no level is "
                f"above it; data.white sets another level."
            )
        brightest = int(table.pixels[rows[:NUM_SEEN]].max())
        if self.white is None and brightest < DARK_LEVEL and brightest:
            notes.append(
                f"{origin}: no level is above {brightest} of 255 in the first {min(len(rows), NUM_SEEN)} images, which "
                f"are almost black; data.white={brightest} makes that level white."
            )
        if table.num_several:
            notes.append(
                f"{origin}: {table.num_several} of {count} files hold several images; the first of each is used."
            )
        if table.bad:
            verb = "is" if len(table.bad) == 1 else "are"
            notes.append(
                f"{origin}: {len(table.bad)} of {count} images {verb} left out ({named(images, [*table.bad])})."
            )
        if _all_equal(table.pixels, rows):
            notes.append(f"{origin}: all {len(rows)} images are equal, so there is nothing to learn from them.")
        return notes

    def _labelled(self, origin: str, classes: Classes | None) -> np.ndarray | None:
        if self.labels is None:
            return None
        if classes is None:
            raise UserError(
                f"{origin}: labels={self.labels} needs images with classes, and these have none; leave data.labels out."
            )
        return rows_with_label(classes.labels, len(classes.names), self.labels, seed=self.labels_seed)


def _sides(value: int | str | None) -> tuple[int, int] | None:
    """(width, height) of a key such as ``64`` or ``48x32``."""
    if value is None:
        return None
    width, _, height = str(value).partition("x")
    return int(width), int(height or width)


def _all_equal(pixels: np.ndarray, rows: np.ndarray) -> bool:
    first = pixels[rows[0]]
    return all(np.array_equal(pixels[row], first) for row in rows[1:])
