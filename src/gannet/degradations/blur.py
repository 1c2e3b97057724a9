"""Blur: the game learns to sharpen."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, pi, sqrt
from typing import Annotated, ClassVar, Literal

import torch
from pydantic import Field
from torch import Tensor
from torch.nn.functional import conv2d, pad, relu

from gannet.degradations.base import Degradation, places, segment_distances


@dataclass(frozen=True)
class Blur(Degradation):
    """Convolution with a kernel drawn for every image: a Gaussian, or a straight line in a random direction (motion).

    The kernel's standard deviation is uniform between half of ``sigma`` and ``sigma``. Motion blur as in DeblurGAN
    (Kupyn et al. 2018, https://arxiv.org/abs/1711.07064), whose paths are curved. Pixels beyond the edge are those of
    the edge.
    """

    kind: Literal["gaussian", "motion"] = "gaussian"
    """Shape of the kernel."""
    sigma: Annotated[float, Field(gt=0, le=16)] = 1.5
    """Largest standard deviation of the kernel, in pixels."""

    trivial_name: ClassVar[str] = "blurred"

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, C, H, W) -> the same shape."""
        count, channels = images.shape[:2]
        sigma = self.sigma * (0.5 + 0.5 * torch.rand(count, generator=rng, device=images.device))
        angle = pi * torch.rand(count, generator=rng, device=images.device)
        kernels = self.kernels(sigma, angle)
        reach = kernels.shape[1] // 2
        padded = pad(images, (reach,) * 4, mode="replicate").flatten(0, 1)[None]  # (1, N * C, H', W')
        blurred = conv2d(
            padded, kernels.repeat_interleave(channels, dim=0)[:, None].to(images.dtype), groups=count * channels
        )
        return blurred.view(images.shape)

    def kernels(self, sigma: Tensor, angle: Tensor) -> Tensor:
        """(N,) standard deviations and (N,) angles in radians -> (N, k, k) kernels that sum to 1."""
        reach = ceil(3 * self.sigma) if self.kind == "gaussian" else ceil(sqrt(3) * self.sigma) + 1
        side = 2 * reach + 1
        grid = places(side, side, sigma.device) - reach
        if self.kind == "gaussian":
            weights = torch.exp(-grid.square().sum(1)[None] / (2 * sigma[:, None].square()))
        else:
            # A line of length l has the standard deviation l / sqrt(12) along it; its round ends count as half a pixel
            # each.
            half = (sqrt(3) * sigma[:, None] - 0.5) * torch.stack([angle.sin(), angle.cos()], dim=1)
            weights = relu(1 - segment_distances(grid, -half, half))
        return (weights / weights.sum(1, keepdim=True)).view(-1, side, side)

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The blurred image."""
        return inputs
