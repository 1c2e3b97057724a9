"""Instance noise: Gaussian noise on reals and fakes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.augmentations.base import Augmentation


@dataclass(frozen=True)
class InstanceNoise(Augmentation):
    """x + deviation * N(0, I), for points and images.

    Sønderby et al. 2017, https://arxiv.org/abs/1610.04490: noise makes both distributions overlap, so that the
    discriminator's gradient is informative everywhere. The noise level is constant during training: two distributions
    that are equal with Gaussian noise are equal without it.
    """

    deviation: Annotated[float, Field(ge=0)] = 0.1
    """Standard deviation in normalised units: points have standard deviation 1, images lie in [-1, 1]."""

    def __call__(self, samples: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """(N, *shape) -> (N, *shape)."""
        return samples + self.deviation * torch.randn(
            samples.shape, generator=rng, device=samples.device, dtype=samples.dtype
        )
