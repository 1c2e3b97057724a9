"""The kernel family: squared MMD of points and of image features, with a jackknife interval."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.extractors import describe, features
from gannet.metrics.base import ANY, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.inputs import checked_images, checked_points
from gannet.metrics.intervals import LEAVE_ONE_OUT, NORMAL_95, around
from gannet.metrics.names import feature_label

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(N, D) and (M, D) -> (N, M)."""
CHUNK_VALUES = 4_000_000


@dataclass(frozen=True)
class MaximumMeanDiscrepancy(Metric):
    """Maximum mean discrepancy with Gaussian kernels.

    Squared MMD of the mean of Gaussian kernels exp(-|x - y|^2 / (2 s^2)) of several widths, unbiased, with a 95 %
    interval.

    The widths s are multiples of the real set's scale (root of the mean variance of its axes), so the value has no unit
    and lies in [-small, 2]. Narrow kernels see the shape of the modes, wide ones where the mass is. The estimate has no
    bias, so it is sometimes below 0 where both sets are alike, and so is its interval. Gretton et al. 2012,
    https://jmlr.org/papers/v13/gretton12a.html.
    """

    bandwidths: tuple[float, ...] = (0.03, 0.1, 0.3, 1.0)
    """Widths of the kernels over the scale of the real points."""

    name: ClassVar[str] = "mmd"
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


@dataclass(frozen=True)
class KernelDistance(FeatureMetric):
    """Kernel distance between image features.

    Squared MMD of features under the kernel (x . y / D + 1)^3, unbiased over all pairs, with a 95 % interval.

    The estimator is that of Binkowski et al. 2018, section 4, https://arxiv.org/abs/1801.01401, on the whole sets at
    once instead of on random subsets. **It is the KID only with the extractor inception**: any other label names the
    extractor. It has no bias for few samples, and is sometimes below 0 where both sets are alike, and so is its
    interval. Not a square root.
    """

    name: ClassVar[str] = "kid"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = ANY
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    symmetric: ClassVar[bool] = True
    unbiased: ClassVar[bool] = True

    def label(self) -> str:
        """``KID[extractor]``; ``KID`` for inception."""
        return feature_label("KID", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor, the kernel and the estimator."""
        kernel = {"kernel": "(x.y/D + 1)^3", "estimator": "U-statistic over all pairs", "interval": "jackknife, normal"}
        return {"version": 1, **describe(self.extractor), **kernel}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """About 0 for equal distributions."""
        real, fake = checked_images(samples)
        return unbiased_mmd(features(self.extractor, real), features(self.extractor, fake), cubic)


def unbiased_mmd(first: np.ndarray, second: np.ndarray, kernel: Kernel) -> Estimate:
    """U-statistic of MMD^2 over all pairs, with a 95 % interval.

    MMD^2 = sum_{i != j} k(x_i, x_j) / (m (m - 1)) + sum_{i != j} k(y_i, y_j) / (n (n - 1)) - 2 sum_{i, j} k(x_i, y_j) /
    (m n): Gretton et al. 2012, lemma 6, https://jmlr.org/papers/v13/gretton12a.html. The standard error is that of the
    delete-one jackknife of both sets, which needs only the sums of the kernel's rows; it is somewhat too wide where
    both distributions are equal.

    Args:
        first: (m, D), m >= 3.
        second: (n, D), n >= 3.
        kernel: symmetric; called on bounded parts of the sets.
    """
    m, n = len(first), len(second)
    own1, own2 = _sums_within(first, kernel), _sums_within(second, kernel)
    cross1, cross2 = _sums_across(first, second, kernel)
    within1, within2, across = own1.sum() / (m * (m - 1)), own2.sum() / (n * (n - 1)), cross1.sum() / (m * n)
    without1 = _within_without(own1) + within2 - 2 * (cross1.sum() - cross1) / ((m - 1) * n)
    without2 = within1 + _within_without(own2) - 2 * (cross2.sum() - cross2) / (m * (n - 1))
    variance = sum((len(w) - 1) ** 2 / len(w) * w.var(ddof=1) for w in (without1, without2))
    return around(float(within1 + within2 - 2 * across), NORMAL_95 * float(np.sqrt(variance)), LEAVE_ONE_OUT)


def _within_without(row_sums: np.ndarray) -> np.ndarray:
    count = len(row_sums)
    return (row_sums.sum() - 2 * row_sums) / ((count - 1) * (count - 2))


def _sums_within(rows: np.ndarray, kernel: Kernel) -> np.ndarray:
    sums = np.empty(len(rows))
    for start, values in _chunks(rows, rows, kernel):
        own = np.arange(len(values))
        values[own, start + own] = 0
        sums[start : start + len(values)] = values.sum(axis=1)
    return sums


def _sums_across(first: np.ndarray, second: np.ndarray, kernel: Kernel) -> tuple[np.ndarray, np.ndarray]:
    rows, columns = np.empty(len(first)), np.zeros(len(second))
    for start, values in _chunks(first, second, kernel):
        rows[start : start + len(values)] = values.sum(axis=1)
        columns += values.sum(axis=0)
    return rows, columns


def _chunks(first: np.ndarray, second: np.ndarray, kernel: Kernel) -> Iterator[tuple[int, np.ndarray]]:
    size = max(1, CHUNK_VALUES // len(second))
    for start in range(0, len(first), size):
        yield start, kernel(first[start : start + size], second)


def gaussians(first: np.ndarray, second: np.ndarray, bandwidths: tuple[float, ...]) -> np.ndarray:
    """(N, 2) and (M, 2) -> (N, M): the mean of the Gaussian kernels."""
    squared = np.square(first[:, None, 0] - second[:, 0]) + np.square(first[:, None, 1] - second[:, 1])
    # No generator expression: a float start of sum() would make one more (N, M) array.
    total = np.exp(squared / (-2 * bandwidths[0] ** 2))
    for width in bandwidths[1:]:
        total += np.exp(squared / (-2 * width**2))
    return total / len(bandwidths)


def cubic(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, D) and (M, D) -> (N, M): (x . y / D + 1)^3."""
    inner = first @ second.T / first.shape[1] + 1
    # Twice as quick as a power.
    return inner * inner * inner
