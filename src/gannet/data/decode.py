"""Decode the bytes of an image file to upright 8-bit pixels of one size."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from gannet.data.levels import to_bytes

VERSION = 2
"""Increase it whenever the same bytes would give other pixels, so that cached tables are decoded again."""
# fmt: off
FORMATS = (
    "PNG", "JPEG", "JPEG2000", "BMP", "DIB", "GIF", "WEBP", "TIFF", "AVIF", "HEIF", "PPM", "TGA", "ICO", "CUR",
    "ICNS", "PCX", "DCX", "SGI", "SUN", "DDS", "QOI", "PSD", "XBM", "XPM", "MSP", "IM", "FLI", "FITS", "SPIDER",
)
# fmt: on
"""What Pillow decodes by itself. EPS and WMF are left out, because Pillow starts other programs for them."""
# fmt: off
SUFFIXES = frozenset({
    ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".pjpeg", ".pjp", ".mpo", ".jp2", ".j2k", ".j2c",
    ".jpc", ".jpf", ".jpx", ".bmp", ".dib", ".gif", ".webp", ".tif", ".tiff", ".avif", ".avifs", ".heic", ".heif",
    ".hif", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm", ".tga", ".icb", ".vda", ".vst", ".ico", ".cur", ".icns", ".pcx",
    ".dcx", ".sgi", ".rgb", ".rgba", ".bw", ".ras", ".dds", ".qoi", ".psd", ".xbm", ".xpm", ".msp", ".im", ".fli",
    ".flc", ".fits", ".fit", ".spi",
})
# fmt: on
MAX_PIXELS = 64_000_000
"""A small file can announce an image that fills the memory; photographs stay below this limit."""
MAX_REDUCED_PIXELS = 64 * MAX_PIXELS
"""JPEG decodes at an eighth of each side without the whole image in memory."""
MIN_SIDE_PIXELS = 8
GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F"})
TURNING_ORIENTATIONS = frozenset({5, 6, 7, 8})
"""EXIF orientations that exchange width and height."""
EXIF_ORIENTATION = 0x0112


class BadImage(Exception):
    """The reason why a file cannot be used, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Header:
    """What is known about an image before its pixels are read."""

    width: int
    """Of the upright image."""
    height: int
    grey: bool
    """Stored without colour."""
    deep: bool = False
    """Stored with more than 8 bits, so that its white level must be known."""
    several: bool = False
    """Whether the file holds several images, such as frames or pages."""


@dataclass(frozen=True)
class Reading:
    """How stored levels become bytes: the same for all images of a data set."""

    alpha: bool = False
    """Keep the opacity as a fourth channel instead of compositing on white."""
    white: float | None = None
    """The level that becomes 255, of all images; by default 255 for 8 bits."""
    deep_white: float = 65535.0
    """The same of images of more than 8 bits."""


UNCHANGED = Reading()


def opened(blob: bytes) -> Image.Image:
    """Open an image and check its header; the pixels are not decoded yet.

    Raises:
        BadImage: empty, not an image, too many pixels or too few.
    """
    if not blob:
        raise BadImage("the file is empty (0 bytes)")
    try:
        image = _open(blob)
    except UnidentifiedImageError:
        raise BadImage(_unidentified(blob)) from None
    except Image.DecompressionBombError:
        raise BadImage(f"a decompression bomb: more than {MAX_PIXELS:,} pixels") from None
    except Exception as error:  # on broken headers, Pillow raises exceptions of many types
        raise BadImage(f"the header is damaged ({error})") from None
    width, height = image.size
    if width * height > MAX_PIXELS:
        _reduce(image)
    if min(width, height) < MIN_SIDE_PIXELS:
        raise BadImage(f"only {width} x {height} pixels; the shorter side must have {MIN_SIDE_PIXELS}")
    return image


@cache
def _with_heif() -> bool:
    """Whether HEIF can be read: the plugin ``pillow-heif`` is installed (``pip install gannet-gan[heif]``)."""
    try:
        from pillow_heif import register_heif_opener  # type: ignore[import-not-found]
    except ImportError:
        return False
    register_heif_opener()
    return True


def _open(blob: bytes) -> Image.Image:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of large images, whose size is judged in opened
        heif = blob[4:8] == b"ftyp" and _with_heif()
        return Image.open(BytesIO(blob), formats=FORMATS if heif else [name for name in FORMATS if name != "HEIF"])


