"""The residual networks of R3GAN without normalisation, small enough to train on two CPU cores."""

from __future__ import annotations

import itertools
from math import sqrt
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gannet.networks.base import Discriminator, Generator, doublings
from gannet.types import DiscriminatorOutput

Layer = TypeVar("Layer", nn.Conv2d, nn.Linear)
SLOPE = 0.2
GROUP_WIDTH = 16
"""Channels per group of a grouped convolution."""
EXPANSION = 2
"""Ratio of the channels inside and outside a residual branch."""
WIDEST = 8
"""Channels double with every halving of the resolution, up to this multiple of ``width``."""


class ResidualBlock(nn.Module):
    """x + conv1x1(a(grouped conv3x3(a(conv1x1(x))))), a = leaky ReLU .2: a grouped, inverted bottleneck.

    Only convolutions before activations have biases. The last convolution is initialised to zero, so that the block
    starts as the identity. The others are scaled by ``scale`` (Fixup: Zhang, Dauphin, Ma 2019,
    https://arxiv.org/abs/1901.09321). This replaces normalisation.
    """

    def __init__(self, channels: int, scale: float) -> None:
        super().__init__()
        inside, gain = EXPANSION * channels, scale * sqrt(2 / (1 + SLOPE**2))
        groups = inside // GROUP_WIDTH if inside % GROUP_WIDTH == 0 else 1
        self.branch = nn.Sequential(
            *(_initialised(nn.Conv2d(channels, inside, 1), gain), nn.LeakyReLU(SLOPE, inplace=True)),
            *(
                _initialised(nn.Conv2d(inside, inside, 3, padding=1, groups=groups), gain),
                nn.LeakyReLU(SLOPE, inplace=True),
            ),
            _initialised(nn.Conv2d(inside, channels, 1, bias=False), 0.0),
        )

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, H, W) -> the same."""
        return maps + self.branch(maps)


class R3GANGenerator(Generator):
    """z scales the channels of a learned 4x4 map (7x7 for 28x28); then residual blocks and doublings; 1x1 conv, tanh.

    Huang, Gokaslan, Kuleshov, Tompkin 2024, section 4, https://arxiv.org/abs/2501.05441. It follows the paper's
    description and is far smaller: one block per resolution, ``width`` channels at full resolution. Doubling is
    bilinear, with a 1x1 convolution that changes the number of channels.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], *, width: int = 16) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, 0
        *base, times = doublings(shape, 4, 7, "r3gan")
        widths = _widths(width, times)[::-1]
        self.map = nn.Parameter(torch.randn(widths[0], *base))
        self.scales = _initialised(nn.Linear(latent_size, widths[0], bias=False))
        self.blocks = _blocks(widths)
        self.changes = nn.ModuleList(
            _initialised(nn.Conv2d(b, a, 1, bias=False)) for b, a in itertools.pairwise(widths)
        )
        self.last = _initialised(nn.Conv2d(widths[-1], shape[0], 1))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        maps = self.blocks[0](self.map * self.scales(latents)[:, :, None, None])
        for change, block in zip(self.changes, self.blocks[1:], strict=True):
            # A 1x1 convolution before doubling processes only a quarter of the pixels.
            maps = block(interpolate(change(maps), scale_factor=2, mode="bilinear", align_corners=False))
        return self.last(maps).tanh()


class R3GANDiscriminator(Discriminator):
    """The generator mirrored: 1x1 conv; residual blocks and halvings to 4x4; one weight per pixel and channel; linear.

    Halving is the mean of 2x2 pixels. The logit has no bias, because the loss depends only on differences of logits.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, width: int = 16) -> None:
        super().__init__()
        self.shape, self.num_classes = shape, 0
        *base, times = doublings(shape, 4, 7, "r3gan")
        widths = _widths(width, times)
        self.first = _initialised(nn.Conv2d(shape[0], widths[0], 1))
        self.blocks = _blocks(widths)
        self.changes = nn.ModuleList(
            _initialised(nn.Conv2d(b, a, 1, bias=False)) for b, a in itertools.pairwise(widths)
        )
        self.pixels = _initialised(nn.Conv2d(widths[-1], widths[-1], (base[0], base[1]), groups=widths[-1], bias=False))
        self.head = _initialised(nn.Linear(widths[-1], 1, bias=False))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput."""
        maps = self.blocks[0](self.first(samples))
        for change, block in zip(self.changes, self.blocks[1:], strict=True):
            maps = block(change(avg_pool2d(maps, 2)))
        features = self.pixels(maps).flatten(1)  # (N, C)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


def _widths(width: int, times: int) -> list[int]:
    """Channels per resolution, from full resolution down."""
    return [min(width << i, width * WIDEST) for i in range(times + 1)]


def _blocks(widths: list[int]) -> nn.ModuleList:
    # Fixup's L^(-1 / (2m - 2)) for L branches of m = 3 layers.
    scale = len(widths) ** -0.25
    return nn.ModuleList(ResidualBlock(width, scale) for width in widths)


def _initialised(layer: Layer, gain: float = 1.0) -> Layer:
    """Weights N(0, gain^2 / inputs), biases 0."""
    nn.init.normal_(layer.weight, 0.0, gain / sqrt(layer.weight[0].numel()))
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
