"""Maximum mean discrepancy with Gaussian kernels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.metrics.base import Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_points
from gannet.metrics.kernel_mmd import unbiased_mmd


@dataclass(frozen=True)
class MaximumMeanDiscrepancy(Metric):
    """Squared MMD of the mean of Gaussian kernels exp(-|x - y|^2 / (2 s^2)) of several widths, unbiased, with a 95 % interval.

    The widths s are multiples of the real set's scale (root of the mean variance of its axes), so the value has no unit and
    lies in [-small, 2]. Narrow kernels see the shape of the modes, wide ones where the mass is. The estimate has no bias, so it is
    sometimes below 0 where both sets are alike, and so is its interval. Gretton et al. 2012, https://jmlr.org/papers/v13/gretton12a.html.
    """

    bandwidths: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    """Widths of the kernels over the scale of the real points."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = (-math.inf, 2.0)
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)
    unbiased: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse widths that are none."""
        if not self.bandwidths or not all(np.isfinite(width) and width > 0 for width in self.bandwidths):
            raise UserError(f"The bandwidths of mmd must be numbers above 0, not {self.bandwidths}.")

    def label(self) -> str:
        """``MMD^2``: the square, not its root."""
        return "MMD^2"

    def spec(self) -> dict[str, Any]:
        """The kernels and the estimator."""
        return {
            "version": 1,
            "kernel": "mean over bandwidths of exp(-d^2 / (2 s^2))",
            "bandwidths": list(self.bandwidths),
            "unit_of_bandwidths": "root of the mean variance of the real set's axes",
            "estimator": "U-statistic over all pairs",
            "interval": "jackknife, normal",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """About 0 for equal distributions.

        Raises:
            UserError: real points that are all the same.
        """
        real, fake = checked_points(samples)
        scale = np.sqrt(real.var(axis=0).mean())
        if scale == 0:
            raise UserError("All real points are the same, so the bandwidths of mmd have no scale.")
        return unbiased_mmd(real / scale, fake / scale, lambda first, second: gaussians(first, second, self.bandwidths))


def gaussians(first: np.ndarray, second: np.ndarray, bandwidths: tuple[float, ...]) -> np.ndarray:
    """(N, 2) and (M, 2) -> (N, M): the mean of the Gaussian kernels."""
    squared = np.square(first[:, None, 0] - second[:, 0]) + np.square(first[:, None, 1] - second[:, 1])
    # No generator expression: a float start of sum() would make one more (N, M) array.
    total = np.exp(squared / (-2 * bandwidths[0] ** 2))
    for width in bandwidths[1:]:
        total += np.exp(squared / (-2 * width**2))
    return total / len(bandwidths)
