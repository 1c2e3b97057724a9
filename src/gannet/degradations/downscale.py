"""Reduce the size: the game learns super-resolution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from gannet.degradations.base import Degradation


@dataclass(frozen=True)
class Downscale(Degradation):
    """The mean of every factor x factor block of pixels: an antialiased reduction, on gamma-encoded values as stored in
    files.

    :meth:`restore` corrects the output block by block, so that its blocks have the means that the input shows (the
    projection of Sønderby et al. 2017, section 3.1, https://arxiv.org/abs/1610.04490).
    """

    factor: Literal[2, 4] = 4  # pyright: ignore[reportIncompatibleVariableOverride]
    """Ratio of the sides."""

    trivial_name: ClassVar[str] = "bicubic"

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, C, H, W) -> (N, C, H / factor, W / factor)."""
        return avg_pool2d(images, self.factor)

    def restore(self, output: Tensor, inputs: Tensor) -> Tensor:
        """(N, C, H, W) whose block means are the inputs."""
        return output + interpolate(inputs - avg_pool2d(output, self.factor), scale_factor=self.factor, mode="nearest")

    def corrected(self, images: Tensor, inputs: Tensor) -> Tensor:
        """As :meth:`restore`: a mean of tiles whose weights change within a block loses the mean of the block."""
        return self.restore(images, inputs)

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """Bicubic interpolation."""
        return interpolate(inputs, scale_factor=self.factor, mode="bicubic").clamp(-1, 1)

    def contradiction(self, images: Tensor, inputs: Tensor) -> Tensor:
        """Of the image downscaled again."""
        return (avg_pool2d(images, self.factor) - inputs).abs().flatten(1).mean(1)
