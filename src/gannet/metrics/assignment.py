"""Which Gaussian mode each point belongs to, and how far from it in units of that mode's sigma."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gannet.data.base import Modes, Truth
from gannet.errors import UserError

CHUNK_ROWS = 8192


@dataclass(frozen=True)
class Assignment:
    """Every point with its nearest mode."""

    mode: np.ndarray
    """(N,) int64 index of the mode at the least Mahalanobis distance."""
    whitened: np.ndarray
    """(N, 2) offset from that mode in which the mode is the standard normal."""

    @property
    def distance(self) -> np.ndarray:
        """(N,) Mahalanobis distance, in sigmas."""
        return np.linalg.norm(self.whitened, axis=1)

    def counts_within(self, sigmas: float, num_modes: int) -> np.ndarray:
        """(M,) number of points no further than ``sigmas`` from the mode they are nearest to."""
        return np.bincount(self.mode[self.distance <= sigmas], minlength=num_modes)


def known_modes(truth: Truth) -> Modes:
    """The modes that have any weight.

    Raises:
        UserError: the distribution does not know its modes.
    """
    if truth.modes is None:
        raise UserError("This metric needs data whose Gaussian modes are known (ring, grid, gmm ...).")
    modes = truth.modes
    served = np.asarray(modes.weights) > 0
    return modes if served.all() else Modes(modes.means[served], modes.covariances[served], modes.weights[served])


def assign(points: np.ndarray, modes: Modes) -> Assignment:
    """Nearest modes of (N, 2) points; ties go to the mode listed first. Memory is bounded by chunks of rows."""
    # C = L L^T, so L^-1 (x - mean) has unit covariance.
    whitening = np.linalg.inv(np.linalg.cholesky(np.asarray(modes.covariances, np.float64)))  # (M, 2, 2)
    means = np.asarray(modes.means, np.float64)
    parts = [_assign_rows(points[i : i + CHUNK_ROWS], means, whitening) for i in range(0, len(points), CHUNK_ROWS)]
    return Assignment(np.concatenate([mode for mode, _ in parts]), np.concatenate([white for _, white in parts]))


def _assign_rows(points: np.ndarray, means: np.ndarray, whitening: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    white = np.einsum("mij,nmj->nmi", whitening, points[:, None, :] - means)  # (n, M, 2)
    nearest = np.square(white).sum(axis=2).argmin(axis=1)
    return nearest, white[np.arange(len(points)), nearest]
