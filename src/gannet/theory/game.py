"""The game of Goodfellow et al. 2014 with an unrestricted discriminator: https://arxiv.org/abs/1406.2661."""

from __future__ import annotations

import numpy as np

from gannet.theory.divergences import jensen_shannon


def optimal_discriminator(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """D*(x) = p(x) / (p(x) + q(x)), proposition 1: in [0, 1], the shape of ``p``; 1/2 where neither has mass.

    Args:
        p: densities or probabilities of the data at given places.
        q: those of the model, at the same places and in the same unit.
    """
    p, q = np.asarray(p, np.float64), np.asarray(q, np.float64)
    total = p + q
    return np.divide(p, total, out=np.full(total.shape, 0.5), where=total > 0)


def game_value(p: np.ndarray, q: np.ndarray, discriminator: np.ndarray) -> float:
    """V(D, G) = sum p log D + q log(1 - D), equation 1, for two histograms; -infinity if D is certain and wrong."""
    with np.errstate(divide="ignore"):
        return float(
            (p[p > 0] * np.log(discriminator[p > 0])).sum() + (q[q > 0] * np.log1p(-discriminator[q > 0])).sum()
        )


def generator_cost(p: np.ndarray, q: np.ndarray) -> float:
    """C(G) = max over D of V(D, G) = 2 JS(p, q) - log 4, theorem 1: from -log 4 if q = p, to 0 if they are disjoint."""
    return 2 * jensen_shannon(p, q) - float(np.log(4))
