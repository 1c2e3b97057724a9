"""Density: how many real neighbourhoods hold a generated sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name
from gannet.metrics.base import NOT_NEGATIVE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.intervals import Rows, tenths
from gannet.metrics.neighbourhood import balls, counts_inside, describe_neighbours
from gannet.metrics.pairwise import rows_of


@dataclass(frozen=True)
class Density(Metric):
    """Mean over generated samples of (number of real balls that hold it) / k: 1 is right, there is no upper bound.

    A ball reaches from a real sample to its k-th nearest real neighbour. The mean is 1 where both distributions are equal,
    whatever they are. Above 1 the samples crowd where real data are dense (shrunken modes), below 1 they miss. One real
    sample far off matters less than for precision. Says nothing about modes left out. Naeem et al. 2020, eq. 4,
    https://arxiv.org/abs/2002.09797.
    """

    k: Annotated[int, Field(ge=1)] = 5
    """Which neighbour sets the radius of a ball."""
    extractor: str = RANDCONV
    """Of features, for images: randconv-v1, or a classifier such as mnist-cnn-v1."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "one"
    bounds: ClassVar[Bounds] = NOT_NEGATIVE
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes", "shrunken modes")

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``density``."""
        return "density"

    def spec(self) -> dict[str, Any]:
        """The neighbours and the extractor."""
        return {"version": 1, **describe_neighbours(self.k, self.extractor)}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """>= 0."""
        real, fake = rows_of(samples, self.extractor)
        return tenths(self._density, (real,), (fake,))

    def _density(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(counts_inside(fake, balls(real, self.k)).mean() / self.k)
