"""Jensen-Shannon and Kullback-Leibler divergences between cell probabilities."""

from __future__ import annotations

import numpy as np


def kullback_leibler(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || q) = sum p log(p / q) in nats of two (B,) distributions; infinite where q is 0 and p is not."""
    seen = p > 0
    with np.errstate(divide="ignore"):
        return max(0.0, float((p[seen] * (np.log(p[seen]) - np.log(q[seen]))).sum()))


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """KL(p || m) / 2 + KL(q || m) / 2 with m = (p + q) / 2: in [0, log 2] nats, symmetric."""
    middle = (p + q) / 2
    return min(float(np.log(2)), (kullback_leibler(p, middle) + kullback_leibler(q, middle)) / 2)


def smoothed(counts: np.ndarray, pseudo_count: float) -> np.ndarray:
    """(B,) counts -> probabilities, all > 0: ``pseudo_count`` is added to every cell."""
    return (counts + pseudo_count) / (counts.sum() + pseudo_count * len(counts))
