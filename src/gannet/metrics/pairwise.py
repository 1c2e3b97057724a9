"""Distances between all rows of two sets, a bounded number at a time."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b

import numpy as np

from gannet.errors import UserError
from gannet.features.extractors import features
from gannet.metrics.base import Samples
from gannet.metrics.inputs import checked_images, checked_points

CHUNK_VALUES = 4_000_000
"""Distances held at once: 32 MB in float64."""
SHARED_NEIGHBOURS = 5
"""Nearest neighbours that are found at once, for metrics on the same rows want the first, the third or the fifth."""
REMEMBERED = 64
"""Sets whose neighbours are kept: real, generated and spare ones with their tenths, and as many again."""

_nearest: OrderedDict[tuple[bytes, int], np.ndarray] = OrderedDict()


def rows_of(samples: Samples, extractor: str) -> tuple[np.ndarray, np.ndarray]:
    """Real and fake (N, D) float64: the coordinates of points, the features of images.

    Raises:
        UserError: samples that cannot be measured.
    """
    if samples.real.ndim == 4:
        real, fake = checked_images(samples)
        return features(extractor, real), features(extractor, fake)
    return checked_points(samples)


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
        raise UserError(
            f"The {k}-th nearest neighbour of {len(rows)} samples does not exist: measure more, or choose a smaller k."
        )
    return _nearest_squared(rows, min(max(k, SHARED_NEIGHBOURS), len(rows) - 1))[:, k - 1]


def _nearest_squared(rows: np.ndarray, count: int) -> np.ndarray:
    """(N, count) squared distances to the nearest other rows, ascending; those of the last few sets are remembered."""
    rows = np.ascontiguousarray(rows)
    key = blake2b(repr(rows.shape).encode() + rows.data).digest(), count
    if key not in _nearest:
        found = np.empty((len(rows), count))
        for start, squared in squared_distances(rows, rows):
            own = np.arange(len(squared))
            squared[own, start + own] = np.inf
            found[start : start + len(squared)] = np.sort(np.partition(squared, count - 1, axis=1)[:, :count], axis=1)
        _nearest[key] = found
    _nearest.move_to_end(key)
    while len(_nearest) > REMEMBERED:
        _nearest.popitem(last=False)
    return _nearest[key]


def _spans(rows: int, columns: int) -> Iterator[tuple[int, int]]:
    size = max(1, CHUNK_VALUES // columns)
    for start in range(0, rows, size):
        yield start, min(rows, start + size)
