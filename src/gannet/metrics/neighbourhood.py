"""Balls around samples up to their k-th nearest neighbour, and which other samples lie in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gannet.features.extractors import describe
from gannet.metrics.intervals import part_starts
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


def holding_without(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(PARTS,) share of the rows that some ball holds where each tenth of the balls is left out; the others keep their radii."""
    starts = part_starts(len(among.centres))
    parts = [
        np.logical_or.reduceat(squared <= among.squared_radii, starts, axis=1) for _, squared in squared_distances(rows, among.centres)
    ]
    return _without_each(np.concatenate(parts))


def reached_without(rows: np.ndarray, among: Balls) -> np.ndarray:
    """(PARTS,) share of the balls that hold some row where each tenth of the rows is left out."""
    starts = part_starts(len(rows))
    nearest = np.concatenate([np.minimum.reduceat(squared, starts, axis=1) for _, squared in squared_distances(among.centres, rows)])
    return _without_each(nearest <= among.squared_radii[:, None])


def _without_each(by_part: np.ndarray) -> np.ndarray:
    """(M, P) whether each part gives a row its hit -> (P,) shares of the rows that other parts give one."""
    return (by_part.sum(axis=1, keepdims=True) > by_part).mean(axis=0)


def describe_neighbours(k: int, extractor: str) -> dict[str, Any]:
    """What the neighbourhoods add to a metric's spec."""
    return {"k": k, "balls": "closed", "points": "coordinates", "images": describe(extractor), "extractor": extractor}
