"""Sliced Wasserstein distance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_images, checked_points
from gannet.metrics.intervals import Rows, tenths
from gannet.seeding import numpy_rng

CHUNK_PROJECTIONS = 32


@dataclass(frozen=True)
class SlicedWasserstein(Metric):
    """Mean over random unit directions of the 1-Wasserstein distance between the projected sets.

    SW1 = E_theta W1(<x, theta>, <y, theta>), the order is 1 and no factor of the dimension is applied. The directions are
    uniform on the sphere, fixed by ``directions_seed``, so that all cards share them. Points are taken in their own units,
    images as rows of H W C pixels in [0, 1]. The sets may differ in size: each projection compares the two exact
    quantile functions. In the plane a shift by s gives (2 / pi) |s| for many directions.

    Rabin et al. 2011, https://doi.org/10.1007/978-3-642-24785-9_37; Bonneel et al. 2015,
    https://doi.org/10.1007/s10851-014-0506-3. On pixels it sees brightness and coarse layout, not sharpness.
    """

    projections: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Number of directions."""
    directions_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the directions; part of the definition, not of the measurement."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    symmetric: ClassVar[bool] = True

    def label(self) -> str:
        """``sliced_w``."""
        return "sliced_w"

    def spec(self) -> dict[str, Any]:
        """Order, number and seed of the projections, and the range of pixels."""
        return {
            "version": 1,
            "order": 1,
            "projections": self.projections,
            "directions_seed": self.directions_seed,
            "pixels": "flattened, [0, 1]",
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = _rows(samples)
        return tenths(self._mean_cost, (real,), (fake,))

    def _mean_cost(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        directions = numpy_rng(self.directions_seed, "sliced_w", real.shape[1]).standard_normal((real.shape[1], self.projections))
        directions /= np.linalg.norm(directions, axis=0)
        chunks = [directions[:, i : i + CHUNK_PROJECTIONS].astype(real.dtype) for i in range(0, self.projections, CHUNK_PROJECTIONS)]
        return float(np.concatenate([wasserstein_1d(real @ chunk, fake @ chunk) for chunk in chunks]).mean())


def wasserstein_1d(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """W1 of each column: (N, P) and (M, P) -> (P,) float64, the integral of |difference of the quantile functions|."""
    first, second = np.sort(first, axis=0), np.sort(second, axis=0)
    n, m = len(first), len(second)
    # Both quantile functions are constant between these levels; in units of 1 / (n m) the levels are whole numbers.
    levels = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)
    left, width = levels[:-1], np.diff(levels) / (n * m)
    return width @ np.abs(first[left // m].astype(np.float64) - second[left // n])


def _rows(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    if samples.real.ndim == 4:
        real, fake = checked_images(samples)
        return _pixels(real), _pixels(fake)
    return checked_points(samples)


def _pixels(images: np.ndarray) -> np.ndarray:
    return images.reshape(len(images), -1).astype(np.float32) / np.float32(255)
