"""A long series as few points, without hiding its extremes."""

from __future__ import annotations

import numpy as np


def thinned(values: np.ndarray, limit: int) -> np.ndarray:
    """Indices, ascending, of at most ``limit`` entries of (T,) ``values``: the least and the greatest of each stretch.

    A stretch without any finite value keeps its first entry, so that a gap stays a gap. First and last are always kept.

    Args:
        values: float64, NaN where there is none.
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
