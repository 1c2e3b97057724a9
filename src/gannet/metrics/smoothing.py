"""Probabilities from counts."""

from __future__ import annotations

import numpy as np


def smoothed(counts: np.ndarray, pseudo_count: float) -> np.ndarray:
    """(B,) counts -> probabilities, all > 0: ``pseudo_count`` is added to every cell."""
    return (counts + pseudo_count) / (counts.sum() + pseudo_count * len(counts))
