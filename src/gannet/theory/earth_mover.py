"""Optimal transport plans: how to turn one distribution into another at the lowest cost."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from gannet.errors import UserError
from gannet.theory.divergences import histogram

MOST_ENTRIES = 4_000_000
"""Maximum size of a plan, which is a dense matrix."""
PLANNED = 500
"""Samples in a plan that is drawn, at most: more lines cannot be distinguished."""


@dataclass(frozen=True)
class Plan:
    """The coupling of two distributions with the lowest cost."""

    sources: np.ndarray
    """(N, D) places that mass is moved from."""
    targets: np.ndarray
    """(M, D) places that mass is moved to."""
    mass: np.ndarray
    """(N, M): mass moved from each source to each target. Rows sum to the weights of the sources, columns to those
    of the targets.
    """
    distances: np.ndarray
    """(N, M) Euclidean distances."""
    cost: float
    """sum mass x distance^power: W1 for power 1, W2 squared for power 2."""


def plan_between_histograms(p: np.ndarray, q: np.ndarray, places: np.ndarray | None = None, *, power: int = 1) -> Plan:
    """The optimal plan that turns the histogram ``p`` (B,) into ``q`` (B,); both are normalised first.

    Args:
        p: weights of the bins before the move.
        q: weights of the same bins after it.
        places: (B, D) or (B,) centres of the bins; 0, 1, ... if None.
        power: exponent of the distance.

    Raises:
        UserError: the shapes differ, the weights do not form a histogram, or the plan is too large.
    """
    p, q = histogram(p), histogram(q)
    positions = np.arange(len(p), dtype=np.float64) if places is None else np.asarray(places, np.float64)
    positions = positions[:, None] if positions.ndim == 1 else positions
    if p.shape != q.shape or p.shape != positions.shape[:1]:
        raise UserError(
            f"The histograms have {p.shape} and {q.shape} bins and {len(positions)} places; all must have the same "
            f"shape (B,)."
        )
    return _plan(positions, positions, p, q, power)


def plan_between_points(sources: np.ndarray, targets: np.ndarray, *, power: int = 1) -> Plan:
    """The optimal plan between two small sets of points, (N, D) and (M, D); all points of a set have equal weight.

    Raises:
        UserError: the sets differ in D, are empty or not finite, or the plan is too large.
    """
    sources, targets = np.asarray(sources, np.float64), np.asarray(targets, np.float64)
    if (
        sources.ndim != 2
        or targets.ndim != 2
        or sources.shape[1] != targets.shape[1]
        or not (len(sources) and len(targets))
    ):
        raise UserError(
            f"The points have shapes {sources.shape} and {targets.shape}; they must be (N, D) and (M, D), and not "
            f"empty."
        )
    return _plan(
        sources, targets, np.full(len(sources), 1 / len(sources)), np.full(len(targets), 1 / len(targets)), power
    )


def plan_of_samples(generated: np.ndarray, real: np.ndarray) -> Plan:
    """The optimal plan from the first ``PLANNED`` generated samples, (N, D), to the first real ones, (M, D); samples
    that are not finite are left out.

    Raises:
        UserError: as for :func:`plan_between_points`.
    """
    sources, targets = (points[np.isfinite(points).all(axis=1)][:PLANNED] for points in (generated, real))
    return plan_between_points(sources, targets)


def _plan(sources: np.ndarray, targets: np.ndarray, p: np.ndarray, q: np.ndarray, power: int) -> Plan:
    import ot

    if not (np.isfinite(sources).all() and np.isfinite(targets).all()):
        raise UserError("Places must be finite numbers.")
    if len(sources) * len(targets) > MOST_ENTRIES:
        counts = f"{len(sources)} and {len(targets)}"
        raise UserError(
            f"A plan between {counts} places is too large: at most {MOST_ENTRIES:,} pairs are supported; use fewer "
            f"places."
        )
    distances = np.linalg.norm(sources[:, None] - targets[None], axis=2)
    with warnings.catch_warnings():
        # The solver reports non-convergence as a warning and returns a plan that is not the optimum.
        warnings.simplefilter("error", UserWarning)
        try:
            mass = np.asarray(ot.emd(p, q, distances**power, numItermax=20_000_000))
        except UserWarning as problem:
            raise UserError(
                f"The plan between {len(sources)} and {len(targets)} places did not converge ({problem}); use fewer."
            ) from None
    return Plan(sources, targets, mass, distances, float((mass * distances**power).sum()))
