"""Two concentric circles."""

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
from gannet.data.ranges import Length, Sigma


@dataclass(frozen=True, kw_only=True)
class Circles(Source):
    """Two circles around the origin, blurred by Gaussian noise; half of the points lie on each.

    Angles are uniform, so the density is known: with noise s, a circle of radius R has
    p(x) = exp(-(|x|^2 + R^2) / (2 s^2)) I_0(|x| R / s^2) / (2 pi s^2), where I_0 is the modified Bessel function.
    """

    kind: ClassVar[Kind] = "points"
    radius: Length = 2.0
    """Radius of the outer circle."""
    factor: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Radius of the inner circle over that of the outer one."""
    noise: Sigma = 0.05
    """Standard deviation of the Gaussian noise added to each coordinate."""

    def open(self, progress: Progress) -> PointDistribution:
        """The distribution with its exact density; label 0 is the outer circle, 1 the inner one."""
        truth = Truth(log_density=self._log_density)
        return PointDistribution(self._draw, content_hash=digest_fields(self), class_names=("0", "1"), truth=truth)

    def _draw(self, count: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        circle = torch.randint(2, (count,), generator=rng)
        angle = torch.rand(count, generator=rng).mul_(2 * math.pi)
        radius = torch.where(circle == 0, self.radius, self.radius * self.factor)
        points = torch.stack([angle.cos() * radius, angle.sin() * radius], dim=1)
        return points.add_(torch.randn(count, 2, generator=rng), alpha=self.noise), circle

    def _log_density(self, points: np.ndarray) -> np.ndarray:
        from scipy.special import ive

        distance = np.linalg.norm(np.asarray(points, dtype=np.float64), axis=1)[:, None]  # (N, 1)
        radii = np.array([self.radius, self.radius * self.factor])
        variance = self.noise**2
        # ive(0, z) = I_0(z) exp(-z), so the remaining exponent is -(|x| - R)^2 / (2 s^2), which cannot overflow.
        logs = np.log(ive(0, distance * radii / variance)) - (distance - radii) ** 2 / (2 * variance)
        return np.logaddexp(logs[:, 0], logs[:, 1]) - math.log(2) - math.log(2 * math.pi * variance)
