"""Outputs of image-to-image games against their targets, each value next to that of what needs no learning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.features.extractors import describe, features
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Need, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.frechet import frechet_estimate
from gannet.metrics.inputs import checked_translations
from gannet.metrics.intervals import mean
from gannet.metrics.names import feature_label
from gannet.metrics.structural_similarity import ssim

ROUNDING_ERROR = 1 / 12
"""Mean squared error of rounding to whole levels, in levels squared."""
MOST_DECIBEL = 10 * float(np.log10(255**2 / ROUNDING_ERROR))


@dataclass(frozen=True)
class PeakSignalToNoise(Metric):
    """Peak signal-to-noise ratio of outputs against targets, in dB, for games that translate images.

    Mean over images of 10 log10(255^2 / mean squared error), the error in levels of 0 to 255 and at least 1/12, that of
    rounding, so that equal images get 58.9 dB. The parts are the same of what needs no learning: the grey image,
    bicubic interpolation and Pillow's Lanczos filter, the blurred image, a hole filled with the mean. A high value does
    not mean sharp images: the mean of all plausible images has the best PSNR of all. On held-out images if the source
    has them.
    """

    name: ClassVar[str] = "psnr"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = (0.0, MOST_DECIBEL)
    needs: ClassVar[Need] = "translated"

    def label(self) -> str:
        """``PSNR``."""
        return "PSNR"

    def spec(self) -> dict[str, Any]:
        """The unit and the mean."""
        return {"version": 1, "unit": "dB", "mean": "of images", "least_error": "rounding"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In dB.

        Raises:
            UserError: too few images, or shapes that differ.
        """
        return _with_trivial(samples, lambda target, made: mean(_decibel(target, made)))


@dataclass(frozen=True)
class StructuralSimilarity(Metric):
    """Structural similarity (SSIM) of outputs and targets, for games that translate images.

    Mean over images of the SSIM of Wang et al. 2004 (https://doi.org/10.1109/TIP.2003.819861): 11 x 11 Gaussian window
    of standard deviation 1.5, where the whole window fits, mean of the channels. 1 for equal images. The parts are the
    same of what needs no learning. Images need sides of 11 pixels.
    """

    name: ClassVar[str] = "ssim"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = (-1.0, 1.0)
    needs: ClassVar[Need] = "translated"

    def label(self) -> str:
        """``SSIM``."""
        return "SSIM"

    def spec(self) -> dict[str, Any]:
        """The window."""
        return {"version": 1, "window": "Gaussian, 11 x 11, sigma 1.5, valid", "channels": "mean"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [-1, 1].

        Raises:
            UserError: too few or too small images, or shapes that differ.
        """
        return _with_trivial(samples, lambda target, made: mean(ssim(target, made)))


@dataclass(frozen=True)
class FeatureDistance(FeatureMetric):
    """Distance of the features of outputs and targets, for games that translate images.

    Mean over images of |f(output) - f(target)| over the mean distance of f(target) from the mean target: 0 for equal
    images, about 1 for outputs that have nothing to do with their targets. The parts are the same of what needs no
    learning.
    """

    name: ClassVar[str] = "feature_distance"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "translated"

    def label(self) -> str:
        """``feature-distance[extractor]``."""
        return feature_label("feature-distance", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor and the scale."""
        return {"version": 1, **describe(self.extractor), "scale": "mean distance of the targets from their mean"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: too few images, equal targets, or shapes that differ.
        """
        return _with_trivial(samples, self._distance)

    def _distance(self, target: np.ndarray, made: np.ndarray) -> Estimate:
        real = features(self.extractor, target)
        scale = np.linalg.norm(real - real.mean(0), axis=1).mean()
        if scale == 0:
            raise UserError("All targets are the same, so their features have no scale.")
        return mean(np.linalg.norm(features(self.extractor, made) - real, axis=1) / scale)


@dataclass(frozen=True)
class OutputFrechetDistance(FeatureMetric):
    """Frechet distance between outputs and their targets, for games that translate images.

    The FD of ``fd``, between outputs for held-out images and these images themselves: whether outputs look like real
    images, sharp ones included, which PSNR does not ask. Because both sets show the same scenes it lies below ``fd``,
    and 0 is reached by a copy. The parts are the same of what needs no learning.
    """

    name: ClassVar[str] = "output_fd"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "translated"

    def label(self) -> str:
        """``output-FD[extractor]``."""
        return feature_label("output-FD", self.extractor)

    def spec(self) -> dict[str, Any]:
        """The extractor and the covariance."""
        return {
            "version": 1,
            **describe(self.extractor),
            "distance_dtype": "float64",
            "covariance": "unbiased",
            "pairs": "same images",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: too few images, or shapes that differ.
        """
        return _with_trivial(samples, self._distance)

    def _distance(self, target: np.ndarray, made: np.ndarray) -> Estimate:
        if np.array_equal(target, made):
            return Estimate(0.0)  # without rounding
        rows = [features(self.extractor, images) for images in (target, made)]
        return frechet_estimate(*rows)


@dataclass(frozen=True)
class InputError(Metric):
    """How far outputs contradict their inputs, in levels of 0 to 255, for games whose inputs determine a part of the
    image.

    Mean absolute difference between the input and what the output shows of it: the downscaled output
    (super-resolution), its luminance (colouring), its known pixels (inpainting). 0 up to the rounding and clipping of
    pixels, because Gannet keeps that part.
    """

    name: ClassVar[str] = "input_error"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    needs: ClassVar[Need] = "contradictions"

    def spec(self) -> dict[str, Any]:
        """The unit."""
        return {"version": 1, "unit": "levels of 0 to 255"}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0.

        Raises:
            UserError: too few images.
        """
        assert samples.answers is not None
        assert samples.answers.contradictions is not None
        if len(samples.answers.contradictions) < 10:
            raise UserError(f"Only {len(samples.answers.contradictions)} images: measuring needs at least 10.")
        return mean(samples.answers.contradictions)


def _with_trivial(samples: Samples, measure: Callable[[np.ndarray, np.ndarray], Estimate]) -> Estimate:
    """The value of the outputs, with those of all trivial answers as its parts."""
    target, made = checked_translations(samples)
    answers = samples.answers
    assert answers is not None
    return replace(
        measure(target, made), parts={name: measure(target, images).value for name, images in answers.trivial.items()}
    )


def _decibel(target: np.ndarray, made: np.ndarray) -> np.ndarray:
    errors = np.array([np.square(t.astype(np.float64) - m).mean() for t, m in zip(target, made, strict=True)])
    return 10 * np.log10(255**2 / np.maximum(errors, ROUNDING_ERROR))
