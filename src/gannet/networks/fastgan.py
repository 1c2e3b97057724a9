"""Networks for few images: skip-layer excitation, and a discriminator whose features are decoded again."""

from __future__ import annotations

import itertools
from math import prod, sqrt

import torch
from torch import Tensor, nn
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d, glu, interpolate, leaky_relu

from gannet.networks.base import Discriminator, Generator, doublings
from gannet.types import DiscriminatorOutput

SMALLEST = 8
"""Largest side of the discriminator's last feature map."""
REACH = 4
"""Doublings between the two maps that a skip-layer excitation joins."""


class FastGANGenerator(Generator):
    """z -> h x w -> (nearest upsampling, conv 3x3, BN, GLU) until the size is reached -> conv 3x3, tanh.

    Liu et al. 2021 (FastGAN), section 3.1, https://arxiv.org/abs/2101.04775. Skip-layer excitation: a map is multiplied
    by a gate for each channel, sigmoid(conv 1x1(LReLU(conv 4x4(pool 4x4(a map 16 times smaller))))), so that gradients
    take a short way. For images below 64 pixels the smallest map gates the largest one.

    Differs from the paper: no noise is injected, so that a latent determines its image; no spectral norm; half the
    width.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], *, width: int = 32) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, 0
        *self.base, times = doublings(shape, 4, 7, "few-images")
        widths = [width * max(1, 16 >> level) for level in range(times + 1)]
        self.stem = nn.Linear(latent_size, 2 * widths[0] * prod(self.base))
        self.norm = nn.BatchNorm2d(2 * widths[0])
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Upsample(scale_factor=2),
                nn.Conv2d(before, 2 * after, 3, padding=1, bias=False),
                nn.BatchNorm2d(2 * after),
                nn.GLU(1),
            )
            for before, after in itertools.pairwise(widths)
        )
        self.reach = min(REACH, times)
        self.gates = nn.ModuleList(
            nn.Sequential(
                nn.AdaptiveAvgPool2d(4),
                nn.Conv2d(low, high, 4),
                nn.LeakyReLU(0.1),
                nn.Conv2d(high, high, 1),
                nn.Sigmoid(),
            )
            for low, high in zip(widths, widths[self.reach :], strict=False)
        )
        self.image = nn.Conv2d(widths[-1], shape[0], 3, padding=1)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        maps = [glu(self.norm(self.stem(latents).unflatten(1, (-1, *self.base))), 1)]
        for level, block in enumerate(self.blocks, start=1):
            made = block(maps[-1])
            lower = level - self.reach
            maps.append(made * self.gates[lower](maps[lower]) if lower >= 0 else made)
        return self.image(maps[-1]).tanh()


class FastGANDiscriminator(Discriminator):
    """conv 3x3 -> (residual halving) until a side is at most 8 -> conv 3x3 LReLU -> conv 1x1, mean over places.

    Halving: (conv 4x4 stride 2, LReLU, conv 3x3, LReLU + 2x2 mean, conv 1x1) / sqrt 2, as in Liu et al. 2021, section
    3.2, https://arxiv.org/abs/2101.04775. ``features`` is the last map; ``seen`` is what a decoder should make of it:
    the image as D saw it, at most half as large. Differs from the paper: no batch norm and no spectral norm, so that
    samples are independent; one map is decoded, not also a part of a larger one.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, width: int = 32) -> None:
        super().__init__()
        self.shape, self.num_classes = shape, 0
        self.stem = nn.Conv2d(shape[0], width, 3, padding=1)
        self.halvings = nn.ModuleList()
        channels, sides = width, shape[1:]
        while min(sides) > SMALLEST:
            after = min(8 * width, 2 * channels)
            self.halvings.append(_Halving(channels, after))
            channels, sides = after, tuple(side // 2 for side in sides)
        self.map_shape = (channels, *sides)
        self.doublings = min(len(self.halvings), max(1, len(self.halvings) - 1))
        """Of the decoder, from the last map to what is seen."""
        self.before_logits = nn.Conv2d(channels, channels, 3, padding=1)
        self.logit = nn.Conv2d(channels, 1, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput with ``features`` and ``seen``."""
        maps = self.stem(samples)
        for halving in self.halvings:
            maps = halving(maps)
        logits = self.logit(leaky_relu(self.before_logits(maps), 0.2)).float().mean((1, 2, 3))
        sides = [side << self.doublings for side in self.map_shape[1:]]
        seen = adaptive_avg_pool2d(samples, (sides[0], sides[1])) if list(samples.shape[2:]) != sides else samples
        return DiscriminatorOutput(logits, maps.flatten(1), seen=seen)


class FastGANDecoder(nn.Module):
    """The features of a :class:`FastGANDiscriminator` -> (nearest upsampling, conv 3x3, GLU) -> conv 3x3, tanh."""

    def __init__(self, discriminator: FastGANDiscriminator) -> None:
        super().__init__()
        self.map_shape = discriminator.map_shape
        channels = self.map_shape[0]
        widths = [channels, *(max(8, channels >> level) for level in range(1, discriminator.doublings + 1))]
        self.blocks = nn.ModuleList(
            nn.Conv2d(before, 2 * after, 3, padding=1) for before, after in itertools.pairwise(widths)
        )
        self.image = nn.Conv2d(widths[-1], discriminator.shape[0], 3, padding=1)

    def forward(self, features: Tensor) -> Tensor:
        """(N, F) -> images of the size of ``seen``, in [-1, 1]."""
        maps = features.view(-1, *self.map_shape)
        for block in self.blocks:
            maps = glu(block(interpolate(maps, scale_factor=2)), 1)
        return torch.tanh(self.image(maps))


class _Halving(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(0.2)),
            *(nn.Conv2d(after, after, 3, padding=1), nn.LeakyReLU(0.2)),
        )
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, maps: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, C', H / 2, W / 2)."""
        return (self.convolutions(maps) + self.shortcut(avg_pool2d(maps, 2))) / sqrt(2)
