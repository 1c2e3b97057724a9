"""Twenty-five Gaussians on a 5 x 5 grid."""

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
class Grid(Source):
    """Twenty-five Gaussians on a 5 x 5 grid.

    The modes lie at {-4, -2, 0, 2, 4}^2, the setting of VEEGAN and PacGAN (https://arxiv.org/abs/1712.04086).
    """

    kind: ClassVar[Kind] = "points"
    rows: Annotated[int, Field(ge=1, le=100)] = 5
    """Modes along each side."""
    spacing: Length = 2.0
    """Distance between neighbours."""
    sigma: Sigma = 0.05
    """Standard deviation of a mode in each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The mixture with its exact modes and density; labels are the modes, row by row from the lower left."""
        return isotropic(square_grid(self.rows, self.spacing), self.sigma).dataset(digest_fields(self))
