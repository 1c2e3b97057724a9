"""Sheets: images in rows and columns as one array."""

from __future__ import annotations

import numpy as np


def image_sheet(
    images: np.ndarray, columns: int, *, padding: int = 0, background: int | tuple[int, int, int] = 0
) -> np.ndarray:
    """Place image k in row ``k // columns``, column ``k % columns``.

    Args:
        images: uint8 (N, H, W, C).
        columns: number of columns.
        padding: pixels between images and around them.
        background: colour of the padding and of empty places.

    Returns:
        uint8 (rows * (H + padding) + padding, columns * (W + padding) + padding, C).
    """
    count, height, width, channels = images.shape
    down, across = height + padding, width + padding
    sheet = np.empty((-(-count // columns) * down + padding, columns * across + padding, channels), np.uint8)
    sheet[:] = background
    for index, image in enumerate(images):
        top, left = padding + index // columns * down, padding + index % columns * across
        sheet[top : top + height, left : left + width] = image
    return sheet


def cells(sheet: np.ndarray, height: int, width: int) -> np.ndarray:
    """The images (N, height, width, C), row by row, of a sheet without padding; a part at the right or bottom edge that
    is not a whole image is left out.
    """
    rows, columns = sheet.shape[0] // height, sheet.shape[1] // width
    whole = sheet[: rows * height, : columns * width]
    tiles = whole.reshape(rows, height, columns, width, -1).swapaxes(1, 2)
    return tiles.reshape(rows * columns, height, width, -1)


def side_by_side(columns: dict[str, np.ndarray]) -> np.ndarray:
    """Columns (N, H, W, C) each -> (N * number of columns, H, W, C): the images of each row next to each other."""
    return np.stack(list(columns.values()), axis=1).reshape(-1, *next(iter(columns.values())).shape[1:])
