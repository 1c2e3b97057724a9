"""The formula of the inception score."""

from __future__ import annotations

import numpy as np


def classifier_score(log_probabilities: np.ndarray) -> float:
    """(N, C) log p(class | x) -> exp(mean_x KL(p(class | x) || mean p)), 1 ... C; in nats inside."""
    highest = log_probabilities.max(axis=0)
    # A class that no picture can have: log 0, and 0 times it is 0 below.
    with np.errstate(divide="ignore"):
        log_mean = np.log(np.exp(log_probabilities - highest).mean(axis=0)) + highest
    divergences = (np.exp(log_probabilities) * (log_probabilities - log_mean)).sum(axis=1)
    return float(np.exp(divergences.mean()))
