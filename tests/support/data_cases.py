"""Small images on disk, opened as the command line opens them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from gannet.config.plan import source_from_keys
from gannet.data.base import silent
from gannet.data.image_table import ImageTable

SIDE = 12


def pixels(seed: int = 0, channels: int = 3, side: int = SIDE) -> np.ndarray:
    shape = (side, side) if channels == 1 else (side, side, channels)
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def save(
    path: Path, array: np.ndarray | None = None, seed: int = 0, form: str | None = None, **options: object
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels(seed) if array is None else array).save(path, form, **options)
    return path


def opened(path: Path | str, **keys: object) -> ImageTable:
    dataset = source_from_keys(str(path), {f"data.{key}": value for key, value in keys.items()})[1].open(silent)
    assert isinstance(dataset, ImageTable)
    return dataset


def grid(values: range | list[int], kind: type, shape: tuple[int, int] = (SIDE, SIDE)) -> np.ndarray:
    return np.resize(np.array(values), shape).astype(kind)


SIX = np.stack([pixels(i, 1) for i in range(6)])


def held_out(path: Path, **keys: object) -> ImageTable:
    """The held-out images of a source."""
    source = source_from_keys(str(path), {f"data.{key}": value for key, value in keys.items()})[1].held_out()
    assert source is not None
    dataset = source.open(silent)
    assert isinstance(dataset, ImageTable)
    return dataset


GREY, COLOUR, CLEAR = pixels(1, 1), pixels(2, 3), pixels(3, 4)
