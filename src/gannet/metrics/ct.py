"""C_T: whether generated samples are nearer to the training samples than held-out ones are."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Kind
from gannet.features.extractors import RANDCONV, check_name, describe
from gannet.metrics.base import ANY, Better, Bounds, Metric, Need, Samples
from gannet.metrics.pairwise import rows_of, squared_distances

COPYING = -3.0
"""Standard deviations below which the card says that samples are copied: one-sided chance 0.1 %."""


@dataclass(frozen=True)
class DataCopying(Metric):
    """C_T: z-score of the Mann-Whitney statistic of the distances to the nearest training sample, generated against held-out.

    0 is right; far below 0 (-3 and lower) the samples are copies of training data; far above they are off the data. U counts
    the pairs whose generated sample is farther from the training set, and z = (U - mn / 2) / sqrt(mn (m + n + 1) / 12). Meehan et al.
    2020, section 3, https://arxiv.org/abs/2004.05675, with one cell: copies in one region can hide behind bad samples in another. It
    knows only the training samples on its card, and **no metric isolates memorisation**. More samples move it farther from 0.
    """

    extractor: str = RANDCONV
    """Of features, for images: randconv-v1, or another of `gannet.features.extractors`."""

    kinds: ClassVar[tuple[Kind, ...]] = ("points", "images")
    better: ClassVar[Better] = "real"
    bounds: ClassVar[Bounds] = ANY
    grows_with: ClassVar[Literal["rows", "pairs"]] = "pairs"
    asked_for: ClassVar[tuple[Kind, ...]] = ("points", "images")
    needs: ClassVar[Need] = "held_out"
    blind_to: ClassVar[tuple[str, ...]] = ("dropped modes",)

    def __post_init__(self) -> None:
        """Refuse unknown extractors."""
        check_name(self.extractor)

    def label(self) -> str:
        """``C_T``."""
        return "C_T"

    def spec(self) -> dict[str, Any]:
        """The distance and the extractor."""
        return {"version": 1, "cells": 1, "points": "coordinates", "images": describe(self.extractor), "extractor": self.extractor}

    def compute(self, samples: Samples, rng: np.random.Generator) -> float:
        """Any number, in standard deviations."""
        assert samples.held_out is not None
        train, fake = rows_of(samples, self.extractor)
        _, held_out = rows_of(replace(samples, fake=samples.held_out), self.extractor)
        value = mann_whitney_z(nearest_squared(fake, train), nearest_squared(held_out, train))
        if value < COPYING:
            warnings.warn(f"C_T is {value:.1f}: generated samples are nearer to the training samples than held-out ones are.", stacklevel=2)
        return value


def mann_whitney_z(first: np.ndarray, second: np.ndarray) -> float:
    """How many standard deviations more pairs than half have the larger one in ``first``; ties count half, uncorrected."""
    ordered = np.sort(second)
    larger = (np.searchsorted(ordered, first, "left") + np.searchsorted(ordered, first, "right")).sum() / 2
    m, n = len(first), len(second)
    return float((larger - m * n / 2) / np.sqrt(m * n * (m + n + 1) / 12))


def nearest_squared(rows: np.ndarray, among: np.ndarray) -> np.ndarray:
    """(N,) squared distance of each row to the nearest of the others."""
    return np.concatenate([squared.min(axis=1) for _, squared in squared_distances(rows, among)])
