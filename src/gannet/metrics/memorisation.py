"""Signs of copied training data: AuthPct and C_T."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import describe
from gannet.metrics.base import ANY, Better, Bounds, Estimate, Need, Samples
from gannet.metrics.extracted import FeatureMetric
from gannet.metrics.intervals import PARTS, Rows, part_starts, share_of_tenths
from gannet.metrics.pairwise import neighbour_radii, rows_of, squared_distances

COPYING = -3.0
"""Standard deviations below which the card says that samples are copied: one-sided chance 0.1 %."""


@dataclass(frozen=True)
class AuthPct(FeatureMetric):
    """AuthPct: share of generated samples that are not copies of real ones.

    Percent of generated samples that are farther from their nearest real one than that one is from its own nearest: [0,
    100].

    Alaa et al. 2022 (authenticity), section 3.3, https://arxiv.org/abs/2102.08921. Copies score 0; fresh real samples
    score what the real-data reference says, often 40 to 65. Neither high nor low is good by itself: bad samples are far
    from everything and score 100. **No metric isolates memorisation**, and this one knows only the real samples on its
    card: a copy of a training image that is not among them is not found.
    """

    name: ClassVar[str] = "authpct"
    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "real"
    bounds: ClassVar[Bounds] = (0.0, 100.0)
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points",)
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def label(self) -> str:
        """``AuthPct``."""
        return "AuthPct"

    def spec(self) -> dict[str, Any]:
        """The distance, the extractor and the unit."""
        return {
            "version": 1,
            "unit": "percent",
            "points": "coordinates",
            "images": describe(self.extractor),
            "extractor": self.extractor,
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        """In [0, 100]."""
        real, fake = rows_of(samples, self.extractor)
        return share_of_tenths(authentic_percent, (real,), (fake,), len(fake), authentic_without(real, fake), whole=100)


@dataclass(frozen=True)
class DataCopying(FeatureMetric):
    """C_T: whether generated samples are nearer to the training samples than held-out ones are.

    C_T: z-score of the Mann-Whitney statistic of the distances to the nearest training sample, generated against
    held-out.

    0 is right; far below 0 (-3 and lower) the samples are copies of training data; far above they are off the data. U
    counts the pairs whose generated sample is farther from the training set, and z = (U - mn / 2) / sqrt(mn (m + n +
    1) / 12). Meehan et al. 2020, section 3, https://arxiv.org/abs/2004.05675, with one cell: copies in one region can
    hide behind bad samples in another. It knows only the training samples on its card, and **no metric isolates
    memorisation**. More samples move it farther from 0.
    """

    name: ClassVar[str] = "ct"
    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "real"
    bounds: ClassVar[Bounds] = ANY
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points", "images")
    needs: ClassVar[Need] = "held_out"
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def label(self) -> str:
        """``C_T``."""
        return "C_T"

    def spec(self) -> dict[str, Any]:
        """The distance and the extractor."""
        return {
            "version": 1,
            "cells": 1,
            "points": "coordinates",
            "images": describe(self.extractor),
            "extractor": self.extractor,
        }

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """Any number, in standard deviations."""
        assert samples.held_out is not None
        train, fake = rows_of(samples, self.extractor)
        _, held_out = rows_of(replace(samples, fake=samples.held_out), self.extractor)
        value = mann_whitney_z(nearest_squared(fake, train), nearest_squared(held_out, train))
        if value < COPYING:
            warnings.warn(
                f"C_T is {value:.1f}: generated samples are nearer to the training samples than held-out ones are.",
                stacklevel=2,
            )
        return value


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
        radius = np.stack(
            [radii[start + part.argmin(axis=1)] for start, part in zip(edges, parts, strict=False)], axis=1
        )
        for left_out in range(PARTS):
            nearest = np.delete(least, left_out, axis=1).argmin(axis=1)[:, None]
            beyond = np.delete(least > radius, left_out, axis=1)
            authentic[left_out] += np.take_along_axis(beyond, nearest, axis=1).sum()
    return authentic / len(fake)


def mann_whitney_z(first: np.ndarray, second: np.ndarray) -> float:
    """How many standard deviations more pairs than half have the larger one in ``first``; ties count half,
    uncorrected.
    """
    ordered = np.sort(second)
    larger = (np.searchsorted(ordered, first, "left") + np.searchsorted(ordered, first, "right")).sum() / 2
    m, n = len(first), len(second)
    return float((larger - m * n / 2) / np.sqrt(m * n * (m + n + 1) / 12))


def nearest_squared(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(N,) squared distance of each row to the nearest of the others."""
    return np.concatenate([squared.min(axis=1) for _, squared in squared_distances(rows, among)])
