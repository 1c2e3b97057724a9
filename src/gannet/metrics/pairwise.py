"""Distances between all rows of two sets, a bounded number at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.metrics.base import Samples
from gannet.metrics.extractors import features
from gannet.metrics.inputs import checked_images, checked_points

CHUNK_VALUES = 4_000_000
"""Distances held at once: 32 MB in float64."""


def rows_of(samples: Samples, extractor: str) -> tuple[np.ndarray, np.ndarray]:
    """Real and fake (N, D) float64: the coordinates of points, the features of images.

    Raises:
        UserError: samples that cannot be measured.
    """
    if samples.real.ndim == 4:
        real, fake = checked_images(samples)
        return features(extractor, real), features(extractor, fake)
    return checked_points(samples)


def kind_of(samples: Samples) -> Kind:
    """Whether the samples are images or points, by the number of axes."""
    return "images" if samples.real.ndim == 4 else "points"


def squared_distances(first: np.ndarray, second: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """For some rows of ``first`` at a time: the number of the first of them, and their (rows, M) squared distances."""
    if first.shape[1] <= 3:
        # Exact differences: as quick as a product where there are few columns, and near points lose no digits.
        columns = list(zip(first.T, second.T, strict=True))
        for start, stop in _spans(len(first), len(second)):
            yield start, sum(np.square(a[start:stop, None] - b) for a, b in columns)  # type: ignore[misc]
        return
    centre = second.mean(axis=0)
    first, second = first - centre, second - centre
    norms = np.square(second).sum(axis=1)
    for start, stop in _spans(len(first), len(second)):
        part = first[start:stop]
        yield start, np.maximum(0, np.square(part).sum(axis=1)[:, None] + norms - 2 * part @ second.T)


def neighbour_radii(rows: np.ndarray, k: int) -> np.ndarray:
    """(N,) squared distance of each row to its k-th nearest other row of the same set.

    Raises:
        UserError: fewer than k + 1 rows.
    """
    if len(rows) <= k:
        raise UserError(f"The {k}-th nearest neighbour of {len(rows)} samples does not exist: measure more, or choose a smaller k.")
    radii = np.empty(len(rows))
    for start, squared in squared_distances(rows, rows):
        own = np.arange(len(squared))
        squared[own, start + own] = np.inf
        radii[start : start + len(squared)] = np.partition(squared, k - 1, axis=1)[:, k - 1]
    return radii


def _spans(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    size = max(1, CHUNK_VALUES // columns)
    for start in range(0, rows, size):
        yield start, min(rows, start + size)
