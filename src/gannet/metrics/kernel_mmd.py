"""The squared maximum mean discrepancy of a kernel, without bias, with an interval from the jackknife."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from gannet.metrics.base import Estimate
from gannet.metrics.intervals import LEAVE_ONE_OUT, NORMAL_95, around

Kernel = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""(N, D) and (M, D) -> (N, M)."""
CHUNK_VALUES = 4_000_000


def unbiased_mmd(first: np.ndarray, second: np.ndarray, kernel: Kernel) -> Estimate:
    """U-statistic of MMD^2 over all pairs, with a 95 % interval.

    MMD^2 = sum_{i != j} k(x_i, x_j) / (m (m - 1)) + sum_{i != j} k(y_i, y_j) / (n (n - 1)) - 2 sum_{i, j} k(x_i, y_j) / (m n):
    Gretton et al. 2012, lemma 6, https://jmlr.org/papers/v13/gretton12a.html. The standard error is that of the delete-one
    jackknife of both sets, which needs only the sums of the kernel's rows; it is somewhat too wide where both
    distributions are equal.

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
