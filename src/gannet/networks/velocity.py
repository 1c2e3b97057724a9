"""Velocity fields: a fully connected network for points, and a small U-Net for images."""

from __future__ import annotations

from math import pi, prod

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gannet.encodings.base import Encoding
from gannet.networks.base import Velocity

FREQUENCIES = 16
"""Of the time: each gives a sine and a cosine."""


class MLPVelocity(Velocity):
    """[encoded point, time features] -> hidden layers with SiLU -> velocity."""

    def __init__(self, shape: tuple[int, ...], *, hidden: list[int], encoding: Encoding) -> None:
        """Args:
        shape: shape of one sample.
        hidden: widths of the hidden layers.
        encoding: what the network sees of a point.
        """
        super().__init__()
        self.shape, self.encoding = shape, encoding
        layers: list[nn.Module] = []
        width = encoding.size + 2 * FREQUENCIES
        for out in hidden:
            layers += [nn.Linear(width, out), nn.SiLU(inplace=True)]
            width = out
        self.layers = nn.Sequential(*layers, nn.Linear(width, prod(shape)))

    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        """(N, 2), (N,) -> (N, 2)."""
        return self.layers(torch.cat([self.encoding(samples), time_features(times)], dim=1))


class UNetVelocity(Velocity):
    """Three resolutions of ``width``, 2 and 4 times ``width`` channels with residual blocks, joined by skip
    connections.

    Ronneberger, Fischer, Brox 2015, https://arxiv.org/abs/1505.04597, with group norm, SiLU, and the time added to the
    channels of every block, as in Ho, Jain, Abbeel 2020, https://arxiv.org/abs/2006.11239, without attention. Sides
    need not be powers of 2: an image is scaled up to the size of the skip connection that it meets.
    """

    def __init__(self, shape: tuple[int, ...], *, width: int = 32) -> None:
        """Args:
        shape: (C, H, W).
        width: channels at full resolution, a multiple of 8.
        """
        super().__init__()
        self.shape = shape
        self.time = nn.Sequential(nn.Linear(2 * FREQUENCIES, 4 * width), nn.SiLU(inplace=True))
        self.first = nn.Conv2d(shape[0], width, 3, padding=1)
        self.to_half = nn.Conv2d(width, 2 * width, 3, stride=2, padding=1)
        self.at_half = _Block(2 * width, 4 * width)
        self.to_quarter = nn.Conv2d(2 * width, 4 * width, 3, stride=2, padding=1)
        self.at_quarter = nn.ModuleList([_Block(4 * width, 4 * width) for _ in range(2)])
        self.join_half = nn.Conv2d(6 * width, 2 * width, 3, padding=1)
        self.back_at_half = _Block(2 * width, 4 * width)
        self.join_full = nn.Conv2d(3 * width, width, 3, padding=1)
        self.last = nn.Sequential(
            nn.GroupNorm(8, width), nn.SiLU(inplace=True), nn.Conv2d(width, shape[0], 3, padding=1)
        )

    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        """(N, C, H, W), (N,) -> (N, C, H, W)."""
        time = self.time(time_features(times))
        full = self.first(samples)
        half = self.at_half(self.to_half(full), time)
        quarter = self.to_quarter(half)
        for block in self.at_quarter:
            quarter = block(quarter, time)
        half = self.back_at_half(self.join_half(_above(quarter, half)), time)
        return self.last(self.join_full(_above(half, full)))


class _Block(nn.Module):
    """x + f(x, t): twice group norm, SiLU, convolution 3x3; the time is added between the two."""

    def __init__(self, width: int, time_width: int) -> None:
        super().__init__()
        self.before = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))
        self.time = nn.Linear(time_width, width)
        self.after = nn.Sequential(nn.GroupNorm(8, width), nn.SiLU(), nn.Conv2d(width, width, 3, padding=1))

    def forward(self, maps: Tensor, time: Tensor) -> Tensor:
        """(N, width, h, w), (N, time_width) -> (N, width, h, w)."""
        return maps + self.after(self.before(maps) + self.time(time)[:, :, None, None])


def time_features(times: Tensor) -> Tensor:
    """(N,) times in [0, 1] -> (N, 32): sines and cosines of k pi t / 2 for k = 1 ... 16."""
    angles = times[:, None] * torch.arange(1, FREQUENCIES + 1, device=times.device) * (pi / 2)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _above(small: Tensor, skip: Tensor) -> Tensor:
    """``small`` scaled to the size of ``skip``, with its channels."""
    return torch.cat([interpolate(small, size=skip.shape[2:], mode="nearest"), skip], dim=1)
