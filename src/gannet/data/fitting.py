"""Bring an image to the size and the channels that all images of a data set share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from PIL import Image, ImageOps

Fit = Literal["crop", "pad", "squeeze"]


@dataclass(frozen=True)
class Frame:
    """The size and the channels that all images of a data set get, and how."""

    width: int
    height: int
    channels: int
    """1 for grey, 3 for colour, 4 for colour and opacity."""
    fit: Fit = "crop"
    crop: tuple[int, int] | None = None
    """Width and height of a centre crop that comes first."""


def fitted(image: Image.Image, frame: Frame) -> np.ndarray:
    """uint8 (height, width, channels): a centre crop to the aspect ratio (or a black border, or neither), then bicubic
    resize with antialiasing.

    An image of that size keeps its pixels.
    """
    mode = {1: "L", 3: "RGB", 4: "RGBA"}[frame.channels]
    image = image if image.mode == mode else image.convert(mode)
    if frame.crop is not None:
        image = _window(image, frame.crop)
    target = frame.width, frame.height
    if image.size != target:
        # Crop first: with resize(box=...), pixels from outside the box would affect the edge.
        box = _centre(*image.size, frame.width / frame.height)
        if frame.fit == "pad":
            image = ImageOps.pad(image, target, Image.Resampling.BICUBIC)
        else:
            image = (image.crop(box) if frame.fit == "crop" else image).resize(target, Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8).reshape(frame.height, frame.width, frame.channels)


def is_cropped(size: tuple[int, int], frame: Frame) -> bool:
    """Whether :func:`fitted` crops an image of ``size`` = (width, height) to the aspect ratio."""
    size, target = _after_crop(size, frame), (frame.width, frame.height)
    return frame.fit == "crop" and size != target and _centre(*size, frame.width / frame.height) != (0, 0, *size)


def enlargement(size: tuple[int, int], frame: Frame) -> float:
    """The factor by which :func:`fitted` enlarges an image of ``size`` = (width, height); below 1 if it reduces."""
    width, height = _after_crop(size, frame)
    across, down = frame.width / width, frame.height / height
    return min(across, down) if frame.fit == "pad" else max(across, down)


def _after_crop(size: tuple[int, int], frame: Frame) -> tuple[int, int]:
    return size if frame.crop is None else (min(size[0], frame.crop[0]), min(size[1], frame.crop[1]))


def _window(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """The centre of an image; an image that is smaller stays as it is along that axis."""
    width, height = min(size[0], image.width), min(size[1], image.height)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


def _centre(width: int, height: int, shape: float) -> tuple[int, int, int, int]:
    """The largest centred box with the aspect ratio ``shape`` = width / height."""
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down
