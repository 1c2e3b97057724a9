"""A rolled strip (Swiss roll)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gannet.data.base import Kind, Progress, Source
from gannet.data.digest import digest_fields
from gannet.data.points import PointDistribution
from gannet.data.ranges import Length, Noise


@dataclass(frozen=True, kw_only=True)
class SwissRoll(Source):
    """A thin strip rolled up one and a half times: one connected curve without self-intersections.

    (t cos t, t sin t) * radius / (4.5 pi) with t = 1.5 pi (1 + 2u) and u uniform on [0, 1].
    """

    kind: ClassVar[Kind] = "points"
    radius: Length = 2.0
    """Distance of the outer end from the origin."""
    noise: Noise = 0.05
    """Standard deviation of the Gaussian noise added to each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The distribution; it has no labels."""
        return PointDistribution(self._draw, content_hash=digest_fields(self))

    def _draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, None]:
        angle = torch.rand(count, generator=rng).mul_(2).add_(1).mul_(1.5 * math.pi)
        distance = angle * (self.radius / (4.5 * math.pi))
        points = torch.stack([angle.cos() * distance, angle.sin() * distance], dim=1)
        return points.add_(torch.randn(count, 2, generator=rng), alpha=self.noise), None
