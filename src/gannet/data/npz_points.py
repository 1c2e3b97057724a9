"""Points from an NPZ file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from gannet.data.base import Kind, Progress, Source
from gannet.data.npz_file import read_npz
from gannet.data.point_table import PointTable
from gannet.errors import UserError


@dataclass(frozen=True, kw_only=True)
class NpzPoints(Source):
    """Points in an .npz file: numbers (N, 2) under samples, x or arr_0; whole-number labels under labels or y."""

    kind: ClassVar[Kind] = "points"
    path: str
    """The file."""
    label: str | None = None
    """The array of the class, or the number from 1 of a column of labels (N, K); empty for none."""

    def open(self, progress: Progress) -> PointTable:
        """The stored points in their order."""
        samples, classes = read_npz(Path(self.path), label=self.label)
        if samples.dtype.kind not in "fiu" or samples.ndim != 2 or samples.shape[1] != 2:
            raise UserError(f"{self.path}: {samples.dtype} {samples.shape}; points must be numbers (N, 2).")
        if classes is None:
            return PointTable(samples, origin=self.path)
        return PointTable(samples, classes.labels, classes.names, origin=self.path)
