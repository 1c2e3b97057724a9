"""Samples of every recipe and seed under samples of the data, as one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gannet.comparison.result import Result, Row
from gannet.figures.comparison import comparison_sheet
from gannet.figures.field2d import Extent, draw_points
from gannet.figures.grid import image_grid

if TYPE_CHECKING:
    from PIL import Image

NUM_POINTS = 1000
NUM_IMAGES, IMAGE_COLUMNS = 25, 5
CELL = 240
"""Side in pixels of a cell of points; sheets of images come near it."""


def draw(result: Result) -> Image.Image:
    """A row of real samples, then a row for each recipe; a column for each seed. The EMA generators, always
    with the same noise.
    """
    comparison = result.comparison
    count = NUM_POINTS if comparison.dataset.form.kind == "points" else NUM_IMAGES
    reals = [comparison.dataset.reference(count, seed=seed)[0] for seed in comparison.seeds]
    extent = _extent(reals[0]) if comparison.dataset.form.kind == "points" else None
    rows: list[tuple[str, list[Image.Image | str]]] = [
        ("real data", [_cell(real, extent, real=True) for real in reals])
    ]
    for contestant in comparison.contestants:
        rows.append((contestant.recipe, [_samples(row, count, extent) for row in result.of(contestant)]))
    return comparison_sheet(rows, [f"seed {seed}" for seed in comparison.seeds])


def _samples(row: Row, count: int, extent: Extent | None) -> Image.Image | str:
    if row.status in ("stopped", "failed"):
        return f"{row.status} at step {row.step:,}"
    samples, _ = row.entry.open().sample(count)
    return _cell(samples, extent, real=False)


def _cell(samples: np.ndarray, extent: Extent | None, *, real: bool) -> Image.Image:
    if extent is None:
        scale = max(1, round(CELL / IMAGE_COLUMNS / samples.shape[1]))
        return image_grid(samples, IMAGE_COLUMNS, scale=scale)
    none = np.zeros((0, 2))
    return draw_points(
        samples if real else none, none if real else samples, None, extent, 0, size_px=(CELL, CELL), plain=True
    )


def _extent(points: np.ndarray) -> Extent:
    low, high = points.min(0), points.max(0)
    (x, y), half = (low + high) / 2, 0.65 * float((high - low).max())
    return float(x) - half, float(x) + half, float(y) - half, float(y) + half
