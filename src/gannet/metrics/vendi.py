"""Vendi score: how many different images there seem to be."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import describe, features
from gannet.metrics.base import Better, Bounds, Estimate, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.inputs import checked_images
from gannet.metrics.intervals import Rows, leave_out


@dataclass(frozen=True)
class Vendi(FeatureMetric):
    """Vendi score: how many different images there seem to be.

    exp of the entropy of the eigenvalues of K / n, K the cosines between the features of generated images: [1, D].

    Friedman and Dieng 2023, definition 3.1, https://arxiv.org/abs/2210.02410: equal images give 1, n images without any
    likeness n. The features are taken less the real mean and over the real standard deviation, for responses of one
    network all point nearly the same way; no more than their number D can be distinguished. Diversity alone: noise is
    diverse, so the right value is that of real images (the real-data reference).
    """

    name: ClassVar[str] = "vendi"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "real"
    bounds: ClassVar[Bounds] = (1.0, math.inf)
    asked_for: ClassVar[tuple[Kind, ...]] = ("images",)

    def label(self) -> str:
        """``Vendi[extractor]``."""
        return f"Vendi[{self.extractor}]"

    def spec(self) -> dict[str, Any]:
        """The extractor and the kernel."""
        return {
            "version": 1,
            **describe(self.extractor),
            "kernel": "cosine of features standardised by the real set",
            "order": 1,
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 1."""
        real, fake = (features(self.extractor, images) for images in checked_images(samples))
        return leave_out(_standardised_score, (real,), (fake,)).within((1.0, float(real.shape[1])))


def _standardised_score(reals: Rows, fakes: Rows) -> float:
    (real,), (fake,) = reals, fakes
    deviation = real.std(axis=0)
    # A feature without spread in the real set says nothing.
    return vendi_score((fake - real.mean(axis=0))[:, deviation > 0] / deviation[deviation > 0])


def vendi_score(rows: np.ndarray) -> float:
    """(N, D) -> exp(-sum l log l) over the eigenvalues l of (cosines between rows) / N; rows of zeros count as equal
    to each other.
    """
    lengths = np.linalg.norm(rows, axis=1)
    unit = rows[lengths > 0] / lengths[lengths > 0, None]
    # The non-zero eigenvalues of U U^T are those of U^T U, which is small.
    eigenvalues = np.linalg.eigvalsh(unit.T @ unit if unit.shape[1] < len(unit) else unit @ unit.T)
    shares = np.append(eigenvalues, (lengths == 0).sum()) / len(rows)
    shares = shares[shares > 1e-15]
    # Equal rows have the single eigenvalue 1, up to rounding.
    return max(1.0, float(np.exp(-(shares * np.log(shares)).sum())))
