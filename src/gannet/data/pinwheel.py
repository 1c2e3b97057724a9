"""A pinwheel of bent Gaussian blades."""

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
from gannet.data.ranges import Length


@dataclass(frozen=True, kw_only=True)
class Pinwheel(Source):
    """Gaussian blades around the origin, bent by a rotation that increases along the blade.

    A point (1 + radial * e1, tangential * e2), with e1 and e2 from N(0, 1), is turned by ``2 pi a / arms + bend *
    exp(1 + radial * e1)`` and multiplied by ``radius`` (the warp of Johnson et al. 2016,
    https://arxiv.org/abs/1603.06277).
    """

    kind: ClassVar[Kind] = "points"
    arms: Annotated[int, Field(ge=1, le=100)] = 5
    """Number of blades."""
    radial: Annotated[float, Field(gt=0, le=1)] = 0.3
    """Standard deviation along a blade."""
    tangential: Annotated[float, Field(gt=0, le=1)] = 0.05
    """Standard deviation across a blade."""
    bend: Annotated[float, Field(ge=-5, le=5)] = 0.25
    """How strongly the blades are bent; 0 leaves them straight."""
    radius: Length = 2.0
    """Distance of the centre of a blade from the origin."""

    def open(self, progress: Progress) -> PointDistribution:
        """The distribution; labels are the blades."""
        names = tuple(str(i) for i in range(self.arms))
        return PointDistribution(self._draw, content_hash=digest_fields(self), class_names=names)

    def _draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        arm = torch.randint(self.arms, (count,), generator=rng)
        along, across = torch.randn(2, count, generator=rng).unbind(0)
        along = along * self.radial + 1
        across = across * self.tangential
        angle = arm * (2 * math.pi / self.arms) + along.exp() * self.bend
        cosine, sine = angle.cos(), angle.sin()
        points = torch.stack([along * cosine - across * sine, along * sine + across * cosine], dim=1)
        return points.mul_(self.radius), arm
