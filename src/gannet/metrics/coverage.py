"""Coverage: share of real neighbourhoods that hold a generated sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.intervals import Rows, share_of_tenths
from gannet.metrics.neighbourhood import balls, describe_neighbours, reached, reached_without
from gannet.metrics.pairwise import rows_of


@dataclass(frozen=True)
class Coverage(Metric):
    """Share of real samples whose ball, up to the k-th nearest real neighbour, holds a generated sample: [0, 1].

    Naeem et al. 2020, eq. 5, https://arxiv.org/abs/2002.09797. Unlike recall it is not fooled by scattered samples, whose balls
    would be large. For N samples each of equal distributions its mean is 1 - prod_{i=1..k} (N - i) / (2 N - i), which is 0.97
    for k = 5: compare with the floor. Fewer generated samples cover less.
    """

    k: Annotated[int, Field(ge=1)] = 5
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

    def label(self) -> str:
        """``coverage``."""
        return "coverage"

    def spec(self) -> dict[str, Any]:
        """The neighbours and the extractor."""
        return {"version": 1, **describe_neighbours(self.k, self.extractor)}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(self._share, (real,), (fake,), len(real), reached_without(fake, balls(real, self.k)))

    def _share(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(reached(fake, balls(real, self.k)).mean())
