"""Exact 2-Wasserstein distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.intervals import Rows, tenths
from gannet.metrics.transport import thinned, transport_cost


@dataclass(frozen=True)
class Wasserstein2(Metric):
    """W2 = sqrt(min over couplings of E |x - y|^2): the root is taken, so the unit is that of the data.

    More sensitive than W1 to few points far away. A shift by s costs |s|; between Gaussians it is the Frechet distance's
    root. Two finite sets of one distribution are not at distance 0: compare with the floor on the card. Villani 2009,
    Optimal Transport, definition 6.1; solver: Flamary et al. 2021 (POT), https://jmlr.org/papers/v22/20-451.html.
    """

    max_points: Annotated[int, Field(ge=10, le=10_000)] = 2500
    """Larger sets are thinned to this many, at random; the cost grows faster than its square."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    symmetric: ClassVar[bool] = True

    def label(self) -> str:
        """``w2``."""
        return "w2"

    def spec(self) -> dict[str, Any]:
        """Order, ground cost and bound."""
        return {"version": 1, "order": 2, "ground": "Euclidean", "solver": "exact", "max_points": self.max_points}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0, in the units of the data."""
        real, fake = checked_points(samples)
        real, fake = thinned(real, self.max_points, rng), thinned(fake, self.max_points, rng)
        return tenths(_distance, (real,), (fake,))


def _distance(reals: Rows, fakes: Rows) -> float:
    return float(np.sqrt(transport_cost(*reals, *fakes, power=2)))
