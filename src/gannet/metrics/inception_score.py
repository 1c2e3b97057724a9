"""The inception score's formula, on any classifier."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import describe, log_probabilities
from gannet.metrics.base import Better, Bounds, Estimate, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.inputs import checked_images
from gannet.metrics.intervals import STUDENT_95, TENTHS, around, tenths
from gannet.metrics.names import feature_label

PUBLISHED_SPLITS = 10
"""Of the inception score in Salimans et al. and ever since."""


@dataclass(frozen=True)
class ClassifierScore(FeatureMetric):
    """Classifier score: the formula of the inception score on a classifier of these data.

    exp(E_x KL(p(class | x) || p(class))) of the generated images: 1 to the number of classes.

    High where the classifier is sure of each image and all classes come equally often. The formula is that of Salimans
    et al. 2016, section 4, https://arxiv.org/abs/1606.03498. **It is the inception score only with the extractor
    inception**: any other label names the classifier. One perfect image for each class scores full marks, and a
    classifier is sure of many images that are not digits: never read it alone. All images count at once; of Inception,
    as its papers do, it is the mean over ten random tenths. The classifiers were trained with smoothed labels, so even
    real MNIST scores 7.4 of 10: compare with the real-data reference.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier: mnist-cnn-v1, fashion-cnn-v1, digits-cnn-v1, effnet-lite0 or inception."""

    name: ClassVar[str] = "is"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = (1.0, math.inf)
    blind_to: ClassVar[tuple[str, ...]] = ("noise",)

    def label(self) -> str:
        """``is[classifier]``; ``IS`` for inception."""
        return feature_label("is", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The classifier and the number of splits."""
        return {"version": 1, **describe(self.extractor), "splits": self._splits}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [1, number of classes].

        Raises:
            UserError: an extractor that is not a classifier.
        """
        _, fake = checked_images(samples)
        rows = log_probabilities(self.extractor, fake)
        range_here = (1.0, float(rows.shape[1]))
        if self._splits == 1:
            return tenths(lambda _, fakes: classifier_score(fakes[0]), (rows,), (rows,)).within(range_here)
        splits = np.array_split(rng.permutation(len(rows)), self._splits)
        scores = np.array([classifier_score(rows[split]) for split in splits])
        return around(float(scores.mean()), STUDENT_95 * scores.std(ddof=1) / np.sqrt(len(scores)), TENTHS).within(
            range_here
        )

    @property
    def _splits(self) -> int:
        return PUBLISHED_SPLITS if self.extractor == "inception" else 1


def classifier_score(log_probabilities: np.ndarray) -> float:
    """(N, C) log p(class | x) -> exp(mean_x KL(p(class | x) || mean p)), 1 ... C; in nats inside."""
    highest = log_probabilities.max(axis=0)
    # A class that no image can have: log 0, and 0 times it is 0 below.
    with np.errstate(divide="ignore"):
        log_mean = np.log(np.exp(log_probabilities - highest).mean(axis=0)) + highest
    divergences = (np.exp(log_probabilities) * (log_probabilities - log_mean)).sum(axis=1)
    return float(np.exp(divergences.mean()))
