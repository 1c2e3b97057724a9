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
    """x + deviation * N(0, I), for points and for pictures.

    Sønderby et al. 2017, https://arxiv.org/abs/1610.04490: both distributions are smeared until they overlap,
    so that the discriminator's gradient means something everywhere. The noise stays the same throughout training: two
    distributions that are equal under Gaussian noise are equal without it.
    """

    deviation: Annotated[float, Field(ge=0)] = 0.1
    """In inside units: points have deviation 1, pictures lie in [-1, 1]."""

    def __call__(self, samples: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """(N, *shape) -> (N, *shape)."""
        return samples + self.deviation * torch.randn(samples.shape, generator=rng, device=samples.device, dtype=samples.dtype)
