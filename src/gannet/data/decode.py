"""Decode the bytes of an image file to upright 8-bit pixels of one size."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

VERSION = 1
"""Increase it whenever the same bytes would give other pixels, so that cached tables are decoded again."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
MAX_PIXELS = 64_000_000
"""A small file can announce an image that fills the memory; photographs stay below this limit."""
MIN_SIDE_PIXELS = 8
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F"})
TURNING_ORIENTATIONS = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange width and height."""
EXIF_ORIENTATION = 0x0112


class BadImage(Exception):
    """The reason why a file cannot be used, as the end of a sentence."""


@dataclass(frozen=True)
class Header:
    """What is known about an image before its pixels are read."""

    width: int
    """Of the upright image."""
    height: int
    grey: bool
    """Stored without colour."""


def opened(blob: bytes) -> Image.Image:
    """Open an image and check its header; the pixels are not decoded yet.

    Raises:
        BadImage: empty, not an image, too many pixels or too few.
    """
    if not blob:
        raise BadImage("the file is empty (0 bytes)")
    try:
        image = Image.open(BytesIO(blob), formats=FORMATS)
    except UnidentifiedImageError:
        raise BadImage("not a PNG, JPEG, BMP, GIF, WEBP or TIFF image") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadImage(f"a decompression bomb: more than {MAX_PIXELS:,} pixels") from None
    except Exception as error:  # on broken headers, Pillow raises exceptions of many types
        raise BadImage(f"the header is damaged ({error})") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise BadImage(f"a decompression bomb: {width} x {height} pixels, above {MAX_PIXELS:,}")
    if min(width, height) < MIN_SIDE_PIXELS:
        raise BadImage(f"only {width} x {height} pixels; the shorter side must have {MIN_SIDE_PIXELS}")
    return image


def header(blob: bytes) -> Header:
    """Size and colour of an image; raises :class:`BadImage` like :func:`opened`."""
    image = opened(blob)
    width, height = image.size
    if orientation(image) in TURNING_ORIENTATIONS:
        width, height = height, width
    return Header(width, height, is_grey(image))


def upright(blob: bytes) -> Image.Image:
    """The first frame, rotated by its EXIF orientation, in mode L or RGB with 8 bits, composited on white if
    transparent.

    Raises:
        BadImage: as :func:`opened`, or the pixels are truncated or have an unsupported type.
    """
    image = opened(blob)
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:  # decoders raise OSError, SyntaxError, EOFError, struct.error, ValueError, ...
        what = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise BadImage(f"{what} ({error})") from None
    return _eight_bits(image)


def upright_with_alpha(blob: bytes) -> tuple[Image.Image, Image.Image | None]:
    """As :func:`upright`, but colours and opacity separately: mode L or RGB, and mode L, which is None without
    transparency.

    Raises:
        BadImage: as :func:`upright`.
    """
    image = opened(blob)
    if not is_see_through(image):
        return upright(blob), None
    grey = is_grey(image)
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        image = image.convert("RGBA")
    except Exception as error:  # as in upright
        raise BadImage(f"damaged ({error})") from None
    colours = image.convert("RGB")
    return colours.convert("L") if grey else colours, image.getchannel("A")


def fitted(image: Image.Image, width: int, height: int, channels: int) -> np.ndarray:
    """uint8 (height, width, channels): centre crop to the aspect ratio, then bicubic resize with antialiasing.

    An image of that size keeps its pixels.
    """
    image = image.convert("L" if channels == 1 else "RGB") if channels != len(image.getbands()) else image
    if image.size != (width, height):
        # Crop first: with resize(box=...), pixels from outside the box would affect the edge.
        image = image.crop(_centre(*image.size, width / height)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, dtype=np.uint8).reshape(height, width, channels)


def is_cropped(size: tuple[int, int], width: int, height: int) -> bool:
    """Whether :func:`fitted` crops an image of ``size`` = (width, height)."""
    return size != (width, height) and _centre(*size, width / height) != (0, 0, *size)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8; 1 is upright."""
    if image.format not in {"JPEG", "TIFF", "WEBP"} and "exif" not in image.info:
        return 1  # for such files Pillow would decode all pixels to search for EXIF behind them
    try:
        return int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata of an intact image
        return 1


def is_grey(image: Image.Image) -> bool:
    """Whether the image is stored without colour, which includes palettes of grey entries only."""
    if image.mode == "P":
        palette = np.asarray(image.getpalette() or [0], dtype=np.uint8)
        entries = palette[: len(palette) // 3 * 3].reshape(-1, 3)
        return bool((entries == entries[:, :1]).all())
    return image.mode in GREY_MODES or image.mode.startswith("I;16")


def is_see_through(image: Image.Image) -> bool:
    """Whether the image may have transparent pixels."""
    return "transparency" in image.info or image.mode in {"LA", "La", "PA", "RGBA", "RGBa"}


def is_sixteen_bit(image: Image.Image) -> bool:
    """Whether pixels have 16 bits; only grey images can be detected, because Pillow reads 16-bit colour PNG as 8
    bits.
    """
    return image.mode == "I" or image.mode.startswith("I;16")


def _eight_bits(image: Image.Image) -> Image.Image:
    grey = is_grey(image)
    if is_sixteen_bit(image):
        return _from_sixteen_bits(image)
    if image.mode == "F":
        raise BadImage(
            "holds 32-bit floating-point numbers, whose black and white levels are unknown; save it with 8 or 16 bits"
        )
    try:
        if is_see_through(image):
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
        return image.convert("L" if grey else "RGB")
    except ValueError as error:
        raise BadImage(f"its colours (mode {image.mode}) cannot be turned into RGB: {error}") from None


def _from_sixteen_bits(image: Image.Image) -> Image.Image:
    levels = np.asarray(image).astype(np.float64)
    if levels.min() < 0 or levels.max() > 65535:
        raise BadImage("holds 32-bit numbers, whose black and white levels are unknown; save it with 8 or 16 bits")
    return Image.fromarray(np.rint(levels / 257).astype(np.uint8))


def _centre(width: int, height: int, shape: float) -> tuple[int, int, int, int]:
    """The largest centred box with the aspect ratio ``shape`` = width / height."""
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down
