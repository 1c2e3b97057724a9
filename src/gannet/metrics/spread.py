"""Spread of the modes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.metrics.assignment import Assignment, assign, known_modes
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.intervals import NORMAL_95, around

CHUNK_ROWS = 200_000
RESAMPLES = 100
BOOTSTRAP = f"bootstrap, the points of every mode drawn again {RESAMPLES} times, normal"


@dataclass(frozen=True)
class Spread(Metric):
    """Median over modes of the samples' own deviation over the mode's sigma: 1 is right, below 1 modes have shrunk.

    For each mode, of the points nearest to it and within ``reach`` sigma, whitened by the true covariance: the median
    squared distance from their own centre (the median of each axis) over 2 ln 2, the median of chi^2 with 2 degrees of
    freedom; then the root. A median needs no correction for the cut at ``reach`` (a Gaussian has exp(-50) beyond 10) and
    is not moved by a few stray points; own centre, so that a shifted mode of right width still reads 1.
    A mode squeezed onto a line reads 0.57.

    The relative noise is about 0.7 / sqrt(points of a mode), less for the median over modes. Modes that overlap (closer
    than about 5 sigma) share their points, and the value then reads low; the floor on the card shows by how much.
    """

    reach: Annotated[float, Field(ge=5)] = 10.0
    """Points further than this many sigma from every mode are left out."""
    fewest: Annotated[int, Field(ge=3)] = 20
    """Modes with fewer points are left out."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "one"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes", "shift")
    needs: ClassVar[Need] = "modes"

    def label(self) -> str:
        """``spread``."""
        return "spread"

    def spec(self) -> dict[str, Any]:
        """Reach, threshold and estimator."""
        return {
            "version": 1,
            "reach": self.reach,
            "fewest": self.fewest,
            "estimator": "median squared distance from own median / (2 ln 2), x (1 + 0.65/n)",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: no mode has ``fewest`` points, so no width can be told.
        """
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        assignment = assign(fake, modes)
        counts = assignment.counts_within(self.reach, len(modes.weights))
        usable = np.flatnonzero(counts >= self.fewest)
        if not len(usable):
            raise UserError(f"No mode has {self.fewest} points within {self.reach:g} sigma, so the spread of modes cannot be told.")
        own = [_points_of(assignment, int(mode), self.reach) for mode in usable]
        value = float(np.median([_deviations(points[None])[0] for points in own]))
        redrawn = np.median([_redrawn(points, rng) for points in own], axis=0)  # (RESAMPLES,)
        return around(value, NORMAL_95 * float(redrawn.std(ddof=1)), BOOTSTRAP)


def _points_of(assignment: Assignment, mode: int, reach: float) -> np.ndarray:
    return assignment.whitened[(assignment.mode == mode) & (assignment.distance <= reach)]


def _redrawn(own: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    at_once = max(1, CHUNK_ROWS // len(own))
    sizes = [min(at_once, RESAMPLES - done) for done in range(0, RESAMPLES, at_once)]
    return np.concatenate([_deviations(own[rng.integers(len(own), size=(size, len(own)))]) for size in sizes])


def _deviations(own: np.ndarray) -> np.ndarray:
    """(R, N, 2) whitened points of a mode, R times -> (R,)."""
    squared = np.square(own - np.median(own, axis=1, keepdims=True)).sum(axis=2)
    # An own centre takes some of the width: the median of this estimate is 1 - 0.65 / n (simulated, n = 20 ... 300).
    return np.sqrt(np.median(squared, axis=1) / (2 * np.log(2))) * (1 + 0.65 / own.shape[1])
