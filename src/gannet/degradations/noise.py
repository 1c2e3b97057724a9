"""Add noise: the game learns to remove it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor

from gannet.degradations.base import Degradation


@dataclass(frozen=True)
class Noise(Degradation):
    """Gaussian noise, independent for every pixel and channel, cut to the range of the image."""

    levels: Annotated[float, Field(gt=0, le=255)] = 25.0
    """Standard deviation, in levels of 0 to 255."""

    trivial_name: ClassVar[str] = "noisy"

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        noise = torch.randn(images.shape, generator=rng, device=images.device)
        return (images + self.levels / 127.5 * noise).clamp(-1, 1)

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The noisy image."""
        return inputs
