"""The residual network of super-resolution: it corrects an enlarged image."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from gannet.networks.base import Translator

SCALE = 0.2
"""What a block adds is multiplied by it, as in ESRGAN: without batch norm, deep sums grow."""


class ResidualTranslator(Translator):
    """bicubic(y) + h(y): conv 3x3; residual blocks (conv, LReLU, conv) at the size of the input; sub-pixel
    convolutions up to the size of the output; conv 3x3.

    The network of SRGAN (Ledig et al. 2017, section 2.1.1, https://arxiv.org/abs/1609.04802) without batch norm, whose
    statistics of a batch show as artefacts in a photograph (Wang et al. 2018, section 3.1,
    https://arxiv.org/abs/1809.00219). The last layer starts at 0, so that training starts from bicubic interpolation.
    """

    def __init__(self, channels: int, shape: tuple[int, ...], *, factor: int, width: int = 32, blocks: int = 4) -> None:
        """Args:
        channels: channels of the input.
        shape: (C, H, W) of the outputs in training.
        factor: ratio of the sides of output and input, a power of 2.
        width: channels of the blocks.
        blocks: number of residual blocks.
        """
        super().__init__()
        self.input_channels, self.output_channels, self.factor = channels, shape[0], factor
        self.size, self.multiple = (shape[1], shape[2]), factor
        self.first = nn.Sequential(nn.Conv2d(channels, width, 3, padding=1), nn.LeakyReLU(0.2, inplace=True))
        self.blocks = nn.ModuleList(_block(width) for _ in range(blocks))
        doublings = factor.bit_length() - 1
        self.enlarge = nn.Sequential(
            *(
                layer
                for _ in range(doublings)
                for layer in (
                    nn.Conv2d(width, 4 * width, 3, padding=1),
                    nn.PixelShuffle(2),
                    nn.LeakyReLU(0.2, inplace=True),
                )
            )
        )
        self.last = nn.Conv2d(width, shape[0], 3, padding=1)
        nn.init.zeros_(self.last.weight)
        assert self.last.bias is not None
        nn.init.zeros_(self.last.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """(N, channels, H, W) -> (N, C, factor H, factor W), without bounds."""
        now = self.first(inputs)
        for block in self.blocks:
            now = torch.add(now, block(now), alpha=SCALE)
        large = interpolate(inputs, scale_factor=self.factor, mode="bicubic")
        return large + self.last(self.enlarge(now))


def _block(width: int) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(width, width, 3, padding=1), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(width, width, 3, padding=1)
    )
