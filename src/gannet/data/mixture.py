"""A mixture of Gaussians in the plane: fast sampling, exact density, exact moments."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gannet.data.base import Modes, Truth
from gannet.data.points import PointDistribution

NUM_POINTS_AT_ONCE = 8192
"""It bounds the memory for the density of 100 modes to about 20 MB."""


class Mixture:
    """sum_m weight_m N(mean_m, covariance_m).

    Args:
        means: (M, 2).
        covariances: (M, 2, 2), positive definite.
        weights: (M,), sums to 1; None for equal weights.
    """

    def __init__(self, means: np.ndarray, covariances: np.ndarray, weights: np.ndarray | None = None) -> None:
        count = len(means)
        self.modes = Modes(
            np.asarray(means, dtype=np.float64),
            np.asarray(covariances, dtype=np.float64),
            np.full(count, 1 / count) if weights is None else np.asarray(weights, dtype=np.float64),
        )
        self._means = torch.as_tensor(self.modes.means, dtype=torch.float32)
        self._factors = torch.as_tensor(np.linalg.cholesky(self.modes.covariances), dtype=torch.float32)
        self._weights = torch.as_tensor(self.modes.weights)
        self._equal = bool(np.allclose(self.modes.weights, 1 / count, rtol=1e-12))
        self._deviation = _common_sigma(self.modes.covariances)

    def draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Draw points (N, 2) float32 and their modes (N,) int64."""
        if self._equal:
            labels = torch.randint(len(self._means), (count,), generator=rng)
        else:
            labels = torch.multinomial(self._weights, count, replacement=True, generator=rng)
        noise = torch.randn(count, 2, generator=rng)
        centres = self._means.index_select(0, labels)
        if self._deviation is not None:
            return centres.add_(noise, alpha=self._deviation), labels
        return centres.add_(torch.bmm(self._factors.index_select(0, labels), noise.unsqueeze(2)).squeeze(2)), labels

    def log_density(self, points: np.ndarray) -> np.ndarray:
        """Log-density in nats at (N, 2) points, float64 (N,)."""
        exact = np.asarray(points, dtype=np.float64)
        parts = [self._log_density(exact[i : i + NUM_POINTS_AT_ONCE]) for i in range(0, len(exact), NUM_POINTS_AT_ONCE)]
        return np.concatenate(parts) if parts else np.empty(0)

    def moments(self) -> tuple[np.ndarray, float]:
        """Exact mean (2,) and root mean variance over coordinates (law of total variance)."""
        means, weights = self.modes.means, self.modes.weights
        mean = weights @ means
        variances = np.diagonal(self.modes.covariances, axis1=1, axis2=2)
        return mean, float(np.sqrt((weights @ (variances + (means - mean) ** 2)).mean()))

    def dataset(self, content_hash: str) -> PointDistribution:
        """The mixture as a data set whose labels are its modes."""
        return PointDistribution(
            self.draw,
            content_hash=content_hash,
            class_names=tuple(str(i) for i in range(len(self.modes.weights))),
            truth=Truth(self.modes, self.log_density),
            moments=self.moments(),
        )

    def _log_density(self, points: np.ndarray) -> np.ndarray:
        offsets = points[:, None, :] - self.modes.means  # (N, M, 2)
        precisions = np.linalg.inv(self.modes.covariances)
        squared = np.einsum("nmi,mij,nmj->nm", offsets, precisions, offsets)
        logs = (
            np.log(self.modes.weights)
            - 0.5 * np.linalg.slogdet(self.modes.covariances)[1]
            - np.log(2 * np.pi)
            - 0.5 * squared
        )
        top = logs.max(axis=1, keepdims=True)
        return top[:, 0] + np.log(np.exp(logs - top).sum(axis=1))


def isotropic(means: np.ndarray, sigma: float) -> Mixture:
    """A mixture of equal modes with the covariance ``sigma**2 * I``."""
    return Mixture(means, np.broadcast_to(np.eye(2) * sigma**2, (len(means), 2, 2)))


def square_grid(rows: int, spacing: float) -> np.ndarray:
    """(rows * rows, 2) nodes of a square lattice centred on the origin, row by row."""
    axis = (np.arange(rows) - (rows - 1) / 2) * spacing
    return np.stack(np.meshgrid(axis, axis, indexing="xy"), axis=-1).reshape(-1, 2)


def _common_sigma(covariances: np.ndarray) -> float | None:
    """The common standard deviation if all modes are isotropic and equal: a scalar is three times faster than a
    matrix per point.
    """
    variance = covariances[0, 0, 0]
    return (
        float(np.sqrt(variance))
        if np.array_equal(covariances, np.broadcast_to(np.eye(2) * variance, covariances.shape))
        else None
    )
