"""How unevenly a classifier finds its classes among generated pictures, against real ones."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import check_name, describe, log_probabilities
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_images
from gannet.metrics.intervals import Rows, or_wilson, tenths
from gannet.metrics.names import feature_label

RARE = 0.25
"""A class that comes less often than this share of its right frequency is named on the card."""
MOST_NAMED = 10


@dataclass(frozen=True)
class ClassHistogram(Metric):
    """Total variation between the class shares of generated and of real pictures: sum |p - q| / 2, 0 to 1.

    Each picture counts for the class that the classifier finds likeliest. Classes that hardly come are named in the warnings. n perfect
    pictures of K equal classes read about sqrt(K / (pi n)) instead of 0: compare with the floor.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier: mnist-cnn-v1, fashion-cnn-v1, digits-cnn-v1, effnet-lite0 or inception."""

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = SHARE
    symmetric: ClassVar[bool] = True
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``TV[classifier]``."""
        return feature_label("TV", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The classifier and the distance."""
        return {"version": 1, **describe(self.extractor), "class": "likeliest", "distance": "total variation"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1].

        Raises:
            UserError: an extractor that is no classifier.
        """
        found = [log_probabilities(self.extractor, images) for images in checked_images(samples)]
        real, fake = (class_shares(rows.argmax(axis=1), rows.shape[1]) for rows in found)
        if rare := np.flatnonzero(fake < RARE * real).tolist():
            numbers = ", ".join(map(str, rare[:MOST_NAMED])) + (" ..." if len(rare) > MOST_NAMED else "")
            warnings.warn(f"Classes of {self.extractor} that come less than a quarter as often as they should: {numbers}.", stacklevel=2)
        return or_wilson(tenths(_total_variation, (found[0],), (found[1],)), min(map(len, found)))


def _total_variation(reals: Rows, fakes: Rows) -> float:
    real, fake = (class_shares(rows.argmax(axis=1), rows.shape[1]) for (rows,) in (reals, fakes))
    return float(np.abs(real - fake).sum() / 2)


def class_shares(classes: np.ndarray, count: int) -> np.ndarray:
    """(N,) numbers below ``count`` -> (count,), sums to 1."""
    return np.bincount(classes, minlength=count) / len(classes)
