"""A user-defined mixture of Gaussians in the plane."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from gannet.data.base import Kind, Progress, Source
from gannet.data.digest import digest_fields
from gannet.data.mixture import Mixture
from gannet.data.points import PointDistribution
from gannet.errors import UserError

Matrix = tuple[tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, kw_only=True)
class Gmm(Source):
    """A mixture of Gaussians with user-defined means, covariances and weights.

    The default is two round Gaussians that overlap a little: means (0, 0) and (1, 1), variance 0.1, equal weights.

    Raises:
        UserError: on construction, one sentence per mistake in the three lists.
    """

    kind: ClassVar[Kind] = "points"
    means: tuple[tuple[float, float], ...] = ((0.0, 0.0), (1.0, 1.0))
    """Centre of every mode."""
    covariances: float | tuple[float | Matrix, ...] = 0.1
    """Variance of every mode: one number for all, or for each mode a number or a symmetric 2 x 2 matrix."""
    weights: tuple[float, ...] | None = None
    """Share of every mode, normalised to the sum 1; equal by default."""

    def __post_init__(self) -> None:
        problems = [*self._wrong_means(), *self._wrong_covariances(), *self._wrong_weights()]
        if problems:
            raise UserError(*problems)

    def open(self, progress: Progress) -> PointDistribution:
        """The mixture with its exact modes and density; labels are the modes in the order given."""
        covariances = np.stack([_matrix(c) for c in self._covariance_list()])
        weights = np.ones(len(self.means)) if self.weights is None else np.asarray(self.weights, dtype=np.float64)
        mixture = Mixture(np.asarray(self.means, dtype=np.float64), covariances, weights / weights.sum())
        return mixture.dataset(digest_fields(self))

    def _covariance_list(self) -> tuple[float | Matrix, ...]:
        return self.covariances if isinstance(self.covariances, tuple | list) else (self.covariances,) * len(self.means)

    def _wrong_means(self) -> list[str]:
        if not self.means:
            return ["gmm: means is empty; it needs at least one pair, for example ((0,0),(1,1))."]
        wrong = [m for m in self.means if len(m) != 2 or not np.isfinite(m).all()]
        return [f"gmm: mean {wrong[0]} is not a pair of finite numbers."] if wrong else []

    def _wrong_covariances(self) -> list[str]:
        given = self._covariance_list()
        if len(given) != len(self.means):
            return [
                f"gmm: {len(given)} covariances for {len(self.means)} means; give one number for all, or one entry "
                f"for each mean."
            ]
        wrong = [c for c in given if not _positive_definite(c)]
        return (
            [f"gmm: covariance {wrong[0]} is not a positive variance or a symmetric positive definite 2 x 2 matrix."]
            if wrong
            else []
        )

    def _wrong_weights(self) -> list[str]:
        if self.weights is None:
            return []
        if len(self.weights) != len(self.means):
            return [
                f"gmm: {len(self.weights)} weights for {len(self.means)} means; give one for each mean, or none for "
                f"equal shares."
            ]
        wrong = [w for w in self.weights if not (np.isfinite(w) and w > 0)]
        return [f"gmm: weight {wrong[0]} is not a positive number."] if wrong else []


def _matrix(covariance: float | Matrix) -> np.ndarray:
    given = np.asarray(covariance, dtype=np.float64)
    return given * np.eye(2) if given.ndim == 0 else given


def _positive_definite(covariance: float | Matrix) -> bool:
    try:
        matrix = _matrix(covariance)
    except ValueError:
        return False
    if matrix.shape != (2, 2) or not np.isfinite(matrix).all() or not np.allclose(matrix, matrix.T, rtol=1e-9, atol=0):
        return False
    return bool(np.linalg.eigvalsh(matrix)[0] > 1e-12 * np.linalg.eigvalsh(matrix)[1])
