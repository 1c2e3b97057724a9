"""Frechet distances between Gaussian fits of image features: FD, FD at infinitely many samples, FD per class."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.cnn import TRAINED
from gannet.features.extractors import describe, features, log_probabilities
from gannet.metrics.base import ANY, NOT_NEGATIVE, Better, Bounds, Estimate, Need, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.inputs import FEWEST_SAMPLES, checked_images, checked_labels
from gannet.metrics.intervals import Rows, leave_out
from gannet.metrics.names import feature_label

SMALLEST_SHARE = 0.2
GOOD_FIT = 0.9


@dataclass(frozen=True)
class FrechetDistance(FeatureMetric):
    """Frechet distance between Gaussian fits of image features.

    FD = |mu1 - mu2|^2 + Tr(S1 + S2 - 2 (S1 S2)^(1/2)) of the features of one extractor.

    The formula is that of Heusel et al. 2017 (FID), eq. 6, https://arxiv.org/abs/1706.08500. **It is the FID only with
    the extractor inception**, and ``FID@n`` for n < 10,000: any other label names the extractor, and numbers of two do
    not compare. randconv-v1 knows texture, strokes and contrast but no objects; the classifiers know theirs, and
    nothing else. Biased upwards for few samples (the real-data reference on the card shows by how much). About 4 s for
    10,000 MNIST images a side on one core.
    """

    name: ClassVar[str] = "fd"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    symmetric: ClassVar[bool] = True

    def label(self) -> str:
        """``FD[extractor]``; ``FID`` for inception."""
        return feature_label("FD", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor, the hash of its weights, the preprocessing and the covariance."""
        return {"version": 1, **describe(self.extractor), "distance_dtype": "float64", "covariance": "unbiased"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = checked_images(samples)
        return frechet_estimate(features(self.extractor, real), features(self.extractor, fake))


@dataclass(frozen=True)
class FrechetDistanceAtInfinity(FeatureMetric):
    """Frechet distance extrapolated to infinitely many samples.

    The value at 1 / n = 0 of a line through the FD of n real against n generated images, for several n.

    Chong and Forsyth 2020, https://arxiv.org/abs/1911.07023: the bias of the FD falls as 1 / n, so the line takes most
    of it away. Both sets are thinned here, for both have a bias. The sizes stand evenly in 1 / n from a fifth to all of
    the smaller set; the choice of the images is seeded. R^2 of the line is on the card: without a real difference the
    line fits noise, and the value scatters around 0.
    """

    sizes: Annotated[int, Field(ge=3, le=50)] = 15
    """How many n the line goes through."""

    name: ClassVar[str] = "fd_infinity"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = ANY
    asked_for: ClassVar[tuple[Kind, ...]] = ("images",)
    unbiased: ClassVar[bool] = True

    def label(self) -> str:
        """``FD-infinity[extractor]``; ``FID-infinity`` for inception."""
        return feature_label("FD-infinity", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor and the line."""
        fit = {
            "sizes": self.sizes,
            "smallest_share": SMALLEST_SHARE,
            "spacing": "even in 1 / n",
            "fit": "least squares in 1 / n",
        }
        return {"version": 1, **describe(self.extractor), "covariance": "unbiased", **fit}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """About 0 for equal distributions; sometimes below."""
        sets = [features(self.extractor, images) for images in checked_images(samples)]
        # In the order of their features the choice does not depend on the order in which the images came.
        orders = [np.lexsort(rows.T)[rng.permutation(len(rows))] for rows in sets]
        most = min(map(len, sets))
        counts = np.rint(1 / np.linspace(1 / (SMALLEST_SHARE * most), 1 / most, self.sizes)).astype(int)
        chosen = [
            [rows[rng.permutation(order)[:count]] for rows, order in zip(sets, orders, strict=True)] for count in counts
        ]
        value, r_squared = at_zero(1 / counts, np.array([frechet_distance(*pair) for pair in chosen]))
        quality = "" if r_squared >= GOOD_FIT else ": the line fits badly, so do not lean on the value"
        warnings.warn(f"R^2 of the line of {self.label()} is {r_squared:.3f}{quality}.", stacklevel=2)
        return value


@dataclass(frozen=True)
class FrechetDistancePerClass(FeatureMetric):
    """Frechet distance of each class by itself.

    Mean over classes of the FD between the generated and the real images of one class; every class stands on the card.

    It sees what the FD of all together cannot: classes that are exchanged, or one that is made badly. Of a
    class-conditional game, the classes of its images are the requested ones (the intra-FID of Miyato and Koyama 2018,
    section 5, https://arxiv.org/abs/1802.05637, which is of Inception); of any other game those that the extractor
    sees, in real images too, so the extractor must be a classifier. A class with fewer than 10 images has no FD, and
    then there is no mean. Each class has a K-th of the images, so the bias of few samples is larger than that of
    ``fd``: compare with the real-data reference.
    """

    classes: Literal["asked", "seen"] = "asked"
    """The class of a generated image: the requested one, or the one that the extractor sees."""

    name: ClassVar[str] = "fd_per_class"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "classes"
    asked_for: ClassVar[tuple[Kind, ...]] = ("images",)

    def label(self) -> str:
        """``FD-per-class[extractor]``; ``intra-FID`` for inception and requested classes."""
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
            UserError: a class with fewer than 10 images, or classes that nobody knows.
        """
        names, of_real, of_fake = self._classes(samples)
        for number, name in enumerate(names):
            for which, classes in (("real", of_real), ("generated", of_fake)):
                if (count := int((classes == number).sum())) < FEWEST_SAMPLES:
                    raise UserError(
                        f"Class {name!r} has {count} {which} images; its FD needs at least {FEWEST_SAMPLES}."
                    )
        rows = [features(self.extractor, images) for images in checked_images(samples)]
        each = (rows[0], of_real), (rows[1], of_fake)

        def fits(rows: Rows) -> list[Fit]:
            return [_fit(rows[0][rows[1] == number]) for number in range(len(names))]

        whole = leave_out(lambda real, fake: float(np.mean([*map(_between, real, fake)])), *each, fits)
        parts = map(_between, *map(fits, each))
        return replace(whole, parts=dict(zip(names, parts, strict=True)))

    def _classes(self, samples: Samples) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
        if self.classes == "asked":
            return checked_labels(samples)
        if self.extractor not in TRAINED:
            raise UserError(
                f"The classes of these images are not known: {self.extractor} sees none, and the game is unconditional."
            )
        seen = [log_probabilities(self.extractor, images).argmax(axis=1) for images in checked_images(samples)]
        # Real data may have a part of the classes; a generated image of another class has nothing to be compared with.
        present = np.flatnonzero(
            np.bincount(seen[0], minlength=len(TRAINED[self.extractor].class_names)) >= FEWEST_SAMPLES
        )
        place = np.full(len(TRAINED[self.extractor].class_names), -1)
        place[present] = np.arange(len(present))
        return tuple(TRAINED[self.extractor].class_names[number] for number in present), place[seen[0]], place[seen[1]]


def frechet_estimate(real: np.ndarray, fake: np.ndarray) -> Estimate:
    """FD of two feature sets, (N, D) and (M, D), with the interval of the jackknife."""
    return leave_out(_between, (real,), (fake,), lambda rows: _fit(rows[0]))


def frechet_distance(first: np.ndarray, second: np.ndarray) -> float:
    """FD between the Gaussian fits of two feature sets, (N, D) and (M, D) -> a number >= 0, in float64.

    No matrix root is taken: with centred X1, X2 scaled to S = X^T X, Tr((S1 S2)^(1/2)) is the sum of the singular
    values of X1 X2^T, hence of R1 R2^T with R the triangular factors of X. Good for N < D too, and exactly symmetric
    inputs give 0 up to rounding.

    Raises:
        UserError: fewer than two rows, or features that are not finite.
    """
    return _between(_fit(first), _fit(second))


Fit = tuple[np.ndarray, np.ndarray]
"""A Gaussian: the mean (D,) and R (min(N, D), D) with R^T R = the unbiased covariance."""


def _fit(rows: np.ndarray) -> Fit:
    rows = np.asarray(rows, np.float64)
    if len(rows) < 2 or not np.isfinite(rows).all():
        raise UserError("The Frechet distance needs at least two finite samples on each side.")
    return rows.mean(axis=0), _covariance_root(rows)


def _between(first: Fit, second: Fit) -> float:
    (mean1, root1), (mean2, root2) = first, second
    cross = np.linalg.svd(root1 @ root2.T, compute_uv=False).sum()
    means = np.square(mean1 - mean2).sum()
    return max(0.0, float(means + np.square(root1).sum() + np.square(root2).sum() - 2 * cross))


def _covariance_root(rows: np.ndarray) -> np.ndarray:
    """R with R^T R = the unbiased covariance; (min(N, D), D)."""
    _, root = np.linalg.qr((rows - rows.mean(axis=0)) / np.sqrt(len(rows) - 1))
    return root


def at_zero(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Where the least-squares line through (x, y) meets x = 0, and its R^2 (1 where y does not vary)."""
    slope, intercept = np.polyfit(x, y, 1)
    total = np.square(y - y.mean()).sum()
    rest = np.square(y - slope * x - intercept).sum()
    return float(intercept), float(1 - rest / total) if total > 0 else 1.0
