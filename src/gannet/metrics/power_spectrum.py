"""Distance between the power spectra of real and generated images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from gannet.data.base import Kind
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_images
from gannet.metrics.intervals import Rows, tenths

CHUNK_VALUES = 4_000_000
QUANTISATION = 1 / 12
"""Variance that rounding to whole grey levels adds to every pixel; no power below it means anything."""


@dataclass(frozen=True)
class PowerSpectrumDistance(Metric):
    """Distance between the power spectra of real and generated images.

    Mean over spatial frequencies of |log mean power of real - log mean power of generated|, in nats: 0 is right.

    The power |FFT(grey image)|^2 / pixels is averaged over the images and over rings of equal whole frequency 0 ...
    side / 2 cycles a image; grey is the mean of the channels in levels of 0 to 255. It sees checkerboards of transposed
    convolutions, blur and noise (Durall et al. 2020, https://arxiv.org/abs/2003.01826), and nothing of what the images
    show.
    """

    name: ClassVar[str] = "power_spectrum"
    kinds: ClassVar[tuple[Kind, ...]] = ("images",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    symmetric: ClassVar[bool] = True
    asked_for: ClassVar[tuple[Kind, ...]] = ("images",)

    def spec(self) -> dict[str, Any]:
        """The transform and the average."""
        return {
            "version": 1,
            "unit": "nats",
            "rings": "round(frequency)",
            "window": None,
            "grey": "mean of channels",
            "least": "1 / 12",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = checked_images(samples)
        return tenths(_distance, (real,), (fake,))


def _distance(reals: Rows, fakes: Rows) -> float:
    real, fake = (np.log(power_spectrum(images) + QUANTISATION) for (images,) in (reals, fakes))
    return float(np.abs(real - fake).mean())


def power_spectrum(images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> (R,): mean power of each ring, from the constant part to the highest frequency of the
    shorter side.
    """
    count, height, width, _ = images.shape
    size = max(1, CHUNK_VALUES // (height * width))
    power = np.zeros((height, width))
    for start in range(0, count, size):
        grey = images[start : start + size].mean(axis=3)
        power += np.square(np.abs(np.fft.fft2(grey))).sum(axis=0)
    power /= count * height * width
    side = min(height, width)
    rows, columns = (np.fft.fftfreq(length) * side for length in (height, width))
    ring = np.rint(np.hypot(rows[:, None], columns)).astype(int)
    inside = ring <= side // 2
    return np.bincount(ring[inside], weights=power[inside]) / np.bincount(ring[inside])
