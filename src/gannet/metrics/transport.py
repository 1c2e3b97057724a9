"""Exact optimal transport between two sets of points, of bounded cost."""

from __future__ import annotations

import warnings

import numpy as np

from gannet.errors import UserError


def transport_cost(real: np.ndarray, fake: np.ndarray, *, power: int) -> float:
    """The least E |x - y|^power over couplings of both sets, solved exactly by POT's network simplex.

    About one second on one core for 2,500 against 2,500.

    Raises:
        UserError: the solver did not finish.
    """
    import ot

    distance = np.hypot(*(real[:, None, axis] - fake[None, :, axis] for axis in (0, 1)))
    with warnings.catch_warnings():
        # The solver reports non-convergence as a warning and returns a number that is not the optimum.
        warnings.simplefilter("error", UserWarning)
        try:
            return max(0.0, float(np.asarray(ot.emd2([], [], distance**power, numItermax=20_000_000))))
        except UserWarning as problem:
            counts = f"{len(real)} and {len(fake)}"
            raise UserError(f"Exact transport between {counts} points did not finish ({problem}); measure fewer.") from None


def thinned(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most ``most`` of the points, chosen by ``rng``, whatever the order in which they came."""
    if len(points) <= most:
        return points
    # In sorted order the choice does not depend on the order in which the samples came.
    ordered = points[np.lexsort(points.T)]
    return ordered[rng.choice(len(points), most, replace=False)]
