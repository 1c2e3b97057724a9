"""Reconstructions of games that encode: their error, and whether they show the same class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import describe, log_probabilities
from gannet.metrics.base import NOT_NEGATIVE, SHARE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.inputs import checked_reconstructions
from gannet.metrics.intervals import WILSON, mean, share


@dataclass(frozen=True)
class Reconstruction(Metric):
    """Error of reconstructions, for games that encode.

    Mean squared error per value of G(E(x)) against x.

    Images are scaled to [0, 1]; for points the error is divided by the mean variance of the axes, so that 1 is no
    better than always answering the mean. On the source's test split where it has one.
    """

    name: ClassVar[str] = "reconstruction"
    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "reconstructed"

    def spec(self) -> dict[str, Any]:
        """Version and scale."""
        return {"version": 1, "scale": "pictures in [0, 1]; points over their mean variance"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: values that are not finite, too few of them, or shapes that differ.
        """
        return _mean_squared_error(*checked_reconstructions(samples))


@dataclass(frozen=True)
class Inversion(Metric):
    """Error of the best latents, for any game that generates from latents: how well it covers held-out data.

    Mean squared error per value of G(z) against x, z found for each of 100 real x by gradient descent: 64 starts, of
    which the nearest 4 are improved by 200 steps of Adam; an encoder's latent is one of the 4 if there is an encoder.

    The scale is that of ``reconstruction``. It is an upper bound of the distance of x from what G can generate: a
    search can stop early, and a G that generates noise can be near everything. On the source's test split where it has
    one. Opt-in, because it takes minutes.
    """

    name: ClassVar[str] = "inversion"
    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    asked_for: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "inverted"

    def spec(self) -> dict[str, Any]:
        """Version, scale and search."""
        search = {"starts": 64, "keep": 4, "steps": 200, "lr": 0.1, "features": 0.1}
        return {"version": 1, "scale": "images in [0, 1]; points over their mean variance", "search": search}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: values that are not finite, too few of them, or shapes that differ.
        """
        return _mean_squared_error(*checked_reconstructions(samples, "inverted"))


def _mean_squared_error(real: np.ndarray, made: np.ndarray) -> Estimate:
    scale = 255.0**2 if real.dtype == np.uint8 else float(real.astype(np.float64).var(axis=0).mean())
    errors = np.array([np.square(r.astype(np.float64) - m).mean() for r, m in zip(real, made, strict=True)])
    return mean(errors / scale)


@dataclass(frozen=True)
class ReconstructionClass(FeatureMetric):
    """Whether reconstructions show what the originals show.

    Share of real images x for which an independent classifier sees in G(E(x)) the class that it sees in x.

    0 to 1; an encoder that says nothing of x gets about 1 / K of K equal classes. On the source's test split where it
    has one. True labels are not needed, and the classifier's errors on x count neither way. The same digit may be
    written quite differently: ``reconstruction`` measures that.
    """

    extractor: str = "mnist-cnn-v1"
    """The classifier, which must know such images: mnist-cnn-v1, fashion-cnn-v1 or digits-cnn-v1."""

    name: ClassVar[str] = "reconstruction_class"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    needs: ClassVar[Need] = "reconstructed"
    needs_classifier: ClassVar[bool] = True

    def label(self) -> str:
        """``reconstruction-class[classifier]``."""
        return f"reconstruction-class[{self.extractor}]"

    def spec(self) -> dict[str, Any]:
        """The classifier."""
        return {"version": 1, **describe(self.extractor), "class": "likeliest"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1].

        Raises:
            UserError: an extractor that is not a classifier, too few images, or shapes that differ.
        """
        seen, seen_again = (
            log_probabilities(self.extractor, pictures).argmax(axis=1) for pictures in checked_reconstructions(samples)
        )
        same = share(seen == seen_again)
        return Estimate(same.value, same.ci95, WILSON)
