"""Balls around samples up to their k-th nearest neighbour, and which other samples lie in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gannet.metrics.extractors import describe
from gannet.metrics.pairwise import neighbour_radii, squared_distances


@dataclass(frozen=True)
class Balls:
    """Closed balls in D dimensions."""

    centres: np.ndarray
    """(N, D)."""
    squared_radii: np.ndarray
    """(N,)."""


def balls(rows: np.ndarray, k: int) -> Balls:
    """One ball for each row, up to its k-th nearest other row.

    Raises:
        UserError: fewer than k + 1 rows.
    """
    return Balls(rows, neighbour_radii(rows, k))


def counts_inside(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(N,) number of balls that hold each row."""
    return np.concatenate([(squared <= among.squared_radii).sum(axis=1) for _, squared in squared_distances(rows, among.centres)])


def inside_any(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(N,) whether some ball holds each row."""
    return counts_inside(rows, among) > 0


def reached(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(B,) whether each ball holds some row."""
    nearest = np.concatenate([squared.min(axis=1) for _, squared in squared_distances(among.centres, rows)])
    return nearest <= among.squared_radii


def describe_neighbours(k: int, extractor: str) -> dict[str, Any]:
    """What the neighbourhoods add to a metric's spec."""
    return {"k": k, "balls": "closed", "points": "coordinates", "images": describe(extractor), "extractor": extractor}
