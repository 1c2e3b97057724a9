"""The computations of the questions, on arrays."""

from __future__ import annotations

import numpy as np

CHUNK_VALUES = 4_000_000
"""Maximum number of pixel values in memory as float64, 32 MB."""


def nearest_rows(queries: np.ndarray, rows: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The ``count`` rows with the smallest root mean square difference per value from each query, nearest first.

    Args:
        queries: (Q, ...).
        rows: (M, ...), M at least ``count``; may be a memory map.
        count: number of rows per query.

    Returns:
        (Q, count) int64 indices of rows, and (Q, count) float64 distances in the unit of the values.
    """
    wanted = queries.reshape(len(queries), -1).astype(np.float64)
    values = wanted.shape[1]
    best, places = np.zeros((len(queries), 0)), np.zeros((len(queries), 0), np.int64)
    for start in range(0, len(rows), max(1, CHUNK_VALUES // values)):
        block = rows[start : start + max(1, CHUNK_VALUES // values)].reshape(-1, values).astype(np.float64)
        found = np.stack([np.square(block - row).mean(axis=1) for row in wanted])
        best = np.concatenate([best, found], axis=1)
        places = np.concatenate([places, np.broadcast_to(np.arange(start, start + len(block)), found.shape)], axis=1)
        kept = np.argsort(best, axis=1, kind="stable")[:, :count]
        best, places = np.take_along_axis(best, kept, 1), np.take_along_axis(places, kept, 1)
    return places, np.sqrt(best)


def level_shares(images: np.ndarray, bins: int) -> np.ndarray:
    """(bins,) share of the values of uint8 images in equal parts of 0..255."""
    counts = np.bincount(np.asarray(images).ravel(), minlength=256).reshape(bins, -1).sum(axis=1)
    return counts / counts.sum()
