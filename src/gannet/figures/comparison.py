"""Figures in rows and columns, with a name above every row and every column."""

from __future__ import annotations

from collections.abc import Sequence

from PIL import Image, ImageDraw

from gannet.figures.theme import INK, MUTED, PAPER, RULE, font, shortened

GAP = 10
LETTERS = 15
NAME_HEIGHT = 28
HEADING_HEIGHT = 26


def comparison_sheet(rows: Sequence[tuple[str, Sequence[Image.Image | str]]], columns: Sequence[str]) -> Image.Image:
    """A table of figures; each row's name is above its cells.

    Args:
        rows: name and cells; a cell is a figure, or text if there is no figure. All figures have one size.
        columns: one heading per cell of a row.
    """
    pictures = [cell for _, cells in rows for cell in cells if isinstance(cell, Image.Image)]
    width, height = pictures[0].size if pictures else (200, 200)
    row_height = NAME_HEIGHT + height + GAP
    page = Image.new("RGB", (GAP + len(columns) * (width + GAP), HEADING_HEIGHT + len(rows) * row_height + GAP), PAPER)
    pen = ImageDraw.Draw(page)
    for column, heading in enumerate(columns):
        centre = GAP + column * (width + GAP) + width / 2
        pen.text(
            (centre, HEADING_HEIGHT / 2 + 2),
            shortened(heading, width, LETTERS),
            MUTED,
            font(LETTERS, heading),
            anchor="mm",
        )
    for row, (name, cells) in enumerate(rows):
        top = HEADING_HEIGHT + row * row_height
        pen.text(
            (GAP, top + NAME_HEIGHT / 2),
            shortened(name, page.width - 2 * GAP, LETTERS + 2),
            INK,
            font(LETTERS + 2, name),
            anchor="lm",
        )
        for column, cell in enumerate(cells):
            _place(page, cell, (GAP + column * (width + GAP), top + NAME_HEIGHT, width, height))
    return page


def _place(page: Image.Image, cell: Image.Image | str, box: tuple[int, int, int, int]) -> None:
    left, top, width, height = box
    if isinstance(cell, Image.Image):
        page.paste(cell, (left, top))
        return
    pen = ImageDraw.Draw(page)
    pen.rectangle((left, top, left + width - 1, top + height - 1), outline=RULE)
    words = shortened(cell, width - GAP, LETTERS - 2)
    pen.text((left + width / 2, top + height / 2), words, MUTED, font(LETTERS - 2, words), anchor="mm")
