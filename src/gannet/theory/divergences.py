"""Divergences between two histograms, in nats."""

from __future__ import annotations

import numpy as np

from gannet.errors import UserError


def histogram(weights: np.ndarray) -> np.ndarray:
    """Weights of cells, or a density at the middles of equal cells -> probabilities of the same shape that sum to 1.

    Raises:
        UserError: a weight that is negative or not finite, or weights that are all 0.
    """
    weights = np.asarray(weights, np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
        raise UserError("A histogram needs finite weights of at least 0, one of them above 0.")
    return weights / weights.sum()


def kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) = sum p log(p / q) >= 0 of two distributions of one shape; infinite where q is 0 and p is not.

    With data p and model q this is what maximum likelihood minimises: it punishes modes left out. Kullback and Leibler 1951.
    """
    seen = p > 0
    with np.errstate(divide="ignore"):
        return max(0.0, float((p[seen] * (np.log(p[seen]) - np.log(q[seen]))).sum()))


def reverse_kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(q || p): with data p and model q it punishes samples where there are no data, and forgives modes left out."""
    return kullback_leibler(q, p)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2: in [0, log 2], symmetric. Lin 1991, https://doi.org/10.1109/18.61115."""
    middle = (p + q) / 2
    return min(float(np.log(2)), (kullback_leibler(p, middle) + kullback_leibler(q, middle)) / 2)