def _unidentified(blob: bytes) -> str:
    if blob[4:8] == b"ftyp" and blob[8:12] in (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1"):
        return "a HEIF image, which needs a plugin: pip install pillow-heif"
    return "not a PNG, JPEG, BMP, GIF, WEBP, TIFF or other image that Pillow reads"


def _reduce(image: Image.Image) -> None:
    """Decode a large JPEG at a half, a quarter or an eighth of each side; raise :class:`BadImage` for other images."""
    width, height = image.size
    limit = MAX_PIXELS if image.info.get("progressive") else MAX_REDUCED_PIXELS
    if image.format in ("JPEG", "MPO") and width * height <= limit:
        scale = next(k for k in (2, 4, 8) if width * height <= k * k * MAX_PIXELS)
        image.draft(image.mode, (width // scale, height // scale))
    if image.size[0] * image.size[1] > MAX_PIXELS:
        raise BadImage(f"a decompression bomb: {width} x {height} pixels, above {MAX_PIXELS:,}")


def header(blob: bytes) -> Header:
    """Size and colour of an image; raises :class:`BadImage` like :func:`opened`."""
    image = opened(blob)
    width, height = image.size
    if orientation(image) in TURNING_ORIENTATIONS:
        width, height = height, width
    return Header(width, height, is_grey(image), is_sixteen_bit(image) or image.mode == "F", holds_several(image))


def stored_size(blob: bytes) -> tuple[int, int]:
    """Width and height in the file, also of a JPEG that :func:`opened` reduces; raises :class:`BadImage` if damaged."""
    try:
        return _open(blob).size
    except Exception as error:
        raise BadImage(f"the header is damaged ({error})") from None


def largest_level(blob: bytes) -> float:
    """The largest level of an image of more than 8 bits; raises :class:`BadImage` like :func:`upright`."""
    return float(_levels(_loaded(blob)).max())


def _loaded(blob: bytes) -> Image.Image:
    image = opened(blob)
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
    except Exception as error:  # decoders raise OSError, SyntaxError, EOFError, struct.error, ValueError, ...
        what = "truncated" if "truncated" in str(error).lower() else "damaged"
        raise BadImage(f"{what} ({error})") from None
    return image


def upright(blob: bytes, reading: Reading = UNCHANGED) -> Image.Image:
    """The first frame, rotated by its EXIF orientation, in mode L or RGB with 8 bits, composited on white if
    transparent; in mode RGBA if ``reading`` keeps the opacity.

    Raises:
        BadImage: as :func:`opened`, or the pixels are truncated or have an unsupported type.
    """
    return _eight_bits(_loaded(blob), reading)


def orientation(image: Image.Image) -> int:
    """The EXIF orientation 1..8; 1 is upright."""
    if image.format not in {"JPEG", "TIFF", "WEBP"} and "exif" not in image.info:
        return 1  # for such files Pillow would decode all pixels to search for EXIF behind them
    try:
        return int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged metadata of an intact image
        return 1


def is_grey(image: Image.Image) -> bool:
    """Whether the image is stored without colour, which includes palettes of grey entries only.

    Raises:
        BadImage: the palette, for which Pillow decodes some images, is damaged.
    """
    if image.mode == "P":
        try:
            palette = np.asarray(image.getpalette() or [0], dtype=np.uint8)
        except Exception as error:  # as in _loaded
            raise BadImage(f"damaged ({error})") from None
        entries = palette[: len(palette) // 3 * 3].reshape(-1, 3)
        return bool((entries == entries[:, :1]).all())
    return image.mode in GREY_MODES or image.mode.startswith("I;16")


def holds_several(image: Image.Image) -> bool:
    """Whether the file holds several frames or pages. The second image of a phone's MPO file is a thumbnail, and the
    first of PSD shows all layers.
    """
    try:
        return image.format not in ("MPO", "PSD") and bool(getattr(image, "is_animated", False))
    except Exception:  # damage behind an intact first image
        return False


def is_see_through(image: Image.Image) -> bool:
    """Whether the image may have transparent pixels."""
    return "transparency" in image.info or image.mode in {"LA", "La", "PA", "RGBA", "RGBa"}


def is_sixteen_bit(image: Image.Image) -> bool:
    """Whether pixels have 16 bits; only grey images can be detected, because Pillow reads 16-bit colour PNG as 8
    bits.
    """
    return image.mode == "I" or image.mode.startswith("I;16")


def opaque(image: Image.Image) -> Image.Image:
    """An image in mode RGBA composited on white; any other image as it is."""
    if image.mode != "RGBA":
        return image
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def _eight_bits(image: Image.Image, reading: Reading) -> Image.Image:
    grey = is_grey(image)
    if is_sixteen_bit(image) or image.mode == "F":
        return Image.fromarray(to_bytes(_levels(image), reading.white or reading.deep_white))
    try:
        if is_see_through(image):
            image = image.convert("RGBA")
            if not reading.alpha:
                image = opaque(image)
        image = image if reading.alpha and image.mode == "RGBA" else image.convert("L" if grey else "RGB")
    except ValueError as error:
        raise BadImage(f"its colours (mode {image.mode}) cannot be turned into RGB: {error}") from None
    if reading.white is None or reading.white == 255:
        return image
    return Image.fromarray(to_bytes(np.asarray(image), reading.white))


def _levels(image: Image.Image) -> np.ndarray:
    """The levels of an image of more than 8 bits; raises :class:`BadImage` if some are negative or not finite."""
    levels = np.asarray(image)
    if not np.isfinite(levels).all() or levels.min() < 0:
        raise BadImage("holds negative or infinite numbers, whose black and white levels are unknown")
    return levels
