"""Gaussians on a circle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Kind, Progress, Source
from gannet.data.digest import digest_fields
from gannet.data.mixture import isotropic
from gannet.data.points import PointDistribution
from gannet.data.ranges import Length, Sigma


@dataclass(frozen=True, kw_only=True)
class Ring(Source):
    """Eight Gaussians on a circle: the first test for mode collapse.

    The defaults are the protocol of Unrolled GANs (Metz et al. 2017, https://arxiv.org/abs/1611.02163); that of PacGAN
    (Lin et al. 2018, https://arxiv.org/abs/1712.04086) has radius 1 and sigma 0.01.
    """

    kind: ClassVar[Kind] = "points"
    count: Annotated[int, Field(ge=1, le=10_000)] = 8
    """Number of modes."""
    radius: Length = 2.0
    """Distance of every mode from the origin."""
    sigma: Sigma = 0.02
    """Standard deviation of a mode in each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The mixture with its exact modes and density; labels are the modes, anticlockwise from (radius, 0)."""
        angles = 2 * np.pi * np.arange(self.count) / self.count
        means = self.radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
        return isotropic(means, self.sigma).dataset(digest_fields(self))
