"""Keep the outlines only: the game learns to fill a drawing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import conv2d, pad

from gannet.degradations.base import Degradation, constant, luminance

SOBEL = (-1.0, 0.0, 1.0, -2.0, 0.0, 2.0, -1.0, 0.0, 1.0)


@dataclass(frozen=True)
class Edges(Degradation):
    """Dark lines on white where the luminance changes: 1 - strength |Sobel gradient|, cut to [-1, 1].

    Isola et al. 2017, https://arxiv.org/abs/1611.07004, make photographs from outlines.
    """

    strength: Annotated[float, Field(gt=0)] = 1.0
    """Darkness per slope; a step from black to white over one pixel has the slope 2 in [-1, 1] units."""

    trivial_name: ClassVar[str] = "outlines"

    def input_channels(self, channels: int) -> int:
        """1: the drawing."""
        return 1

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, C, H, W) -> (N, 1, H, W)."""
        kernel = constant(SOBEL, images).view(3, 3) / 4
        kernels = torch.stack([kernel, kernel.T])[:, None]
        slopes = conv2d(pad(luminance(images), (1, 1, 1, 1), mode="replicate"), kernels)
        return (1 - self.strength * slopes.square().sum(1, keepdim=True).sqrt()).clamp_min(-1)

    def of_file(self, image: Tensor, alpha: Tensor | None) -> Tensor:
        """The image is a drawing: its luminance."""
        return luminance(image)

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The drawing."""
        return inputs.expand(-1, channels, -1, -1)
