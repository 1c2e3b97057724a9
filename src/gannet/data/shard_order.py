"""The order of images in shards: a pure function of (seed, epoch) that touches few shards at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from gannet.seeding import numpy_rng, torch_rng

NUM_KEPT = 2
"""Windows and epochs, so that a batch that spans two computes neither twice."""


class ShardOrder:
    """Endless shuffled epochs over the images of shards.

    An epoch permutes the shards and divides them into windows of ``window`` shards; within a window, images are
    permuted. Each epoch contains each image once, and every batch is full. Batch ``position`` of ``count`` images is
    the slice ``[position * count, (position + 1) * count)`` of the concatenated epochs.

    Args:
        first: (S,) number of the first image of every shard.
        counts: (S,) images in every shard.
        window: shards whose images are shuffled together.
    """

    def __init__(self, first: Sequence[int], counts: Sequence[int], window: int) -> None:
        self._first, self._counts, self._size = np.asarray(first, np.int64), np.asarray(counts, np.int64), window
        self._total = int(self._counts.sum())
        self._epochs: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]] = {}
        self._windows: dict[tuple[int, int, int], np.ndarray] = {}

    def batch(self, count: int, *, seed: int, position: int) -> np.ndarray:
        """(count,) int64 numbers of images."""
        parts, at, missing = [], position * count, count
        while missing:
            epoch, start = divmod(at, self._total)
            number, begin = self._place(seed, epoch, start)
            part = self._window(seed, epoch, number)[start - begin :][:missing]
            parts.append(part)
            at, missing = at + len(part), missing - len(part)
        return np.concatenate(parts)

    def shards(self, count: int, *, seed: int, position: int) -> tuple[tuple[int, int], np.ndarray]:
        """(epoch, number of the window) in which a batch begins, and the shards of that window and of the next."""
        epoch, start = divmod(position * count, self._total)
        number, _ = self._place(seed, epoch, start)
        shards, _ = self._epoch(seed, epoch)
        return (epoch, number), shards[number * self._size : (number + 2) * self._size]

    def reference(self, count: int, *, seed: int, shards: int | None = None) -> np.ndarray:
        """min(count, N) distinct numbers of images, from a random stream that training does not use: of all shards, or
        of ``shards`` shards that the seed chooses, which then hold N images.
        """
        first, counts = self._first, self._counts
        if shards is not None and shards < len(counts):
            some = numpy_rng(seed, "reference shards").choice(len(counts), shards, replace=False)
            first, counts = first[some], counts[some]
        total = int(counts.sum())
        chosen = numpy_rng(seed, "reference").choice(total, min(count, total), replace=False)
        starts = np.cumsum(counts) - counts
        shard = np.searchsorted(starts, chosen, side="right") - 1
        return first[shard] + chosen - starts[shard]

    def _place(self, seed: int, epoch: int, start: int) -> tuple[int, int]:
        """The window that contains image ``start`` of an epoch, and the first image of that window."""
        _, begins = self._epoch(seed, epoch)
        number = int(np.searchsorted(begins, start, side="right")) - 1
        return number, int(begins[number])

    def _epoch(self, seed: int, epoch: int) -> tuple[np.ndarray, np.ndarray]:
        """The permuted shards, and the place in the epoch at which every window begins."""
        key = seed, epoch
        if key not in self._epochs:
            generator = torch_rng(seed, "shards", epoch)
            shards = torch.randperm(len(self._counts), generator=generator).numpy()
            ends = np.cumsum(self._counts[shards])
            begins = np.concatenate([[0], ends[self._size - 1 : -1 : self._size]])
            _keep(self._epochs, key, (shards, begins))
        return self._epochs[key]

    def _window(self, seed: int, epoch: int, number: int) -> np.ndarray:
        key = seed, epoch, number
        if key not in self._windows:
            shards = self._epoch(seed, epoch)[0][number * self._size : (number + 1) * self._size]
            rows = np.concatenate([self._first[s] + np.arange(int(self._counts[s])) for s in shards])
            generator = torch_rng(seed, "window", epoch, number)
            _keep(self._windows, key, rows[torch.randperm(len(rows), generator=generator).numpy()])
        return self._windows[key]


def _keep(kept: dict, key: tuple, value: object) -> None:
    while len(kept) >= NUM_KEPT:
        del kept[next(iter(kept))]
    kept[key] = value
