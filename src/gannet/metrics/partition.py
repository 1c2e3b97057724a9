"""A partition of the whole plane into cells, with the true probability of each: what JS and KL of points are taken
over.

The plane is first a fine grid over a box (the outer cells reach to infinity, so no mass is lost); its fine cells are
then joined into ``cells`` rectangles: again and again the heaviest one is halved along its longer side, so that all get
nearly equal shares of 3/4 true probability + 1/4 area. Cells are therefore small where the data are, and the void
between the modes has separate cells, where a generated point counts as wrong.
"""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from heapq import heappop, heappush
from typing import Any

import numpy as np

from gannet.data.base import Modes, Truth
from gannet.errors import UserError
from gannet.metrics.base import Estimate
from gannet.metrics.intervals import LEAVE_ONE_OUT, NORMAL_95, around, leave_one_out

AREA_SHARE = 0.25
SIGMAS_AROUND_MODES = 6.0
FINE_CELLS_PER_SIGMA = 2.0
FINE_CELLS = (256, 1024)
FINE_CELLS_WITHOUT_MODES = 512
CHUNK_ROWS = 32_768


@dataclass(frozen=True)
class Partition:
    """Rectangles that cover the plane."""

    low: np.ndarray
    """(2,) corner of the box."""
    step: np.ndarray
    """(2,) size of a fine cell."""
    cell_of: np.ndarray
    """(G, G) index of the rectangle that each fine cell belongs to."""
    probability: np.ndarray
    """(B,) true probability of the rectangles, sums to 1."""
    known: bool
    """Whether the probabilities come from the density (else from counting the real samples)."""

    def counts(self, points: np.ndarray) -> np.ndarray:
        """(B,) float64 number of points per rectangle; sums to the number of points wherever they lie."""
        column, row = _fine_cell(points, self.low, self.step, len(self.cell_of)).T
        return np.bincount(self.cell_of[column, row], minlength=len(self.probability)).astype(np.float64)


_recent: OrderedDict[tuple[int, str, int], tuple[Truth, Partition]] = OrderedDict()
"""The last few partitions: three metrics and their references ask for the same one. The truth is kept, so its id
stays its own.
"""


def partition(truth: Truth, real: np.ndarray, cells: int) -> Partition:
    """The partition into ``cells`` rectangles.

    Args:
        truth: its ``log_density`` gives the probabilities where it is known, normalised over the box.
        real: (N, 2) real samples; they give the box where no modes are known, and the probabilities where no density
        is.
        cells: number of rectangles wanted.
    """
    key = (id(truth), blake2b(np.ascontiguousarray(real).tobytes()).hexdigest(), cells)
    found = _recent.get(key) or (truth, _build(truth, real, cells))
    _recent[key] = found
    while len(_recent) > 4:
        _recent.popitem(last=False)
    return found[1]


def _build(truth: Truth, real: np.ndarray, cells: int) -> Partition:
    low, step, fine = _grid(truth.modes, real)
    mass = (
        _density_mass(truth, low, step, fine) if truth.log_density is not None else _counted_mass(real, low, step, fine)
    )
    rectangles = _halve((1 - AREA_SHARE) * mass + AREA_SHARE / fine**2, step, cells)
    cell_of = np.empty((fine, fine), np.int32)
    for index, (left, right, bottom, top) in enumerate(rectangles):
        cell_of[left:right, bottom:top] = index
    probability = np.bincount(cell_of.ravel(), weights=mass.ravel(), minlength=len(rectangles))
    return Partition(low, step, cell_of, probability, truth.log_density is not None)


def _grid(modes: Modes | None, real: np.ndarray) -> tuple[np.ndarray, np.ndarray, int]:
    if modes is None:
        low, high = real.min(axis=0), real.max(axis=0)
        margin = 0.25 * np.maximum(high - low, 1e-6 + 1e-6 * np.abs(high))
        return low - margin, (high - low + 2 * margin) / FINE_CELLS_WITHOUT_MODES, FINE_CELLS_WITHOUT_MODES
    sigma = np.sqrt(np.diagonal(modes.covariances, axis1=1, axis2=2))  # (M, 2)
    low = (modes.means - SIGMAS_AROUND_MODES * sigma).min(axis=0)
    extent = (modes.means + SIGMAS_AROUND_MODES * sigma).max(axis=0) - low
    narrowest = np.sqrt(np.linalg.eigvalsh(modes.covariances).min())
    fine = int(np.clip(np.ceil(FINE_CELLS_PER_SIGMA * extent.max() / narrowest), *FINE_CELLS))
    return low, extent / fine, fine


