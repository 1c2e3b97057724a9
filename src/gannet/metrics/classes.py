"""The family of classes: what a game or an independent classifier sees in samples, against what is right."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.cnn import TRAINED
from gannet.features.extractors import describe, log_probabilities
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.inputs import checked_classes, checked_images, checked_labels
from gannet.metrics.intervals import WILSON, Rows, or_wilson, share, tenths
from gannet.metrics.names import feature_label

RARE = 0.25
"""A class that comes less often than this share of its right frequency is named on the card."""
MOST_NAMED = 10


class _Answered(Metric):
    """A share of real samples for which the game's answer is right."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE

    def spec(self) -> dict[str, Any]:
        """Version."""
        return {"version": 1}


@dataclass(frozen=True)
class Accuracy(_Answered):
    """Accuracy of a game that classifies.

    Share of real samples whose class the game's discriminator names; the test error is 1 - accuracy.

    On the source's test split where it has one. Not the accuracy of generated samples, which needs a separate
    classifier.
    """

    name: ClassVar[str] = "accuracy"
    needs: ClassVar[Need] = "predicted"

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        labels, predicted = checked_classes(samples, "predicted")
        return share(labels == predicted)


@dataclass(frozen=True)
class Purity(_Answered):
    """Purity of the classes that a game finds without labels.

    sum over clusters of the rows of its commonest true class, over all rows: 1 when a cluster never mixes classes.

    How InfoGAN's categorical code is compared with the true digit (Chen et al. 2016, section 7.2,
    https://arxiv.org/abs/1606.03657), except that two clusters may share a class. K equal classes put into one cluster
    give 1/K.
    """

    name: ClassVar[str] = "purity"
    needs: ClassVar[Need] = "clusters"

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In (0, 1]."""
        labels, clusters = checked_classes(samples, "clusters")
        counts = np.zeros((clusters.max() + 1, labels.max() + 1), np.int64)
        np.add.at(counts, (clusters, labels), 1)
        # The commonest class of each cluster is taken as known.
        return share(counts.argmax(axis=1)[clusters] == labels)


@dataclass(frozen=True)
class ClassAccuracy(FeatureMetric):
    """Whether generated images show the requested class.

    Share of generated images in which an independent classifier sees the requested class.

    0 to 1; guessing one of K equal classes gives 1 / K. The classifier errs too: the real-data reference is its
    accuracy on real images. The shares of the single classes stand on the card. One perfect image for each class scores
    full marks: it says nothing of variety.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier, which must know the classes of the data: mnist-cnn-v1, fashion-cnn-v1 or digits-cnn-v1."""

    name: ClassVar[str] = "class_accuracy"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "followed"
    needs_classifier: ClassVar[bool] = True

    def label(self) -> str:
        """``class-accuracy[classifier]``."""
        return f"class-accuracy[{self.extractor}]"

    def spec(self) -> dict[str, Any]:
        """The classifier."""
        return {"version": 1, **describe(self.extractor), "class": "likeliest"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1].

        Raises:
            UserError: an extractor that is not a classifier of these classes.
        """
        _, fake = checked_images(samples)
        names, _, asked = checked_labels(samples)
        known = TRAINED[self.extractor].class_names if self.extractor in TRAINED else ()
        if not set(names) <= set(known):
            raise UserError(
                f"{self.extractor} does not know the classes {', '.join(names[:5])}{' ...' if len(names) > 5 else ''}."
            )
        seen = np.asarray(known)[log_probabilities(self.extractor, fake).argmax(axis=1)]
        right = seen == np.asarray(names)[asked]
        whole = share(right)
        parts = {
            name: float(right[asked == number].mean()) for number, name in enumerate(names) if (asked == number).any()
        }
        return Estimate(whole.value, whole.ci95, WILSON, parts)


@dataclass(frozen=True)
class ClassHistogram(FeatureMetric):
    """How unevenly a classifier finds its classes among generated images, against real ones.

    Total variation between the class shares of generated and of real images: sum |p - q| / 2, 0 to 1.

    Each image counts for the class that the classifier finds likeliest. Classes that hardly come are named in the
    warnings. n perfect images of K equal classes read about sqrt(K / (pi n)) instead of 0: compare with the real-data
    reference.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier: mnist-cnn-v1, fashion-cnn-v1, digits-cnn-v1, effnet-lite0 or inception."""

    name: ClassVar[str] = "class_histogram"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = SHARE
    symmetric: ClassVar[bool] = True
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def label(self) -> str:
        """``class-histogram[classifier]``."""
        return feature_label("class-histogram", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The classifier and the distance."""
        return {"version": 1, **describe(self.extractor), "class": "likeliest", "distance": "total variation"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1].

        Raises:
            UserError: an extractor that is not a classifier.
        """
        found = [log_probabilities(self.extractor, images) for images in checked_images(samples)]
        real, fake = (class_shares(rows.argmax(axis=1), rows.shape[1]) for rows in found)
        if rare := np.flatnonzero(fake < RARE * real).tolist():
            numbers = ", ".join(map(str, rare[:MOST_NAMED])) + (" ..." if len(rare) > MOST_NAMED else "")
            warnings.warn(
                f"Classes of {self.extractor} that come less than a quarter as often as they should: {numbers}.",
                stacklevel=2,
            )
        return or_wilson(tenths(_total_variation, (found[0],), (found[1],)), min(map(len, found)))


def _total_variation(reals: Rows, fakes: Rows) -> float:
    real, fake = (class_shares(rows.argmax(axis=1), rows.shape[1]) for (rows,) in (reals, fakes))
    return float(np.abs(real - fake).sum() / 2)


def class_shares(classes: np.ndarray, count: int) -> np.ndarray:
    """(N,) numbers below ``count`` -> (count,), sums to 1."""
    return np.bincount(classes, minlength=count) / len(classes)
