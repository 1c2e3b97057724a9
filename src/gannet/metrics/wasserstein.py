"""Wasserstein distances: exact of order 1 and 2, and sliced."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.errors import UserError
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.inputs import checked_images, checked_points
from gannet.metrics.intervals import Rows, tenths
from gannet.seeding import numpy_rng

CHUNK_PROJECTIONS = 32


@dataclass(frozen=True)
class _ExactWasserstein(Metric):
    """The root of the least mean of a power of the distance, between thinned sets."""

    max_points: Annotated[int, Field(ge=10, le=10_000)] = 2500
    """Larger sets are thinned to this many, at random; the cost grows faster than its square."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points",)
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    symmetric: ClassVar[bool] = True
    order: ClassVar[int]
    """The power of the distance."""

    def spec(self) -> dict[str, Any]:
        """Order, ground cost and bound."""
        return {
            "version": 1,
            "order": self.order,
            "ground": "Euclidean",
            "solver": "exact",
            "max_points": self.max_points,
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0, in the units of the data."""
        real, fake = checked_points(samples)
        real, fake = thinned(real, self.max_points, rng), thinned(fake, self.max_points, rng)
        return tenths(self._distance, (real,), (fake,))

    def _distance(self, reals: Rows, fakes: Rows) -> float:
        cost = transport_cost(*reals, *fakes, power=self.order)
        return cost if self.order == 1 else float(np.sqrt(cost))


@dataclass(frozen=True)
class Wasserstein1(_ExactWasserstein):
    """Exact 1-Wasserstein distance.

    W1 = min over couplings of E |x - y|, between the two finite sets themselves, in the units of the data.

    Two finite sets of one distribution are not at distance 0 (about 0.06 for 2,500 points of a unit ring of 8): compare
    with the real-data reference on the card. A shift by s costs |s|. Villani 2009, Optimal Transport, definition 6.1;
    solver: Flamary et al. 2021 (POT), https://jmlr.org/papers/v22/20-451.html.
    """

    name: ClassVar[str] = "w1"
    order: ClassVar[int] = 1


@dataclass(frozen=True)
class Wasserstein2(_ExactWasserstein):
    """Exact 2-Wasserstein distance.

    W2 = sqrt(min over couplings of E |x - y|^2): the root is taken, so the unit is that of the data.

    More sensitive than W1 to few points far away. A shift by s costs |s|; between Gaussians it is the Frechet
    distance's root. Two finite sets of one distribution are not at distance 0: compare with the real-data reference on
    the card. Villani 2009, Optimal Transport, definition 6.1; solver: Flamary et al. 2021 (POT),
    https://jmlr.org/papers/v22/20-451.html.
    """

    name: ClassVar[str] = "w2"
    order: ClassVar[int] = 2


@dataclass(frozen=True)
class SlicedWasserstein(Metric):
    """Sliced Wasserstein distance.

    Mean over random unit directions of the 1-Wasserstein distance between the projected sets.

    SW1 = E_theta W1(<x, theta>, <y, theta>), the order is 1 and no factor of the dimension is applied. The directions
    are uniform on the sphere, fixed by ``directions_seed``, so that all cards share them. Points are taken in their own
    units, images as rows of H W C pixels in [0, 1]. The sets may differ in size: each projection compares the two exact
    quantile functions. In the plane a shift by s gives (2 / pi) |s| for many directions.

    Rabin et al. 2011, https://doi.org/10.1007/978-3-642-24785-9_37; Bonneel et al. 2015,
    https://doi.org/10.1007/s10851-014-0506-3. On pixels it sees brightness and coarse layout, not sharpness.
    """

    projections: Annotated[int, Field(ge=1, le=10_000)] = 256
    """Number of directions."""
    directions_seed: Annotated[int, Field(ge=0)] = 0
    """Seed of the directions; part of the definition, not of the measurement."""

    name: ClassVar[str] = "sliced_w"
    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "lower"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    symmetric: ClassVar[bool] = True

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
        directions = numpy_rng(self.directions_seed, "sliced_w", real.shape[1]).standard_normal(
            (real.shape[1], self.projections)
        )
        directions /= np.linalg.norm(directions, axis=0)
        chunks = [
            directions[:, i : i + CHUNK_PROJECTIONS].astype(real.dtype)
            for i in range(0, self.projections, CHUNK_PROJECTIONS)
        ]
        return float(np.concatenate([wasserstein_1d(real @ chunk, fake @ chunk) for chunk in chunks]).mean())


def transport_cost(real: np.ndarray, fake: np.ndarray, *, power: int) -> float:
    """The least E |x - y|^power over couplings of both sets, solved exactly by POT's network simplex.

    About one second on one core for 2,500 against 2,500.

    Raises:
        UserError: the solver did not finish.
    """
    import ot

    distance = np.hypot(*(real[:, None, axis] - fake[None, :, axis] for axis in (0, 1)))
    with warnings.catch_warnings():
        # The solver reports non-convergence as a warning and returns a number that is not the optimum.
        warnings.simplefilter("error", UserWarning)
        try:
            return max(0.0, float(np.asarray(ot.emd2([], [], distance**power, numItermax=20_000_000))))
        except UserWarning as problem:
            counts = f"{len(real)} and {len(fake)}"
            raise UserError(
                f"Exact transport between {counts} points did not finish ({problem}); measure fewer."
            ) from None


def thinned(points: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """At most ``most`` of the points, chosen by ``rng``, whatever the order in which they came."""
    if len(points) <= most:
        return points
    # In sorted order the choice does not depend on the order in which the samples came.
    ordered = points[np.lexsort(points.T)]
    return ordered[rng.choice(len(points), most, replace=False)]


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
