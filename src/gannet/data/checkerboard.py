"""The dark squares of a checkerboard."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gannet.data.base import Kind, Progress, Source, Truth
from gannet.data.digest import digest_fields
from gannet.data.points import PointDistribution
from gannet.data.ranges import Length


@dataclass(frozen=True, kw_only=True)
class Checkerboard(Source):
    """A uniform distribution over every second square of a board centred on the origin: sharp edges and touching
    corners.

    The density is 1 / area on the dark squares and 0 elsewhere. The lower left square is dark.
    """

    kind: ClassVar[Kind] = "points"
    rows: Annotated[int, Field(ge=2, le=100)] = 4
    """Squares along each side."""
    width: Length = 8.0
    """Side of the whole board."""

    def open(self, progress: Progress) -> PointDistribution:
        """The distribution with its exact density; labels are the dark squares, row by row from the lower left."""
        names = tuple(str(i) for i in range(self._num_dark))
        truth = Truth(log_density=self._log_density)
        return PointDistribution(self._draw, content_hash=digest_fields(self), class_names=names, truth=truth)

    @property
    def _num_dark(self) -> int:
        return (self.rows**2 + 1) // 2

    def _draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        dark = torch.randint(self._num_dark, (count,), generator=rng)
        row, column = _place(dark, self.rows)
        corners = torch.stack([column, row], dim=1)  # (N, 2) in squares from the lower left
        side = self.width / self.rows
        # A margin of a millionth of the board's width stays empty, so that float32 cannot round a point into a light
        # square.
        margin = 1e-6 * self.rows
        return (corners + torch.rand(count, 2, generator=rng).clamp_(margin, 1 - margin)).mul_(side).sub_(
            self.width / 2
        ), dark

    def _log_density(self, points: np.ndarray) -> np.ndarray:
        side = self.width / self.rows
        square = np.floor((np.asarray(points, dtype=np.float64) + self.width / 2) / side)
        inside = ((square >= 0) & (square < self.rows)).all(axis=1) & (square.sum(axis=1) % 2 == 0)
        return np.where(inside, -math.log(self._num_dark * side**2), -np.inf)


def _place(dark: Tensor, rows: int) -> tuple[Tensor, Tensor]:
    """Row and column of the dark squares; counted in reading order, every second square of an odd-sided board is
    dark.
    """
    if rows % 2:
        return (2 * dark) // rows, (2 * dark) % rows
    row = dark // (rows // 2)
    return row, 2 * (dark % (rows // 2)) + row % 2
