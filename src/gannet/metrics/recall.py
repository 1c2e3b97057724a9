"""Recall: share of real samples that the generated ones reach."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name
from gannet.metrics.base import SHARE, Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.intervals import Rows, share_of_tenths
from gannet.metrics.neighbourhood import balls, describe_neighbours, holding_without, inside_any
from gannet.metrics.pairwise import rows_of


@dataclass(frozen=True)
class Recall(Metric):
    """Share of real samples that lie in the ball of a generated sample up to its k-th nearest generated neighbour: [0, 1].

    Kynkaanniemi et al. 2019, eq. 1 and 2, https://arxiv.org/abs/1904.06991: precision with real and generated exchanged. It
    sees variety, not quality: scattered samples have large balls and reach everything. Real samples do not score 1 against
    real samples: compare with the floor. Points are compared by their coordinates, images by features.
    """

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

    def label(self) -> str:
        """``recall``."""
        return "recall"

    def spec(self) -> dict[str, Any]:
        """The neighbours and the extractor."""
        return {"version": 1, **describe_neighbours(self.k, self.extractor)}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 1]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(self._share, (real,), (fake,), len(real), holding_without(real, balls(fake, self.k)))

    def _share(self, reals: Rows, fakes: Rows) -> float:
        (real,), (fake,) = reals, fakes
        return float(inside_any(real, balls(fake, self.k)).mean())
