"""Scenes of one digit: draw a digit in an ink on a ground at a place, name the scene, and read it from pixels again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from gannet.data.captions import words_of

SIDE = 16
DIGIT_SIDE = 8
"""Side of a digit, in pixels, as in the data set ``digits``."""
DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
COLOURS = {
    "red": (214, 40, 40),
    "green": (40, 160, 70),
    "blue": (45, 80, 205),
    "yellow": (240, 200, 45),
    "white": (245, 245, 245),
    "black": (20, 20, 20),
}
PLACES = {"top left": (0, 0), "top right": (0, 8), "centre": (4, 4), "bottom left": (8, 0), "bottom right": (8, 8)}
"""Row and column of the digit's upper left corner, in pixels."""
INK_PIXELS = 10
"""Number of pixels that differ most from the ground; their mean is the ink. The thinnest digits cover more pixels."""


class Scene(NamedTuple):
    """What a caption names."""

    ink: str
    digit: str
    ground: str
    place: str

    @property
    def caption(self) -> str:
        """``a red seven on green, top left``."""
        return f"a {self.ink} {self.digit} on {self.ground}, {self.place}"


SCENES = tuple(
    Scene(ink, digit, ground, place)
    for digit in DIGITS
    for ink in COLOURS
    for ground in COLOURS
    if ink != ground
    for place in PLACES
)
"""All 1,500 scenes."""


def drawn(scenes: Sequence[Scene], digits: np.ndarray) -> np.ndarray:
    """Draw scenes.

    Args:
        scenes: N of them.
        digits: uint8 (N, 8, 8), 0 is ground and 255 is ink.

    Returns:
        uint8 (N, 16, 16, 3): ground + (ink - ground) digit / 255.
    """
    ground, ink = (
        np.array([COLOURS[getattr(scene, part)] for scene in scenes], np.int32)[:, None, None]
        for part in ("ground", "ink")
    )
    patches = (ground + (digits[..., None] * (ink - ground) + 127) // 255).astype(np.uint8)
    images = np.broadcast_to(ground.astype(np.uint8), (len(scenes), SIDE, SIDE, 3)).copy()
    for image, patch, scene in zip(images, patches, scenes, strict=True):
        top, left = PLACES[scene.place]
        image[top : top + DIGIT_SIDE, left : left + DIGIT_SIDE] = patch
    return images


def named(captions: Sequence[str]) -> dict[str, np.ndarray]:
    """The words that captions name: ``ink``, ``digit``, ``ground`` and ``place`` -> (N,) text."""
    words = [words_of(caption) for caption in captions]
    scenes = [Scene(w[1], w[2], w[4], " ".join(w[5:])) for w in words]
    return {part: np.array([getattr(scene, part) for scene in scenes]) for part in Scene._fields}


def shown(images: np.ndarray, classify: Callable[[np.ndarray], np.ndarray]) -> dict[str, np.ndarray]:
    """The words for what images show, read from the pixels: ``ink``, ``digit``, ``ground`` and ``place`` -> (N,) text.

    The ground is the median colour, the ink the mean of the 10 pixels that differ most from it; each is named by the
    nearest colour. A pixel is covered as far as it lies on the way from ground to ink. The place is the one with most
    cover.

    Args:
        images: uint8 (N, 16, 16, 3).
        classify: uint8 (N, 8, 8, 1), grey digits -> (N,) numbers 0 to 9.
    """
    pixels = images.reshape(len(images), -1, 3).astype(np.float64)
    ground = _nearest_colour(np.median(pixels, axis=1))
    palette = np.array(list(COLOURS.values()), np.float64)
    difference = pixels - palette[ground][:, None]
    most = np.argsort(-np.square(difference).sum(axis=2), axis=1, kind="stable")[:, :INK_PIXELS]
    ink = _nearest_colour(np.take_along_axis(pixels, most[..., None], axis=1).mean(axis=1))
    way = palette[ink] - palette[ground]  # zero where nothing is drawn
    length = np.maximum(np.square(way).sum(axis=1), 1)
    cover = np.clip((difference * way[:, None]).sum(axis=2) / length[:, None], 0, 1).reshape(-1, SIDE, SIDE)
    squares = [(slice(top, top + DIGIT_SIDE), slice(left, left + DIGIT_SIDE)) for top, left in PLACES.values()]
    places = np.stack([cover[:, rows, columns].sum(axis=(1, 2)) for rows, columns in squares]).argmax(axis=0)
    crops = np.stack([picture[squares[place]] for picture, place in zip(cover, places, strict=True)])
    digits = classify(np.rint(crops * 255).astype(np.uint8)[..., None])
    names = np.array(list(COLOURS))
    return {
        "ink": names[ink],
        "digit": np.array(DIGITS)[digits],
        "ground": names[ground],
        "place": np.array(list(PLACES))[places],
    }


def _nearest_colour(colours: np.ndarray) -> np.ndarray:
    """(N, 3) -> (N,) numbers in the order of COLOURS."""
    return np.square(colours[:, None] - np.array(list(COLOURS.values()))).sum(axis=2).argmin(axis=1)
