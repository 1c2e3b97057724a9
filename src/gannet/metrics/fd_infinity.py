"""Frechet distance extrapolated to infinitely many samples."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name, describe, features
from gannet.metrics.base import ANY, Better, Bounds, Metric, Samples
from gannet.metrics.fd import frechet_distance
from gannet.metrics.inputs import checked_images
from gannet.metrics.names import feature_label

SMALLEST_SHARE = 0.2
GOOD_FIT = 0.9


@dataclass(frozen=True)
class FrechetDistanceAtInfinity(Metric):
    """The value at 1 / n = 0 of a line through the FD of n real against n generated pictures, for several n.

    Chong and Forsyth 2020, https://arxiv.org/abs/1911.07023: the bias of the FD falls as 1 / n, so the line takes most of it away. Both
    sets are thinned here, for both have a bias. The sizes stand evenly in 1 / n from a fifth to all of the smaller set; the choice of the
    pictures is seeded. R^2 of the line is on the card: without a real difference the line fits noise, and the value scatters around 0.
    """

    extractor: str = RANDCONV
    """Of features: randconv-v1 for any pictures, or another of `gannet.features.extractors`."""
    sizes: Annotated[int, Field(ge=3, le=50)] = 15
    """How many n the line goes through."""

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = ANY
    asked_for: ClassVar[tuple[Kind, ...]] = ("images",)
    unbiased: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``FD-infinity[extractor]``; ``FID-infinity`` for inception."""
        return feature_label("FD-infinity", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor and the line."""
        fit = {"sizes": self.sizes, "smallest_share": SMALLEST_SHARE, "spacing": "even in 1 / n", "fit": "least squares in 1 / n"}
        return {"version": 1, **describe(self.extractor), "covariance": "unbiased", **fit}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """About 0 for equal distributions; sometimes below."""
        sets = [features(self.extractor, images) for images in checked_images(samples)]
        # In the order of their features the choice does not depend on the order in which the pictures came.
        orders = [np.lexsort(rows.T)[rng.permutation(len(rows))] for rows in sets]
        most = min(map(len, sets))
        counts = np.rint(1 / np.linspace(1 / (SMALLEST_SHARE * most), 1 / most, self.sizes)).astype(int)
        chosen = [[rows[rng.permutation(order)[:count]] for rows, order in zip(sets, orders, strict=True)] for count in counts]
        value, r_squared = at_zero(1 / counts, np.array([frechet_distance(*pair) for pair in chosen]))
        quality = "" if r_squared >= GOOD_FIT else ": the line fits badly, so do not lean on the value"
        warnings.warn(f"R^2 of the line of {self.label()} is {r_squared:.3f}{quality}.", stacklevel=2)
        return value


def at_zero(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Where the least-squares line through (x, y) meets x = 0, and its R^2 (1 where y does not vary)."""
    slope, intercept = np.polyfit(x, y, 1)
    total = np.square(y - y.mean()).sum()
    rest = np.square(y - slope * x - intercept).sum()
    return float(intercept), float(1 - rest / total) if total > 0 else 1.0
