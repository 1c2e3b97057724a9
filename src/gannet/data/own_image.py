"""One image file of a user: upright pixels, opacity and colour profile, and what else the file holds."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image, ImageOps

from gannet.data.decode import (
    MAX_PIXELS,
    BadImage,
    Reading,
    header,
    is_grey,
    is_see_through,
    largest_level,
    opened,
    stored_size,
    upright,
)
from gannet.data.levels import white_of


@dataclass(frozen=True)
class OwnImage:
    """An image as it is seen: rotated by its EXIF orientation, 8 bits."""

    colours: Image.Image
    """Mode L or RGB."""
    alpha: Image.Image | None
    """Mode L: the opacity; None without transparency."""
    profile: bytes | None
    """ICC profile of the colours; None if there is none, or if it does not describe RGB."""
    notes: tuple[str, ...]
    """What of the file was not used, as ends of a sentence."""


def own_image(blob: bytes) -> OwnImage:
    """Decode the whole image at its own size.

    Of several frames or pages the first is used; for more than 8 bits see :func:`white_level`.

    Raises:
        BadImage: not an image, damaged, too large, too small, or an unknown white level.
    """
    head = header(blob)  # raises for too many pixels, except of JPEG, which decodes at a half
    width, height = stored_size(blob)
    if width * height > MAX_PIXELS:
        raise BadImage(f"too large: {width} x {height} pixels, above {MAX_PIXELS:,}")
    notes = ["the first image of several"] if head.several else []
    image = opened(blob)
    profile = image.info.get("icc_profile") if image.mode in ("RGB", "RGBA", "P") and not head.grey else None
    if head.deep:
        white = white_level(blob)
        if white != Reading().deep_white:
            notes.append(f"level {white:g} taken as white")
        return OwnImage(upright(blob, Reading(deep_white=white)), None, None, tuple(notes))
    if not is_see_through(image):
        return OwnImage(upright(blob), None, profile, tuple(notes))
    grey = is_grey(image)
    try:
        image.load()
        ImageOps.exif_transpose(image, in_place=True)
        image = image.convert("RGBA")
    except Exception as error:  # as in upright
        raise BadImage(f"damaged ({error})") from None
    colours = image.convert("RGB")
    return OwnImage(colours.convert("L") if grey else colours, image.getchannel("A"), profile, tuple(notes))


def white_level(blob: bytes) -> float:
    """The level that is white in an image of more than 8 bits: the smallest of 1, 255, 1023, 4095, 16383 and 65535 that
    holds its largest level, as for training data; 65535, which is not used, for 8 bits.

    Raises:
        BadImage: the largest level is above all of them, or not an image.
    """
    if not header(blob).deep:
        return Reading().deep_white
    largest = largest_level(blob)
    white = white_of(largest)
    if white is None:
        raise BadImage(f"its largest level is {largest:,g}, so its white level is unknown; save it with 16 bits")
    return white
