"""Thin a long series without losing its extremes."""

from __future__ import annotations

import numpy as np


def shown_indices(values: np.ndarray, limit: int) -> np.ndarray:
    """Ascending indices of at most ``limit`` entries of (T,) ``values``: the lowest and the highest of each part.

    A part without finite values keeps its first entry, so that a gap remains a gap. The first and last entries are
    always kept.

    Args:
        values: float64, NaN for missing values.
        limit: at least 4.
    """
    if len(values) <= limit:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(1, len(values) - 1), (limit - 2) // 2)
    kept = {0, len(values) - 1}
    for stretch in stretches:
        part = values[stretch]
        if np.isnan(part).all():
            kept.add(int(stretch[0]))
        else:
            kept |= {int(stretch[np.nanargmin(part)]), int(stretch[np.nanargmax(part)])}
    return np.asarray(sorted(kept))
