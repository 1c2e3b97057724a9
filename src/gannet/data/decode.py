"""From the bytes of a picture file to upright 8-bit pixels of one size."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

VERSION = 1
"""Raised whenever the same bytes would give other pixels, so that cached tables are made anew."""
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF")
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"})
MAX_PIXELS = 64_000_000
"""A small file can claim a picture that fills the memory; no camera of today is above this."""
MIN_SIDE_PIXELS = 8
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F"})
TURNING_ORIENTATIONS = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange width and height."""
EXIF_ORIENTATION = 0x0112


class BadPicture(Exception):
    """Why one file cannot be used, as the end of a sentence."""


@dataclass(frozen=True)
class Header:
    """What is known about a picture before its pixels are read."""

    width: int
    """Of the upright picture."""
    height: int
    grey: bool
    """Stored without colour."""


def opened(blob: bytes) -> Image.Image:
    """The picture with its header read and checked, its pixels still packed.

    Raises:
        BadPicture: empty, not a picture, too many pixels or too few.
    """
    if not blob:
        raise BadPicture("the file is empty (0 bytes)")
    try:
        picture = Image.open(BytesIO(blob), formats=FORMATS)
    except UnidentifiedImageError:
        raise BadPicture("not a PNG, JPEG, BMP, GIF, WEBP or TIFF picture") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise BadPicture(f"a decompression bomb: more than {MAX_PIXELS:,} pixels") from None
    except Exception as error:  # broken headers raise almost anything in an image library
        raise BadPicture(f"the header is damaged ({error})") from None
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise BadPicture(f"a decompression bomb: {width} x {height} pixels, above {MAX_PIXELS:,}")
    if min(width, height) < MIN_SIDE_PIXELS:
        raise BadPicture(f"only {width} x {height} pixels; the shorter side must have {MIN_SIDE_PIXELS}")
    return picture


def header(blob: bytes) -> Header:
    """Size and colour of a picture; raises :class:`BadPicture` like :func:`opened`."""
    picture = opened(blob)
    width, height = picture.size
    if orientation(picture) in TURNING_ORIENTATIONS:
        width, height = height, width
    return Header(width, height, is_grey(picture))


def upright(blob: bytes) -> Image.Image:
    """The first frame, turned as its EXIF says, in mode L or RGB with 8 bits, see-through parts composited on white.

    Raises:
        BadPicture: also where the pixels are cut short or of a kind that is no picture.
    """
    picture = opened(blob)
    try:
        picture.load()
        ImageOps.exif_transpose(picture, in_place=True)
    except Exception as error:  # decoders raise OSError, SyntaxError, EOFError, struct.error, ValueError, ...
        what = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise BadPicture(f"{what} ({error})") from None
    return _eight_bits(picture)


def fitted(picture: Image.Image, width: int, height: int, channels: int) -> np.ndarray:
    """uint8 (height, width, channels): centre crop to the asked shape, then bicubic resize with antialiasing.

    A picture that already has that size keeps its pixels.
    """
    picture = picture.convert("L" if channels == 1 else "RGB") if channels != len(picture.getbands()) else picture
    if picture.size != (width, height):
        # Cropped first: resize(box=...) would let pixels from outside the box bleed into the edge.
        picture = picture.crop(_centre(*picture.size, width / height)).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.uint8).reshape(height, width, channels)


def is_cropped(size: tuple[int, int], width: int, height: int) -> bool:
    """Whether :func:`fitted` leaves out edges of a picture of ``size`` = (width, height)."""
    return size != (width, height) and _centre(*size, width / height) != (0, 0, *size)


def orientation(picture: Image.Image) -> int:
    """The EXIF orientation 1..8; 1 is upright."""
    if picture.format not in {"JPEG", "TIFF", "WEBP"} and "exif" not in picture.info:
        return 1  # asking Pillow would decode the whole file to look behind the pixels
    try:
        return int(picture.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata of a sound picture
        return 1


def is_grey(picture: Image.Image) -> bool:
    """Whether the picture is stored without colour; a palette counts when all its entries are grey."""
    if picture.mode == "P":
        palette = np.asarray(picture.getpalette() or [0], dtype=np.uint8)
        entries = palette[: len(palette) // 3 * 3].reshape(-1, 3)
        return bool((entries == entries[:, :1]).all())
    return picture.mode in GREY_MODES or picture.mode.startswith("I;16")


def is_see_through(picture: Image.Image) -> bool:
    """Whether some pixels may let the background through."""
    return "transparency" in picture.info or picture.mode in {"LA", "La", "PA", "RGBA", "RGBa"}


def is_sixteen_bit(picture: Image.Image) -> bool:
    """Whether levels have 16 bits; Pillow reads colour PNG of 16 bits as 8, so only grey ones are noticed."""
    return picture.mode == "I" or picture.mode.startswith("I;16")


def _eight_bits(picture: Image.Image) -> Image.Image:
    grey = is_grey(picture)
    if is_sixteen_bit(picture):
        return _from_sixteen_bits(picture)
    if picture.mode == "F":
        raise BadPicture("holds 32-bit floating-point numbers, whose black and white are unknown; save it with 8 or 16 bits")
    try:
        if is_see_through(picture):
            picture = picture.convert("RGBA")
            picture = Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
        return picture.convert("L" if grey else "RGB")
    except ValueError as error:
        raise BadPicture(f"its colours (mode {picture.mode}) cannot be turned into RGB: {error}") from None


def _from_sixteen_bits(picture: Image.Image) -> Image.Image:
    levels = np.asarray(picture).astype(np.float64)
    if levels.min() < 0 or levels.max() > 65535:
        raise BadPicture("holds 32-bit numbers, whose black and white are unknown; save it with 8 or 16 bits")
    return Image.fromarray(np.rint(levels / 257).astype(np.uint8))


def _centre(width: int, height: int, shape: float) -> tuple[int, int, int, int]:
    """The largest box in the middle with ``shape`` = width / height."""
    across, down = min(width, round(height * shape)), min(height, round(width / shape))
    left, top = (width - across) // 2, (height - down) // 2
    return left, top, left + across, top + down
