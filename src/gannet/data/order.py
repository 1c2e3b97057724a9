"""The order of a table's rows in training: a pure function of (seed, epoch)."""

from __future__ import annotations

import torch
from torch import Tensor

from gannet.seeding import torch_rng

NUM_EPOCHS_KEPT = 2
"""Two, so that a batch that spans two epochs recomputes neither."""


class Order:
    """Endless shuffled epochs over ``rows``: each epoch contains each row once, and every batch is full.

    Batch ``position`` of ``count`` rows is the slice ``[position * count, (position + 1) * count)`` of the concatenated
    epochs.

    Args:
        rows: (N,) int64 row numbers of a table, or of a selection from it.
    """

    def __init__(self, rows: Tensor) -> None:
        self._rows = rows
        self._kept: dict[tuple[int, int], Tensor] = {}

    def batch(self, count: int, *, seed: int, position: int) -> Tensor:
        """(count,) int64 row numbers."""
        length = len(self._rows)
        epoch, start = divmod(position * count, length)
        if start + count <= length:
            return self._epoch(seed, epoch)[start : start + count]
        parts, missing = [], count
        while missing:
            part = self._epoch(seed, epoch)[start : start + missing]
            parts.append(part)
            epoch, start, missing = epoch + 1, 0, missing - len(part)
        return torch.cat(parts)

    def reference(self, count: int, *, seed: int) -> Tensor:
        """min(count, N) distinct row numbers, from a random stream that training does not use."""
        return self._rows[torch.randperm(len(self._rows), generator=torch_rng(seed, "reference"))[:count]]

    def _epoch(self, seed: int, epoch: int) -> Tensor:
        key = (seed, epoch)
        if key not in self._kept:
            shuffled = self._rows[torch.randperm(len(self._rows), generator=torch_rng(seed, "order", epoch))]
            while len(self._kept) >= NUM_EPOCHS_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = shuffled
        return self._kept[key]
