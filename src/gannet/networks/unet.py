"""The U-Net: from image to image by way of smaller maps, with connections at every size."""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gannet.networks.base import Translator

WIDEST = 4
"""Channels double with every halving, up to this multiple of ``width``."""
SMALLEST = 4
"""Pixels of the smallest maps, at least."""
DEEPEST = 5


class UNet(Translator):
    """conv 3x3; halvings (conv 4x4 stride 2) down to 4 to 7 pixels; doublings joined with the maps of equal size; conv
    3x3, tanh.

    Isola et al. 2017, section 6.1, https://arxiv.org/abs/1611.07004, after Ronneberger et al. 2015,
    https://arxiv.org/abs/1505.04597. Two changes: group normalisation with groups of 8 channels instead of batch norm,
    so that one image is treated as it was in training, and nearest-neighbour doublings behind 3x3 convolutions, which
    leave no checkerboard. A smaller input is first enlarged ``factor`` times (bicubic). Sides must be multiples of
    ``multiple``.
    """

    def __init__(
        self, input_channels: int, output_channels: int, shape: tuple[int, ...], *, width: int = 16, factor: int = 1
    ) -> None:
        """Args:
        input_channels: channels of the input.
        output_channels: channels of the output.
        shape: (C, H, W) of the images that it is trained on; they determine the number of halvings.
        width: channels at full size.
        factor: ratio of the sides of output and input.
        """
        super().__init__()
        self.input_channels, self.output_channels, self.factor = input_channels, output_channels, factor
        self.size = (shape[1], shape[2])
        times = 0
        while times < DEEPEST and all(
            side % 2 ** (times + 1) == 0 and side >> (times + 1) >= SMALLEST for side in shape[1:]
        ):
            times += 1
        self.multiple = max(2**times, factor)
        widths = [width * min(2**level, WIDEST) for level in range(times + 1)]
        self.first = nn.Sequential(nn.Conv2d(input_channels, widths[0], 3, padding=1), _leaky())
        self.down = nn.ModuleList(
            nn.Sequential(nn.Conv2d(before, after, 4, 2, 1), _norm(after), _leaky())
            for before, after in itertools.pairwise(widths)
        )
        self.middle = nn.Sequential(nn.Conv2d(widths[-1], widths[-1], 3, padding=1), _norm(widths[-1]), _leaky())
        self.up = nn.ModuleList(
            nn.Sequential(nn.Conv2d(2 * widths[level + 1], widths[level], 3, padding=1), _norm(widths[level]), _leaky())
            for level in reversed(range(times))
        )
        self.last = nn.Conv2d(2 * widths[0], output_channels, 3, padding=1)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, input_channels, H, W) -> (N, output_channels, factor H, factor W) in [-1, 1]."""
        if self.factor > 1:
            inputs = interpolate(inputs, scale_factor=self.factor, mode="bicubic")
        maps = [self.first(inputs)]
        for layer in self.down:
            maps.append(layer(maps[-1]))
        now = self.middle(maps[-1])
        for layer in self.up:
            now = interpolate(layer(torch.cat([now, maps.pop()], dim=1)), scale_factor=2, mode="nearest")
        return self.last(torch.cat([now, maps.pop()], dim=1)).tanh()


def _norm(channels: int) -> nn.Module:
    return nn.GroupNorm(max(1, channels // 8), channels)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)
