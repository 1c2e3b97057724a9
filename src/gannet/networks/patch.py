"""The patch discriminator of pairs of images."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator
from gannet.types import DiscriminatorOutput


class PatchDiscriminator(Discriminator):
    """An image and its input, stacked: conv 4x4 stride 2 of w and 2w, conv 3x3 2w, conv 3x3 to a map of logits; LReLU
    .2.

    Every logit judges a patch of 26 x 26 pixels (18 x 18 for images below 16 pixels, with one halving). Isola et al.
    2017, section 3.2.2, https://arxiv.org/abs/1611.07004. There is no normalisation, so that samples are independent
    and gradient penalties are well defined.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], condition_channels: int = 0, *, width: int = 32) -> None:
        """Args:
        shape: (C, H, W) of the images.
        condition_channels: channels of the input that is shown next to the image; 0 to judge images alone.
        width: channels of the first layer.
        """
        super().__init__()
        self.shape, self.num_classes, self.condition_channels = shape, 0, condition_channels
        stride = 2 if min(shape[1:]) >= 16 else 1
        self.layers = nn.Sequential(
            *(nn.Conv2d(shape[0] + condition_channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)),
            *(nn.Conv2d(width, 2 * width, 2 + stride, stride, 1), nn.LeakyReLU(0.2, inplace=True)),
            *(nn.Conv2d(2 * width, 2 * width, 3, 1, 1), nn.LeakyReLU(0.2, inplace=True)),
        )
        self.head = nn.Conv2d(2 * width, 1, 3, 1, 1)

    # Takes a pair of images; only image-to-image games call it.
    def forward(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, samples: Tensor, condition: Tensor | None = None, labels: Tensor | None = None
    ) -> DiscriminatorOutput:
        """(N, C, H, W), (N, condition_channels, H, W) -> DiscriminatorOutput with logits (N, 1, h, w)."""
        maps = self.layers(samples if condition is None else torch.cat([samples, condition], dim=1))
        return DiscriminatorOutput(self.head(maps).float(), maps.mean(dim=(2, 3)))
