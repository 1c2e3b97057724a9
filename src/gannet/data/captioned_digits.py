"""Coloured digits with captions, drawn from the built-in digits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from gannet.data.base import CaptionReader, Progress, Truth
from gannet.data.digest import digest_arrays
from gannet.data.digit_scenes import DIGITS, SCENES, SIDE, drawn, named, shown
from gannet.data.digits import Digits
from gannet.data.image_source import ImageSource
from gannet.data.image_table import ImageTable
from gannet.data.undecoded_images import Classes, ImageArray
from gannet.seeding import numpy_rng

NUM_IMAGES = {"train": 12_000, "test": 2_000}
HELD_OUT = 5
"""One of this many scenes, and one of this many handwritten digits, is held out."""
READER = CaptionReader("digits-cnn-v1", named, shown)


@dataclass(frozen=True, kw_only=True)
class CaptionedDigits(ImageSource):
    """12,000 coloured digits, 16 x 16 pixels, with captions such as ``a red seven on green, top left``: built in,
    without a download.

    Each image shows one of scikit-learn's handwritten digits in one of six inks on another of six grounds at one of
    five places. The 2,000 held-out images show scenes and handwriting that training does not see: every word of their
    captions is known, and no caption is.
    """

    has_captions: ClassVar[bool] = True
    reads_splits: ClassVar[bool] = True
    split: Literal["train", "test"] = "train"
    """train, or the held-out images (test)."""

    def held_out_split(self) -> str:
        """Images of the scenes that are not in training."""
        return "test"

    def table(self, progress: Progress) -> ImageTable:
        """Draw the images; what they show can be read from them again."""
        table = super().table(progress)
        if table.shape == (3, SIDE, SIDE):
            table.truth = Truth(captions=READER)
        return table

    def read(self, progress: Progress) -> ImageArray:
        """The images with the digits as classes, and their captions."""
        digits = Digits().read(progress)
        assert digits.classes is not None
        is_test = self.split == "test"
        order = numpy_rng(0, "captioned-digits", "scenes").permutation(len(SCENES))
        scenes = [SCENES[number] for place, number in enumerate(order) if (place % HELD_OUT == 0) == is_test]
        rng = numpy_rng(0, "captioned-digits", self.split)
        count = NUM_IMAGES[self.split]
        chosen = [scenes[number] for number in rng.permutation(count) % len(scenes)]
        labels = np.array([DIGITS.index(scene.digit) for scene in chosen])
        rows = np.flatnonzero((np.arange(len(digits)) % HELD_OUT == 0) == is_test)
        of_digit = [rows[digits.classes.labels[rows] == number] for number in range(len(DIGITS))]
        shares = rng.random(count)
        picked = np.array(
            [of_digit[label][int(share * len(of_digit[label]))] for label, share in zip(labels, shares, strict=True)]
        )
        pixels = drawn(chosen, digits.pixels[..., 0][picked])
        captions = tuple(scene.caption for scene in chosen)
        return ImageArray(
            "captioned-digits", digest_arrays([pixels, labels], captions), Classes(labels, DIGITS), pixels, captions
        )
