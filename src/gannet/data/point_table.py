"""A table of points in the plane from a file."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gannet.data.base import Dataset, Kind
from gannet.data.digest import digest_arrays
from gannet.data.order import Order
from gannet.data.points import moments_of
from gannet.data.transfer import moved
from gannet.errors import UserError, counted


class PointTable(Dataset):
    """Points (N, 2) from a file, normalised as ``(x - mean) / scale`` with the table's mean and one scalar scale.

    Args:
        points: (N, 2) numbers.
        labels: (N,) int64, or None.
        class_names: in label order.
        origin: the file, for error messages.

    Raises:
        UserError: fewer than two points, numbers that are not finite, or all points equal.
    """

    kind: ClassVar[Kind] = "points"
    shape: tuple[int, ...] = (2,)

    def __init__(
        self, points: np.ndarray, labels: np.ndarray | None = None, class_names: tuple[str, ...] = (), *, origin: str
    ) -> None:
        self.points = np.ascontiguousarray(points, dtype=np.float32)
        _check(self.points, origin)
        mean, self.scale = moments_of(points)
        if self.scale < 1e-6 * (1e-30 + float(np.abs(mean).max())) or self.scale == 0:
            raise UserError(f"{origin}: all points are equal; give points that differ.")
        self.mean = torch.as_tensor(mean, dtype=torch.float32)
        self.labels = None if labels is None else np.asarray(labels, dtype=np.int64)
        self.class_names = class_names
        if self.labels is not None:
            self.class_counts = tuple(np.bincount(self.labels, minlength=len(class_names)).tolist())
        self.size = len(self.points)
        self.content_hash = digest_arrays([self.points, self.labels], class_names)
        self._inside = self.form.encode(self.points)
        self._order = Order(torch.arange(self.size))

    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Standardised points (N, 2) float32 and labels (N,) int64, from endless shuffled epochs."""
        rows = self._order.batch(count, seed=seed, position=position)
        labels = None if self.labels is None else moved(torch.from_numpy(self.labels).index_select(0, rows), device)
        return moved(self._inside.index_select(0, rows), device), labels

    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Distinct points (N, 2) float32 in original units and their labels."""
        rows = self._order.reference(count, seed=seed).numpy()
        return self.points[rows], None if self.labels is None else self.labels[rows]


def _check(points: np.ndarray, origin: str) -> None:
    if points.ndim != 2 or points.shape[1] != 2:
        raise UserError(f"{origin}: expected points of shape (N, 2), found {points.shape}.")
    if len(points) < 2:
        raise UserError(f"{origin}: found {counted(len(points), 'point')}; at least 2 are needed.")
    wrong = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(wrong):
        verb = "is" if len(wrong) == 1 else "are"
        raise UserError(
            f"{origin}: {counted(len(wrong), 'point')} {verb} not finite, the first in row {wrong[0] + 1}; remove or "
            "repair what is not."
        )
