"""Frechet distance of each class by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.cnn import TRAINED
from gannet.features.extractors import RANDCONV, check_name, describe, features, log_probabilities
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.fd import frechet_distance
from gannet.metrics.inputs import FEWEST_SAMPLES, checked_images, checked_labels
from gannet.metrics.intervals import Rows, leave_out
from gannet.metrics.names import feature_label


@dataclass(frozen=True)
class FrechetDistancePerClass(Metric):
    """Mean over classes of the FD between the generated and the real pictures of one class; every class stands on the card.

    It sees what the FD of all together cannot: classes that are exchanged, or one that is made badly. Of a game that follows labels, the
    classes of its pictures are those that it was asked for (the intra-FID of Miyato and Koyama 2018, section 5,
    https://arxiv.org/abs/1802.05637, which is of Inception); of any other game those that the extractor sees, in real pictures too, so
    the extractor must be a classifier. A class with fewer than 10 pictures has no FD, and then there is no mean. Each class has a K-th of
    the pictures, so the bias of few samples is larger than that of ``fd``: compare with the floor.
    """

    extractor: str = RANDCONV
    """Of features: randconv-v1 for any pictures, or a classifier such as mnist-cnn-v1."""
    classes: Literal["asked", "seen"] = "asked"
    """The class of a generated picture: what was asked for, or what the extractor sees; Gannet takes what there is."""

    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "classes"
    asked_for: ClassVar[tuple[Kind, ...]] = ("images",)

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``FD-per-class[extractor]``; ``intra-FID`` for inception and classes that were asked for."""
        if self.classes == "seen":
            return f"FD-per-class[{self.extractor}]"
        return feature_label("FD-per-class", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor, the covariance and where the classes come from."""
        fit = {"distance_dtype": "float64", "covariance": "unbiased", "mean": "of classes, all of one weight"}
        return {"version": 1, **describe(self.extractor), **fit, "classes": self.classes}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: a class with fewer than 10 pictures, or classes that nobody knows.
        """
        names, of_real, of_fake = self._classes(samples)
        for number, name in enumerate(names):
            for which, classes in (("real", of_real), ("generated", of_fake)):
                if (count := int((classes == number).sum())) < FEWEST_SAMPLES:
                    raise UserError(f"Class {name!r} has {count} {which} pictures; its FD needs at least {FEWEST_SAMPLES}.")
        rows = [features(self.extractor, images) for images in checked_images(samples)]
        whole = leave_out(_mean, (rows[0], of_real), (rows[1], of_fake))
        return replace(whole, parts=dict(zip(names, _of_each((rows[0], of_real), (rows[1], of_fake)), strict=True)))

    def _classes(self, samples: Samples) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
        if self.classes == "asked":
            return checked_labels(samples)
        if self.extractor not in TRAINED:
            raise UserError(f"The classes of these pictures are not known: {self.extractor} sees none, and no labels were followed.")
        seen = [log_probabilities(self.extractor, images).argmax(axis=1) for images in checked_images(samples)]
        # Real data may have a part of the classes; a generated picture of another class is of none that could be compared.
        present = np.flatnonzero(np.bincount(seen[0], minlength=len(TRAINED[self.extractor].class_names)) >= FEWEST_SAMPLES)
        place = np.full(len(TRAINED[self.extractor].class_names), -1)
        place[present] = np.arange(len(present))
        return tuple(TRAINED[self.extractor].class_names[number] for number in present), place[seen[0]], place[seen[1]]


def _of_each(reals: Rows, fakes: Rows) -> list[float]:
    (real, of_real), (fake, of_fake) = reals, fakes
    return [frechet_distance(real[of_real == number], fake[of_fake == number]) for number in range(int(of_real.max()) + 1)]


def _mean(reals: Rows, fakes: Rows) -> float:
    return float(np.mean(_of_each(reals, fakes)))