def _density_mass(truth: Truth, low: np.ndarray, step: np.ndarray, fine: int) -> np.ndarray:
    assert truth.log_density is not None
    centres = low[:, None] + step[:, None] * (np.arange(fine) + 0.5)  # (2, G)
    points = np.stack(np.meshgrid(*centres, indexing="ij"), axis=-1).reshape(-1, 2)
    logs = np.concatenate(
        [np.asarray(truth.log_density(points[i : i + CHUNK_ROWS])) for i in range(0, len(points), CHUNK_ROWS)]
    )
    if not np.isfinite(logs.max()):
        raise UserError(
            "The known density of these data is zero, infinite or NaN on the whole grid that JS and KL are taken over."
        )
    mass = np.exp(logs.astype(np.float64) - logs.max()).reshape(fine, fine)
    return mass / mass.sum()


def _counted_mass(real: np.ndarray, low: np.ndarray, step: np.ndarray, fine: int) -> np.ndarray:
    column, row = _fine_cell(real, low, step, fine).T
    return np.bincount(column * fine + row, minlength=fine**2).reshape(fine, fine) / len(real)


def _fine_cell(points: np.ndarray, low: np.ndarray, step: np.ndarray, fine: int) -> np.ndarray:
    # Clipped before the cast: a point at 1e300 has no integer.
    return np.clip(np.floor((points - low) / step), 0, fine - 1).astype(np.int64)


def _halve(mass: np.ndarray, step: np.ndarray, cells: int) -> list[tuple[int, int, int, int]]:
    fine = len(mass)
    below = np.zeros((fine + 1, fine + 1))
    below[1:, 1:] = mass.cumsum(axis=0).cumsum(axis=1)
    rectangles = [(0, fine, 0, fine)]
    heaviest_first = [(-float(below[-1, -1]), 0)]
    while heaviest_first and len(rectangles) < cells:
        _, index = heappop(heaviest_first)
        parts = _split(below, rectangles[index], step)
        if len(parts) == 2:
            rectangles[index] = parts[0]
            rectangles.append(parts[1])
            for place in (index, len(rectangles) - 1):
                left, right, bottom, top = rectangles[place]
                inside = below[right, top] - below[left, top] - below[right, bottom] + below[left, bottom]
                heappush(heaviest_first, (-float(inside), place))
    return rectangles


def _split(
    below: np.ndarray, rectangle: tuple[int, int, int, int], step: np.ndarray
) -> list[tuple[int, int, int, int]]:
    left, right, bottom, top = rectangle
    wide = (right - left) * step[0] >= (top - bottom) * step[1]
    if wide and right - left > 1:
        inside = below[left : right + 1, top] - below[left : right + 1, bottom]
        cut = left + _middle(inside)
        return [(left, cut, bottom, top), (cut, right, bottom, top)]
    if top - bottom > 1:
        inside = below[right, bottom : top + 1] - below[left, bottom : top + 1]
        cut = bottom + _middle(inside)
        return [(left, right, bottom, cut), (left, right, cut, top)]
    return [rectangle]


def _middle(cumulative: np.ndarray) -> int:
    """Index in 1 ... len - 2 at which the cumulative mass is nearest to the half."""
    half = (cumulative[0] + cumulative[-1]) / 2
    return 1 + int(np.abs(cumulative[1:-1] - half).argmin())


def over_cells(
    formula: Callable[[np.ndarray, np.ndarray], float], truth: Truth, real: np.ndarray, fake: np.ndarray, cells: int
) -> Estimate:
    """``formula`` of how many samples of data and model each cell has, (B,) and (B,), with the interval that the counts
    leave.

    Where the density is known, the data have as many as the model would get from it; what is known does not scatter.
    """
    plane = partition(truth, real, cells)
    data, model = plane.probability * (len(fake) if plane.known else len(real)), plane.counts(fake)
    variance = leave_one_out(lambda counts: formula(data, counts), model)
    if not plane.known:
        variance += leave_one_out(lambda counts: formula(counts, model), data)
    return around(formula(data, model), NORMAL_95 * float(np.sqrt(variance)), LEAVE_ONE_OUT)


def warn_of_few(fake: np.ndarray, cells: int) -> None:
    """Warn where there are fewer points than cells."""
    if len(fake) < cells:
        warnings.warn(
            f"{len(fake)} points are few for {cells} cells: both KL divergences are drawn towards 0.", stacklevel=3
        )


def describe(cells: int) -> dict[str, Any]:
    """What the partition adds to a metric's spec."""
    return {
        "cells": cells,
        "partition": "halving-v1",
        "area_share": AREA_SHARE,
        "reference": "true density where known, else counted real samples",
    }
