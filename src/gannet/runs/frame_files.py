"""What a frame holds as a file: arrays of points in NPZ, a grid of images in PNG."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

import numpy as np
from numpy.typing import ArrayLike

FLOAT16_LARGEST = float(np.finfo(np.float16).max)


def compact(step: int, content: Mapping[str, ArrayLike | None]) -> dict[str, np.ndarray]:
    """Arrays of a frame of points in the precision of the format: fields and samples in float16, within its range."""
    content = {name: value for name, value in content.items() if value is not None}
    arrays: dict[str, np.ndarray] = {"step": np.asarray(step, np.int64)}
    for name, value in content.items():
        array = np.asarray(value, np.float32)
        if name in ("real", "fake", "field", "logits", "latents", "manifold"):
            arrays[name] = np.clip(array, -FLOAT16_LARGEST, FLOAT16_LARGEST).astype(np.float16)
        elif name != "step":
            arrays[name] = array
    return arrays


def save_png(grid: np.ndarray, file: BinaryIO) -> None:
    """Write a grid of uint8 images (H, W, 1 or 3) as PNG."""
    from PIL import Image

    grid = np.asarray(grid)
    if grid.dtype != np.uint8:
        raise ValueError(f"An image frame is uint8, not {grid.dtype}.")
    Image.fromarray(grid[..., 0] if grid.ndim == 3 and grid.shape[2] == 1 else grid).save(file, "PNG", compress_level=4)
