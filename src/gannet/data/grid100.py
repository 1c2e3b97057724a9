"""A hundred Gaussians on a 10 x 10 grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

from pydantic import Field

from gannet.data.base import Kind, Progress, Source
from gannet.data.digest import digest_fields
from gannet.data.mixture import isotropic, square_grid
from gannet.data.points import PointDistribution
from gannet.data.ranges import Length, Sigma


@dataclass(frozen=True, kw_only=True)
class Grid100(Source):
    """A hundred Gaussians on a 10 x 10 grid.

    The modes lie from -4.5 to 4.5 in both coordinates: a hard test of mode collapse.
    """

    kind: ClassVar[Kind] = "points"
    rows: Annotated[int, Field(ge=1, le=100)] = 10
    """Modes along each side."""
    spacing: Length = 1.0
    """Distance between neighbours."""
    sigma: Sigma = 0.03
    """Standard deviation of a mode in each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The mixture with its exact modes and density; labels are the modes, row by row from the lower left."""
        return isotropic(square_grid(self.rows, self.spacing), self.sigma).dataset(digest_fields(self))
