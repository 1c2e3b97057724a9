"""Images from an NPZ file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gannet.data.base import Progress
from gannet.data.digest import digest_arrays
from gannet.data.image_source import ImageSource
from gannet.data.npz_file import read_npz
from gannet.data.undecoded_images import ImageArray
from gannet.errors import UserError


@dataclass(frozen=True, kw_only=True)
class Npz(ImageSource):
    """Images in an .npz file: uint8 (N, H, W) or (N, H, W, C) under samples, images, x or arr_0; labels under labels or
    y.

    Not for points: those are ``npz-points``.
    """

    path: str
    """The file."""

    def read(self, progress: Progress) -> ImageArray:
        """The stored images."""
        samples, classes = read_npz(Path(self.path))
        if samples.ndim == 2:
            raise UserError(
                f"{self.path} holds an array of shape {samples.shape}, not images; for points, use npz-points."
            )
        pixels = samples[..., None] if samples.ndim == 3 else samples
        if pixels.dtype != np.uint8 or pixels.ndim != 4 or pixels.shape[3] not in (1, 3):
            raise UserError(
                f"{self.path}: {samples.dtype} {samples.shape}; images must be uint8 (N, H, W) or (N, H, W, 1 or 3)."
            )
        names = None if classes is None else classes.names
        return ImageArray(
            self.path, digest_arrays([pixels, None if classes is None else classes.labels], names), classes, pixels
        )
