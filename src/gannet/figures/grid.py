"""Grids of images, with unchanged brightness."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from PIL import Image, ImageDraw

from gannet.errors import UserError
from gannet.figures.sheet import image_sheet
from gannet.figures.theme import INK, MUTED, PAPER, Colour, font, shortened, wrapped

READABLE_CELL = 56
"""Small images are enlarged to about this many pixels."""
GAP: Colour = (225, 228, 232)


def image_grid(
    images: np.ndarray,
    columns: int | None = None,
    *,
    padding: int = 2,
    column_labels: Sequence[str] | None = None,
    row_labels: Sequence[str] | None = None,
    captions: Sequence[str] | None = None,
    scale: int | None = None,
) -> Image.Image:
    """Place image k in row ``k // columns``, column ``k % columns``; 0 is always black and 255 always white.

    Args:
        images: uint8 (N, H, W, 1 or 3), or with opacity (N, H, W, 4), which are shown on white.
        columns: number of columns; by default the grid is nearly square.
        padding: pixels between images and around them.
        column_labels: text above the columns.
        row_labels: text at the left of the rows, one line of it per line; equal neighbours are written once.
        captions: text below the columns, in as many lines as it needs; equal neighbours are written once.
        scale: whole number by which every pixel is enlarged; by default, small images are enlarged to about 56 pixels.

    Raises:
        UserError: the images are not uint8 (N, H, W, 1, 3 or 4), or there are more labels than columns.
    """
    images = np.asarray(images)
    if images.dtype != np.uint8 or images.ndim != 4 or images.shape[3] not in (1, 3, 4) or not len(images):
        raise UserError(
            f"A grid needs uint8 images (N, H, W, 1, 3 or 4) with N at least 1, not {images.dtype} {images.shape}."
        )
    columns = min(columns or int(np.ceil(np.sqrt(len(images)))), len(images))
    if column_labels is not None and len(column_labels) > columns:
        raise UserError(f"{len(column_labels)} column labels were given for {columns} columns.")
    scale = scale or _scale(*images.shape[1:3])
    images = _on_white(images) if images.shape[3] == 4 else images
    colours = images.repeat(3 // images.shape[3], axis=3)
    enlarged = colours.repeat(scale, axis=1).repeat(scale, axis=2)
    picture = Image.fromarray(image_sheet(enlarged, columns, padding=padding, background=GAP))
    step = enlarged.shape[2] + padding
    picture = with_captions(picture, captions, step, padding) if captions else picture
    strip = 0
    if column_labels:
        bare, picture = picture, _with_labels(picture, column_labels, step, padding)
        strip = picture.height - bare.height
    if row_labels:
        picture = _with_row_labels(picture, row_labels, strip + padding, enlarged.shape[1] + padding)
    return picture


def size_of_grid(count: int, columns: int, height: int, width: int, padding: int = 2) -> tuple[int, int]:
    """(width, height) in pixels of the grid of :func:`image_grid` without labels and captions."""
    scale, columns = _scale(height, width), min(columns, count)
    return columns * (width * scale + padding) + padding, -(-count // columns) * (height * scale + padding) + padding


def _on_white(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, 4), colour and opacity -> (N, H, W, 3)."""
    share = images[..., 3:] / 255
    return np.rint(images[..., :3] * share + 255 * (1 - share)).astype(np.uint8)


def _scale(height: int, width: int) -> int:
    return max(1, round(READABLE_CELL / max(height, width)))


def captioned(picture: Image.Image, text: str, right: str = "") -> Image.Image:
    """The figure with a strip above it that has text at the left and at the right."""
    size = max(13, min(18, picture.width // 26))
    strip = round(size * 2.0)
    page = Image.new("RGB", (picture.width, picture.height + strip), PAPER)
    page.paste(picture, (0, strip))
    pen = ImageDraw.Draw(page)
    pen.text((round(size * 0.6), strip / 2), text, INK, font(size, text), anchor="lm")
    pen.text((picture.width - round(size * 0.6), strip / 2), right, INK, font(size, right), anchor="rm")
    return page


def with_captions(picture: Image.Image, captions: Sequence[str], step: int, padding: int) -> Image.Image:
    """The picture of a grid with a sentence below each column, or below equal neighbours together.

    Args:
        picture: of the grid.
        captions: one per column.
        step: pixels from one column to the next.
        padding: pixels before the first column.
    """
    size = max(9, min(13, step // 6))
    spans = [(text, len(list(group))) for text, group in groupby(captions)]
    blocks = [wrapped(text, count * step - size // 2, size) for text, count in spans]
    line = round(size * 1.25)
    page = Image.new("RGB", (picture.width, picture.height + line * max(map(len, blocks)) + size // 2), PAPER)
    page.paste(picture, (0, 0))
    pen, column = ImageDraw.Draw(page), 0
    for (_, count), lines in zip(spans, blocks, strict=True):
        centre = padding + (column + count / 2) * step - padding / 2
        for number, text in enumerate(lines):
            pen.text((centre, picture.height + line * (number + 0.6)), text, INK, font(size, text), anchor="mm")
        column += count
    return page


def _with_labels(picture: Image.Image, labels: Sequence[str], step: int, padding: int) -> Image.Image:
    size = 12
    strip = size + 8
    page = Image.new("RGB", (picture.width, picture.height + strip), PAPER)
    page.paste(picture, (0, strip))
    pen = ImageDraw.Draw(page)
    for column, label in enumerate(labels):
        centre = padding + column * step + (step - padding) / 2
        short = shortened(str(label), step, size)
        pen.text((centre, strip / 2), short, INK, font(size, short), anchor="mm")
    return page


def _with_row_labels(picture: Image.Image, labels: Sequence[str], top: int, step: int) -> Image.Image:
    """The picture of a grid with a margin at its left; a line joins rows that share a label.

    Args:
        picture: of the grid.
        labels: one per row.
        top: pixels above the first row.
        step: pixels from one row to the next.
    """
    size, line = 12, 16
    spans = [(text, len(list(group))) for text, group in groupby(labels)]
    widest = max(font(size, part).getlength(part) for text, _ in spans for part in text.split("\n"))
    margin = round(widest) + 2 * size
    page = Image.new("RGB", (margin + picture.width, picture.height), PAPER)
    page.paste(picture, (margin, 0))
    pen, row = ImageDraw.Draw(page), 0
    for text, count in spans:
        first, last = top + row * step, top + (row + count) * step
        parts = text.split("\n")
        start = (first + last - line * (len(parts) - 1)) / 2
        for number, part in enumerate(parts):
            colour = INK if number == 0 else MUTED
            pen.text((margin - size, start + line * number), part, colour, font(size, part), anchor="rm")
        if count > 1:
            pen.line((margin - size // 2, first + 4, margin - size // 2, last - 8), MUTED)
        row += count
    return page
