"""Synthetic samples with known truth for tests of metrics."""

from __future__ import annotations

from functools import cache

import numpy as np

from gannet.data.base import Kind, Modes, Truth, silent
from gannet.data.digits import Digits

COUNT = {"points": 800, "images": 200}


def gaussian_truth(means: np.ndarray, sigma: float) -> Truth:
    """Equal isotropic Gaussian modes at (M, 2) ``means``, with their density."""
    count = len(means)

    def log_density(points: np.ndarray) -> np.ndarray:
        exponents = -np.square(points[:, None, :] - means).sum(axis=2) / (2 * sigma**2)
        return np.logaddexp.reduce(exponents, axis=1) - np.log(2 * np.pi * sigma**2 * count)

    return Truth(Modes(means, np.tile(np.eye(2) * sigma**2, (count, 1, 1)), np.full(count, 1 / count)), log_density)


RING_SIGMA = 0.05
_ANGLES = 2 * np.pi * np.arange(8) / 8
RING = gaussian_truth(np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], axis=1), RING_SIGMA)
"""Eight modes with standard deviation 0.05 on the unit circle."""


def truth_of(kind: Kind) -> Truth:
    """The truth of the samples of :func:`draw`."""
    return RING if kind == "points" else Truth()


def draw(kind: Kind, seed: int) -> np.ndarray:
    """Real samples: the ring, or 16 x 16 grey images of a soft dot in one of four places."""
    return drawn_with_classes(kind, seed)[0]


def corruptions(kind: Kind) -> dict[str, list[np.ndarray]]:
    """Samples that get worse step by step, all of the same number; the first of each list is as good as real."""
    good, classes = drawn_with_classes(kind, 2)
    # The remaining modes get the samples of the dropped ones, because fewer samples would be a second change.
    dropped = [drawn_with_classes(kind, 2, keep)[0] for keep in ([8, 6, 3, 1] if kind == "points" else [4, 3, 2, 1])]
    if kind == "images":
        rng = np.random.default_rng(3)
        noise = rng.standard_normal(good.shape)
        return {
            "dropped modes": dropped,
            "noise": [_to_uint8(good + size * noise) for size in (0, 20, 60, 120)],
            "shift": [_to_uint8(good.astype(np.float64) + by) for by in (0, 25, 50, 75)],
        }
    centres = RING.modes.means[classes] if RING.modes is not None else 0
    return {
        "dropped modes": dropped,
        "shift": [good + np.array([by * RING_SIGMA, 0]) for by in (0, 1.5, 3, 4.5)],
        "shrunken modes": [centres + by * (good - centres) for by in (1, 0.7, 0.4, 0.1)],
    }


def labelled_digits() -> tuple[np.ndarray, np.ndarray]:
    """All 1,797 real digits (8 x 8) in random order, and their labels."""
    images, labels = Digits().open(silent).reference(1797, seed=0)
    assert labels is not None
    return images, labels


@cache
def stacked_digits(kept: int, count: int = 2000) -> np.ndarray:
    """uint8 (N, 8, 8, 2) images of two real digits, the first below ``kept``, all combinations about equally often."""
    images, labels = Digits().open(silent).reference(1797, seed=0)
    assert labels is not None
    rng = np.random.default_rng(0)
    rows = [rng.choice(np.flatnonzero(labels == number)) for _ in range(count // 10) for number in range(10)]
    first = [rng.choice(np.flatnonzero(labels == i // 10 % kept)) for i in range(count)]
    stacked = np.concatenate([images[first], images[rows]], axis=3)
    stacked.flags.writeable = False
    return stacked


def drawn_with_classes(kind: Kind, seed: int, keep: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Samples and their classes, of the first ``keep`` classes only."""
    rng = np.random.default_rng(seed)
    if kind == "points":
        assert RING.modes is not None
        classes = rng.integers(8, size=COUNT[kind]) % keep
        return RING.modes.means[classes] + RING_SIGMA * rng.standard_normal((COUNT[kind], 2)), classes
    classes = rng.integers(4, size=COUNT[kind]) % keep
    centre = np.array([[4, 4], [4, 11], [11, 4], [11, 11]])[classes] + rng.standard_normal((COUNT[kind], 2)) * 0.5
    width = (1.5 + classes / 2)[:, None, None]
    row, column = np.mgrid[:16, :16]
    squared = np.square(row - centre[:, 0, None, None]) + np.square(column - centre[:, 1, None, None])
    return _to_uint8(180 * np.exp(-squared / (2 * width**2)))[..., None], classes


def _to_uint8(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
