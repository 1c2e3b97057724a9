"""Energy distance between two sets of points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.intervals import Rows, tenths
from gannet.metrics.pairwise import squared_distances


@dataclass(frozen=True)
class EnergyDistance(Metric):
    """Energy distance between two sets of points.

    2 E|X - Y| - E|X - X'| - E|Y - Y'|, in the unit of the points: 0 only for equal distributions.

    Szekely and Rizzo 2013, https://doi.org/10.1016/j.jspi.2013.03.018. The square of what scipy calls energy distance.
    Over all pairs, each point also with itself (V-statistic), so it is never below 0 and a little above it for two
    draws of one distribution.
    """

    name: ClassVar[str] = "energy_distance"
    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    symmetric: ClassVar[bool] = True
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)

    def spec(self) -> dict[str, Any]:
        """The estimator."""
        return {"version": 1, "ground": "Euclidean", "power": 1, "estimator": "V-statistic over all pairs"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = checked_points(samples)
        return tenths(_distance, (real,), (fake,))


def _distance(reals: Rows, fakes: Rows) -> float:
    (real,), (fake,) = reals, fakes
    return max(0.0, 2 * mean_distance(real, fake) - mean_distance(real, real) - mean_distance(fake, fake))


def mean_distance(first: np.ndarray, second: np.ndarray) -> float:
    """E|X - Y| over all pairs of rows."""
    total = sum(float(np.sqrt(squared).sum()) for _, squared in squared_distances(first, second))
    return total / (len(first) * len(second))
