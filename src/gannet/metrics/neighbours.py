"""The family of k nearest neighbours: precision, recall, density and coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name, describe
from gannet.metrics.base import NOT_NEGATIVE, SHARE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.intervals import Rows, part_starts, share_of_tenths, tenths
from gannet.metrics.pairwise import neighbour_radii, rows_of, squared_distances


@dataclass(frozen=True)
class Balls:
    """Closed balls in D dimensions."""

    centres: np.ndarray
    """(N, D)."""
    squared_radii: np.ndarray
    """(N,)."""


@dataclass(frozen=True)
class _Neighbours(Metric):
    """Samples inside balls that reach from each sample of one set to its k-th nearest neighbour in that set."""

    k: Annotated[int, Field(ge=1)] = 3
    """Which neighbour sets the radius of a ball."""
    extractor: str = RANDCONV
    """Of features, for images: randconv-v1, or a classifier such as mnist-cnn-v1."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "higher"
    bounds: ClassVar[Bounds] = SHARE
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def spec(self) -> dict[str, Any]:
        """The neighbours and the extractor."""
        return {"version": 1, **describe_neighbours(self.k, self.extractor)}


@dataclass(frozen=True)
class Precision(_Neighbours):
    """Precision: share of generated samples that look like some real one.

    Share of generated samples that lie in the ball of a real sample up to its k-th nearest real neighbour: [0, 1].

    Kynkaanniemi et al. 2019, eq. 1 and 2, https://arxiv.org/abs/1904.06991. Real samples do not score 1 against real
    samples: compare with the real-data reference. It sees quality, not variety: one good image a thousand times scores
    1. Points are compared by their coordinates, images by features. One real sample far off makes one large ball: see
    density.
    """

    name: ClassVar[str] = "precision"
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(self._share, (real,), (fake,), len(fake), holding_without(fake, balls(real, self.k)))

    def _share(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(inside_any(fake, balls(real, self.k)).mean())


@dataclass(frozen=True)
class Recall(_Neighbours):
    """Recall: share of real samples that the generated ones reach.

    Share of real samples that lie in the ball of a generated sample up to its k-th nearest generated neighbour: [0, 1].

    Kynkaanniemi et al. 2019, eq. 1 and 2, https://arxiv.org/abs/1904.06991: precision with real and generated
    exchanged. It sees variety, not quality: scattered samples have large balls and reach everything. Real samples do
    not score 1 against real samples: compare with the real-data reference. Points are compared by their coordinates,
    images by features.
    """

    name: ClassVar[str] = "recall"

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(self._share, (real,), (fake,), len(real), holding_without(real, balls(fake, self.k)))

    def _share(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(inside_any(real, balls(fake, self.k)).mean())


@dataclass(frozen=True)
class Density(_Neighbours):
    """Density: how many real neighbourhoods hold a generated sample.

    Mean over generated samples of (number of real balls that hold it) / k: 1 is right, there is no upper bound.

    A ball reaches from a real sample to its k-th nearest real neighbour. The mean is 1 where both distributions are
    equal, whatever they are. Above 1 the samples crowd where real data are dense (shrunken modes), below 1 they miss.
    One real sample far off matters less than for precision. Says nothing about modes left out. Naeem et al. 2020, eq.
    4, https://arxiv.org/abs/2002.09797.
    """

    k: Annotated[int, Field(ge=1)] = 5
    """Which neighbour sets the radius of a ball."""

    name: ClassVar[str] = "density"
    better: ClassVar[Better] = "one"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes", "shrunken modes")

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = rows_of(samples, self.extractor)
        return tenths(self._density, (real,), (fake,))

    def _density(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(counts_inside(fake, balls(real, self.k)).mean() / self.k)


@dataclass(frozen=True)
class Coverage(_Neighbours):
    """Coverage: share of real neighbourhoods that hold a generated sample.

    Share of real samples whose ball, up to the k-th nearest real neighbour, holds a generated sample: [0, 1].

    Naeem et al. 2020, eq. 5, https://arxiv.org/abs/2002.09797. Unlike recall it is not fooled by scattered samples,
    whose balls would be large. For N samples each of equal distributions its mean is 1 - prod_{i=1..k} (N - i) / (2 N -
    i), which is 0.97 for k = 5: compare with the real-data reference. Fewer generated samples cover less.
    """

    k: Annotated[int, Field(ge=1)] = 5
    """Which neighbour sets the radius of a ball."""

    name: ClassVar[str] = "coverage"

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(self._share, (real,), (fake,), len(real), reached_without(fake, balls(real, self.k)))

    def _share(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(reached(fake, balls(real, self.k)).mean())


def balls(rows: np.ndarray, k: int) -> Balls:
    """One ball for each row, up to its k-th nearest other row.

    Raises:
        UserError: fewer than k + 1 rows.
    """
    return Balls(rows, neighbour_radii(rows, k))


def counts_inside(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(N,) number of balls that hold each row."""
    return np.concatenate(
        [(squared <= among.squared_radii).sum(axis=1) for _, squared in squared_distances(rows, among.centres)]
    )


def inside_any(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(N,) whether some ball holds each row."""
    return counts_inside(rows, among) > 0


def reached(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(B,) whether each ball holds some row."""
    nearest = np.concatenate([squared.min(axis=1) for _, squared in squared_distances(among.centres, rows)])
    return nearest <= among.squared_radii


def holding_without(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(PARTS,) share of the rows that some ball holds where each tenth of the balls is left out; the others keep
    their radii.
    """
    starts = part_starts(len(among.centres))
    parts = [
        np.logical_or.reduceat(squared <= among.squared_radii, starts, axis=1)
        for _, squared in squared_distances(rows, among.centres)
    ]
    return _without_each(np.concatenate(parts))


def reached_without(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(PARTS,) share of the balls that hold some row where each tenth of the rows is left out."""
    starts = part_starts(len(rows))
    nearest = np.concatenate(
        [np.minimum.reduceat(squared, starts, axis=1) for _, squared in squared_distances(among.centres, rows)]
    )
    return _without_each(nearest <= among.squared_radii[:, None])


def _without_each(by_part: np.ndarray) -> np.ndarray:
    """(M, P) whether each part gives a row its hit -> (P,) shares of the rows that other parts give one."""
    return (by_part.sum(axis=1, keepdims=True) > by_part).mean(axis=0)


def describe_neighbours(k: int, extractor: str) -> dict[str, Any]:
    """What the neighbourhoods add to a metric's spec."""
    return {"k": k, "balls": "closed", "points": "coordinates", "images": describe(extractor), "extractor": extractor}
