"""Two half-moons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from gannet.data.base import Kind, Progress, Source
from gannet.data.digest import digest_fields
from gannet.data.points import PointDistribution
from gannet.data.ranges import Noise


@dataclass(frozen=True, kw_only=True)
class Moons(Source):
    """Two interleaved half circles of radius 1.

    Moon 0 is (cos t, sin t) and moon 1 is (1 - cos t, 1/2 - sin t), with t uniform on [0, pi].
    """

    kind: ClassVar[Kind] = "points"
    noise: Noise = 0.05
    """Standard deviation of the Gaussian noise added to each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The distribution; labels are the moons, 0 the upper one."""
        return PointDistribution(self._draw, content_hash=digest_fields(self), class_names=("0", "1"))

    def _draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        moon = torch.randint(2, (count,), generator=rng)
        angle = torch.rand(count, generator=rng).mul_(math.pi)
        side = 1 - 2 * moon  # (N,) 1 for the upper moon, -1 for the lower
        points = torch.stack([angle.cos() * side + moon, angle.sin() * side + 0.5 * moon], dim=1)
        return points.add_(torch.randn(count, 2, generator=rng), alpha=self.noise), moon
