"""Frechet distance between Gaussian fits of image features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.extractors import RANDCONV, check_name, describe, features
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_images
from gannet.metrics.intervals import Rows, leave_out
from gannet.metrics.names import feature_label


@dataclass(frozen=True)
class FrechetDistance(Metric):
    """FD = |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)) of the features of one extractor.

    The formula is that of Heusel et al. 2017 (FID), eq. 6, https://arxiv.org/abs/1706.08500. **It is the FID only with the
    extractor inception**, and ``FID@n`` for n < 10,000: any other label names the extractor, and numbers of two do not compare.
    randconv-v1 knows texture, strokes and contrast but no objects; the classifiers know theirs, and nothing else. Biased
    upwards for few samples (the floor on the card shows by how much). About 4 s for 10,000 MNIST images a side on one core.
    """

    extractor: str = RANDCONV
    """Of features: randconv-v1 for any pictures, or a classifier such as mnist-cnn-v1."""

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    symmetric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``FD[extractor]``; ``FID`` for inception."""
        return feature_label("FD", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor, the hash of its weights, the preprocessing and the covariance."""
        return {"version": 1, **describe(self.extractor), "distance_dtype": "float64", "covariance": "unbiased"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = checked_images(samples)
        return leave_out(_distance, (features(self.extractor, real),), (features(self.extractor, fake),))


def _distance(reals: Rows, fakes: Rows) -> float:
    return frechet_distance(reals[0], fakes[0])


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """FD between the Gaussian fits of two feature sets, (N, D) and (M, D) -> a number >= 0, in float64.

    No matrix root is taken: with centred X1, X2 scaled to S = X^T X, Tr((S1 S2)^(1/2)) is the sum of the singular values of
    X1 X2^T, hence of R1 R2^T with R the triangular factors of X. Good for N < D too, and exactly symmetric inputs give 0
    up to rounding.

    Raises:
        UserError: fewer than two rows, or features that are not finite.
    """
    first, second = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if min(len(first), len(second)) < 2 or not (np.isfinite(first).all() and np.isfinite(second).all()):
        raise UserError("The Frechet distance needs at least two rows a side, all of them finite.")
    root1, root2 = _covariance_root(first), _covariance_root(second)
    cross = np.linalg.svd(root1 @ root2.T, compute_uv=False).sum()
    means = np.square(first.mean(axis=0) - second.mean(axis=0)).sum()
    return max(0.0, float(means + np.square(root1).sum() + np.square(root2).sum() - 2 * cross))


def _covariance_root(rows: np.ndarray) -> np.ndarray:
    """R with R^T R = the unbiased covariance; (min(N, D), D)."""
    _, root = np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1))
    return root
