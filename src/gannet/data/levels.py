"""Which stored level is white: found from the largest level of a whole data set, never per image."""

from __future__ import annotations

import numpy as np

WHITES = (1, 255, 1023, 4095, 16383, 65535)
"""White in 1, 8, 10, 12, 14 and 16 bits."""


FEWEST_SIGNED = 0.6
"""Signed levels that all are nearer to 0 have another range, such as [-0.5, 0.5]."""


def white_of(largest: float) -> float | None:
    """The smallest white level that holds the largest level of the data: 1, or that of 8, 10, 12, 14 or 16 bits; None
    above all.
    """
    return next((float(white) for white in WHITES if largest <= white), None)


def to_bytes(levels: np.ndarray, white: float, black: float = 0.0) -> np.ndarray:
    """uint8 levels: ``black`` becomes 0, ``white`` 255, and levels outside are clipped."""
    scaled = (levels.astype(np.float64) - black) * 255 / (white - black)
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


def range_of(pixels: np.ndarray) -> tuple[float, float] | None:
    """(black, white) of an array of images: [-1, 1], or from 0 to the white level of :func:`white_of`; None if neither
    fits.
    """
    low, high = (float(pixels.min()), float(pixels.max())) if pixels.size else (0.0, 1.0)
    if not np.isfinite([low, high]).all():
        return None
    if low < 0:
        fits = low >= -1 - 1e-6 and FEWEST_SIGNED <= max(-low, high) <= 1 + 1e-6
        return (-1.0, 1.0) if fits and pixels.dtype.kind == "f" else None
    white = white_of(high - 1e-6 if pixels.dtype.kind == "f" else high)
    return None if white is None else (0.0, white)
