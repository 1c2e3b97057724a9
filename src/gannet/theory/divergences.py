"""Divergences in nats: between two histograms, or from log-densities at samples."""

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


def kullback_leibler_from_samples(log_p: np.ndarray, log_q: np.ndarray) -> float:
    """KL(p || q) = E_p (log p - log q) from two log-densities (N,), in nats, at the same N samples **of p**.

    A mean, so its standard error is that of ``log_p - log_q``. Unlike the divergence itself it can come out below 0.
    """
    return float(np.mean(np.asarray(log_p, np.float64) - np.asarray(log_q, np.float64)))


def jensen_shannon_from_samples(at_p: tuple[np.ndarray, np.ndarray], at_q: tuple[np.ndarray, np.ndarray]) -> float:
    """JS(p, q) from log-densities: ``at_p`` is (log p, log q) at samples of p, ``at_q`` the same at samples of q.

    log(p / m) = log 2 - log(1 + q / p), so where one density is 0 (its logarithm -infinity) nothing is lost.
    """
    (p_at_p, q_at_p), (p_at_q, q_at_q) = at_p, at_q
    of_p = np.log(2) - np.logaddexp(0, np.asarray(q_at_p, np.float64) - p_at_p)
    of_q = np.log(2) - np.logaddexp(0, np.asarray(p_at_q, np.float64) - q_at_q)
    return float((of_p.mean() + of_q.mean()) / 2)
