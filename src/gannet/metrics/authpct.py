"""AuthPct: share of generated samples that are not copies of real ones."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name, describe
from gannet.metrics.base import Better, Bounds, Estimate, Metric, Samples
from gannet.metrics.intervals import PARTS, Rows, part_starts, share_of_tenths
from gannet.metrics.pairwise import neighbour_radii, rows_of, squared_distances


@dataclass(frozen=True)
class AuthPct(Metric):
    """Percent of generated samples that are farther from their nearest real one than that one is from its own nearest: [0, 100].

    Alaa et al. 2022 (authenticity), section 3.3, https://arxiv.org/abs/2102.08921. Copies score 0; fresh real samples score what
    the floor says, often 40 to 65. Neither high nor low is good by itself: bad samples are far from everything and score 100.
    **No metric isolates memorisation**, and this one knows only the real samples on its card: a copy of a training picture
    that is not among them goes unseen.
    """

    extractor: str = RANDCONV
    """Of features, for images: randconv-v1, or a classifier such as mnist-cnn-v1."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "real"
    bounds: ClassVar[Bounds] = (0.0, 100.0)
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``AuthPct``."""
        return "AuthPct"

    def spec(self) -> dict[str, Any]:
        """The distance, the extractor and the unit."""
        return {"version": 1, "unit": "percent", "points": "coordinates", "images": describe(self.extractor), "extractor": self.extractor}

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 100]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(authentic_percent, (real,), (fake,), len(fake), authentic_without(real, fake), whole=100)


def authentic_percent(reals: Rows, fakes: Rows) -> float:
    """Rows (N, D) and (M, D), one array each."""
    (real,), (fake,) = reals, fakes
    radii = neighbour_radii(real, 1)
    authentic = 0
    for _, squared in squared_distances(fake, real):
        nearest = squared.argmin(axis=1)
        authentic += int((squared.min(axis=1) > radii[nearest]).sum())
    return 100 * authentic / len(fake)


def authentic_without(real: np.ndarray, fake: np.ndarray) -> np.ndarray:
    """(PARTS,) share of authentic rows where each tenth of the real ones is left out; the others keep their radii."""
    radii, edges = neighbour_radii(real, 1), np.append(part_starts(len(real)), len(real))
    authentic = np.zeros(PARTS)
    for _, squared in squared_distances(fake, real):
        parts = [squared[:, start:stop] for start, stop in pairwise(edges)]
        least = np.stack([part.min(axis=1) for part in parts], axis=1)
        radius = np.stack([radii[start + part.argmin(axis=1)] for start, part in zip(edges, parts, strict=False)], axis=1)
        for left_out in range(PARTS):
            nearest = np.delete(least, left_out, axis=1).argmin(axis=1)[:, None]
            beyond = np.delete(least > radius, left_out, axis=1)
            authentic[left_out] += np.take_along_axis(beyond, nearest, axis=1).sum()
    return authentic / len(fake)
