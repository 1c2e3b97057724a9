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


def radial_power(images: np.ndarray) -> np.ndarray:
    """Mean power at 1, 2, ... cycles per shorter side, up to half of its pixels (azimuthal mean, then mean over
    images).

    Power is |F|^2 / (H W)^2 with F the discrete Fourier transform of the mean over channels, so a wave of amplitude a
    has a^2 / 4 at each of its two places. Artefacts of upsampling appear at the high end (Durall, Keuper and Keuper
    2020, https://arxiv.org/abs/2003.01826).

    Args:
        images: (N, H, W, C), any unit.

    Returns:
        (min(H, W) // 2,) float64.
    """
    grey = np.asarray(images, np.float64).mean(axis=3)
    height, width = grey.shape[1:]
    short = min(height, width)
    power = np.square(np.abs(np.fft.fft2(grey))).mean(axis=0) / (height * width) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)) * short
    ring = np.rint(radius).astype(np.int64)
    return np.array([power[ring == cycles].mean() for cycles in range(1, short // 2 + 1)])


def level_shares(images: np.ndarray, bins: int) -> np.ndarray:
    """(bins,) share of the values of uint8 images in equal parts of 0..255."""
    counts = np.bincount(np.asarray(images).ravel(), minlength=256).reshape(bins, -1).sum(axis=1)
    return counts / counts.sum()
