"""Colours and font of all figures; the colours are distinguishable by colour-blind readers and in print."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import ImageFont

Colour = tuple[int, int, int]

PAPER: Colour = (255, 255, 255)
INK: Colour = (28, 33, 40)
MUTED: Colour = (102, 112, 122)
RULE: Colour = (208, 213, 219)
REAL: Colour = (11, 84, 110)
"""Real data: deep teal, drawn hollow."""
FAKE: Colour = (220, 78, 12)
"""Generated data: orange, drawn solid."""
REAL_TINT: Colour = (172, 213, 224)
"""Background where the discriminator's output is above 1/2."""
FAKE_TINT: Colour = (252, 210, 178)
"""Background where the discriminator's output is below 1/2."""
SERIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#5b4ea8", "#a6761d", "#3b3b3b", "#56b4e9")
"""Line colours, after Okabe and Ito's set for colour-blind readers (2008), without its yellow."""


def hex_colour(rgb: Colour) -> str:
    """The colour as matplotlib and HTML write it: ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


@lru_cache
def font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's built-in font at a size in pixels, which is the same on every machine."""
    from PIL import ImageFont

    return ImageFont.load_default(size)


def shortened(label: str, width: float, size: int) -> str:
    """The label, shortened with ``...`` if it is wider than ``width`` pixels."""
    if font(size).getlength(label) <= width:
        return label
    while label and font(size).getlength(label + "...") > width:
        label = label[:-1]
    return label + "..."


def wrapped(text: str, width: float, size: int) -> list[str]:
    """The words in lines that fit in a width in pixels; a longer word is cut."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if font(size).getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [shortened(line, width, size) for line in lines if line]
