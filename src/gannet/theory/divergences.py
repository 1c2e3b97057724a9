"""Divergences in nats: between two histograms, or from log-densities at samples."""

from __future__ import annotations

import numpy as np

from gannet.errors import UserError


def histogram(weights: np.ndarray) -> np.ndarray:
    """Normalise the weights of cells, or a density at the centres of equal cells, to probabilities that sum to 1.

    Raises:
        UserError: a weight is negative or not finite, or all weights are 0.
    """
    weights = np.asarray(weights, np.float64)
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
        raise UserError("A histogram needs finite weights of at least 0, one of them above 0.")
    return weights / weights.sum()


def kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) = sum p log(p / q) >= 0 of two distributions of the same shape; infinite if q is 0 where p is not.

    With data p and model q, maximum likelihood minimises it. It penalises missing modes. Kullback and Leibler 1951.
    """
    support = p > 0
    with np.errstate(divide="ignore"):
        return max(0.0, float((p[support] * (np.log(p[support]) - np.log(q[support]))).sum()))


def reverse_kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(q || p): with data p and model q, it penalises samples where there are no data, and tolerates missing
    modes.
    """
    return kullback_leibler(q, p)


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2: in [0, log 2], symmetric. Lin 1991,
    https://doi.org/10.1109/18.61115.
    """
    middle = (p + q) / 2
    return min(float(np.log(2)), (kullback_leibler(p, middle) + kullback_leibler(q, middle)) / 2)


def kullback_leibler_from_samples(log_p: np.ndarray, log_q: np.ndarray) -> float:
    """Estimate KL(p || q) = E_p (log p - log q) from two log-densities (N,), in nats, at the same N samples **of p**.

    The estimate is the mean of ``log_p - log_q`` and has its standard error. Unlike the divergence, it can be negative.
    """
    return float(np.mean(np.asarray(log_p, np.float64) - np.asarray(log_q, np.float64)))


def jensen_shannon_from_samples(at_p: tuple[np.ndarray, np.ndarray], at_q: tuple[np.ndarray, np.ndarray]) -> float:
    """Estimate JS(p, q) from log-densities: ``at_p`` is (log p, log q) at samples of p, ``at_q`` the same at samples of
    q.

    It uses log(p / m) = log 2 - log(1 + q / p), which is exact even where one density is 0 and its logarithm -infinity.
    """
    (p_at_p, q_at_p), (p_at_q, q_at_q) = at_p, at_q
    of_p = np.log(2) - np.logaddexp(0, np.asarray(q_at_p, np.float64) - p_at_p)
    of_q = np.log(2) - np.logaddexp(0, np.asarray(p_at_q, np.float64) - q_at_q)
    return float((of_p.mean() + of_q.mean()) / 2)
