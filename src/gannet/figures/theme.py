"""Colours and font of all figures; the colours are distinguishable by colour-blind readers and in print."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

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

NO_LETTER = "\U0010ffff"
"""A code point that is never a letter; fonts draw their sign for missing letters."""


def hex_colour(rgb: Colour) -> str:
    """The colour as matplotlib and HTML write it: ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*rgb)


def font(size: int, text: str = "") -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font for a text at a size in pixels.

    It is Pillow's built-in font, which is the same on every machine and has the letters of English. A text with other
    letters gets DejaVu Sans, which is part of matplotlib (accents, Greek, Cyrillic), else the first font of this
    machine that has most of them (Chinese).
    """
    return _loaded(_file_for(frozenset(letter for letter in text if letter > "~" and not letter.isspace())), size)


@lru_cache
def _loaded(file: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """The font in a file; without a name Pillow's built-in one."""
    from PIL import ImageFont

    return ImageFont.truetype(file, size) if file else ImageFont.load_default(size)


@lru_cache
def _file_for(letters: frozenset[str]) -> str:
    """The file of the first font that lacks fewest of the letters; empty for Pillow's built-in one."""
    chosen, fewest = "", len(letters) + 1
    for file in _files():
        if not fewest:
            break
        try:
            lacking = _lacking(file, letters)
        except OSError:  # not a font that can have any size
            continue
        if lacking < fewest:
            chosen, fewest = file, lacking
    return chosen


def _files() -> Iterator[str]:
    yield ""
    import matplotlib

    yield str(Path(matplotlib.get_data_path(), "fonts", "ttf", "DejaVuSans.ttf"))
    from matplotlib.font_manager import findSystemFonts

    yield from sorted(findSystemFonts())


def _lacking(file: str, letters: frozenset[str]) -> int:
    """How many letters are drawn like one that no font has."""
    letters_of: Any = _loaded(file, 20)  # Pillow's types do not say that a mask has bytes
    missing = bytes(letters_of.getmask(NO_LETTER))
    return sum(bytes(letters_of.getmask(letter)) == missing for letter in letters)


def shortened(label: str, width: float, size: int) -> str:
    """The label, shortened with ``...`` if it is wider than ``width`` pixels."""
    letters = font(size, label)
    if letters.getlength(label) <= width:
        return label
    while label and letters.getlength(label + "...") > width:
        label = label[:-1]
    return label + "..."


def wrapped(text: str, width: float, size: int) -> list[str]:
    """The words in lines that fit in a width in pixels; a longer word is cut."""
    lines, letters = [""], font(size, text)
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if letters.getlength(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [shortened(line, width, size) for line in lines if line]
