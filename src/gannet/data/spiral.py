"""Arms of a spiral."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from gannet.data.base import Kind, Progress, Source
from gannet.data.digest import digest_fields
from gannet.data.points import PointDistribution
from gannet.data.ranges import Length, Noise


@dataclass(frozen=True, kw_only=True)
class Spiral(Source):
    """Spiral arms that start at the origin and wind outwards: thin, curved and connected.

    Arm a of A holds the points at distance ``radius * t`` and angle ``2 pi (turns * t + a / A)``, with t^2 uniform on
    [0, 1].
    """

    kind: ClassVar[Kind] = "points"
    arms: Annotated[int, Field(ge=1, le=100)] = 2
    """Number of arms."""
    turns: Annotated[float, Field(ge=0, le=20)] = 1.0
    """Number of turns of each arm around the origin."""
    radius: Length = 2.0
    """Distance of an arm's end from the origin."""
    noise: Noise = 0.05
    """Standard deviation of the Gaussian noise added to each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The distribution; labels are the arms."""
        names = tuple(str(i) for i in range(self.arms))
        return PointDistribution(self._draw, content_hash=digest_fields(self), class_names=names)

    def _draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        arm = torch.randint(self.arms, (count,), generator=rng)
        # The square root makes points uniform over the disc instead of denser at its centre.
        along = torch.rand(count, generator=rng).sqrt_()
        angle = (along * self.turns + arm / self.arms) * (2 * math.pi)
        points = torch.stack([angle.cos(), angle.sin()], dim=1) * (self.radius * along).unsqueeze(1)
        return points.add_(torch.randn(count, 2, generator=rng), alpha=self.noise), arm
