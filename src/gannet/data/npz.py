"""Images from an NPZ or NPY file."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from gannet.data.base import Progress
from gannet.data.digest import digest_arrays
from gannet.data.image_source import ImageSource
from gannet.data.levels import range_of, to_bytes
from gannet.data.npz_file import has_split, read_npz
from gannet.data.undecoded_images import ImageArray
from gannet.errors import UserError

CHANNELS = (1, 3, 4)


@dataclass(frozen=True, kw_only=True)
class Npz(ImageSource):
    """Images in an .npz or .npy file: (N, H, W), (N, H, W, C) or (N, C, H, W) with 1, 3 or 4 channels, or flat rows of
    square images.

    Arrays are called samples, images, x, arr_0 or x_train; labels are called labels, y or y_train. Numbers are bytes,
    floats from 0 to 1 or from -1 to 1, or integers, whose white level is that of their largest value. Not for points:
    those are ``npz-points``.
    """

    reads_splits: ClassVar[bool] = True
    path: str
    """The file."""
    split: Literal["train", "test"] = "train"
    """``test`` reads x_test and y_test, as files of Keras have them."""
    label: str | None = None
    """The array of the class, or the number from 1 of a column of labels (N, K); empty for none."""

    def held_out_split(self) -> str | None:
        """``test``, if the file has x_test."""
        return "test" if has_split(Path(self.path), "test") else None

    def read(self, progress: Progress) -> ImageArray:
        """The stored images."""
        samples, classes = read_npz(Path(self.path), self.split, self.label)
        pixels = _bytes(_channels_last(samples, self.path), self.path, self.white)
        names = None if classes is None else classes.names
        return ImageArray(
            self.path, digest_arrays([pixels, None if classes is None else classes.labels], names), classes, pixels
        )


def _channels_last(samples: np.ndarray, origin: str) -> np.ndarray:
    """(N, H, W, C) from any of the supported layouts."""
    if samples.ndim == 2 and (shaped := _from_flat(samples)) is not None:
        return shaped
    if samples.ndim == 2:
        raise UserError(f"{origin} holds an array of shape {samples.shape}, not images; for points, use npz-points.")
    if samples.ndim == 3:
        return samples[..., None]
    if samples.ndim == 4 and samples.shape[3] in CHANNELS:
        return samples
    if samples.ndim == 4 and samples.shape[1] in CHANNELS:
        return samples.transpose(0, 2, 3, 1)
    raise UserError(
        f"{origin}: {samples.dtype} {samples.shape}; images must be (N, H, W), (N, H, W, C) or (N, C, H, W) with 1, 3 "
        f"or 4 channels."
    )


def _from_flat(samples: np.ndarray) -> np.ndarray | None:
    """Flat rows of square images: K^2 grey levels, or 3 K^2 levels channel by channel, as CIFAR has them."""
    for channels in (1, 3):
        side = isqrt(samples.shape[1] // channels)
        if side >= 8 and channels * side**2 == samples.shape[1]:
            return samples.reshape(-1, channels, side, side).transpose(0, 2, 3, 1)
    return None


def _bytes(pixels: np.ndarray, origin: str, white: float | None) -> np.ndarray:
    """The levels as bytes; bytes stay as they are."""
    if pixels.dtype == np.uint8 and white is None:
        return pixels
    if pixels.dtype.kind not in "biuf":
        raise UserError(f"{origin}: {pixels.dtype} {pixels.shape}; images must be numbers.")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        raise UserError(
            f"{origin}: {int((~np.isfinite(pixels)).sum()):,} levels are not finite; repair or remove them."
        )
    found = (0.0, white) if white else range_of(pixels)
    if found is None:
        low, high = (pixels.min(), pixels.max()) if pixels.size else (0, 0)
        raise UserError(
            f"{origin}: levels from {low:,g} to {high:,g}, whose black and white are unknown; images must be bytes, "
            f"from 0 to 1, from -1 to 1, or integers from 0. Set data.white=LEVEL if black is 0."
        )
    return to_bytes(pixels, found[1], found[0])
