"""The networks of the Wasserstein recipes: nearest-neighbour upsampling against a strided critic."""

from __future__ import annotations

import itertools
from math import prod

from torch import Tensor, nn

from gannet.networks.base import Discriminator, Generator, doublings
from gannet.networks.subpixel import Upsampling
from gannet.types import DiscriminatorOutput


class UpsamplingGenerator(Generator):
    """z -> h*w*128 -> [up 2, conv 5x5] 128, 64 -> up 2, transposed conv 5x5 32 -> transposed conv 5x5 -> tanh.

    Batch norm and LReLU after every layer except the last. Nearest-neighbour upsampling avoids the checkerboard
    artifacts of strided transposed convolutions (Odena, Dumoulin, Olah 2016,
    https://distill.pub/2016/deconv-checkerboard).
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, 0
        *self.base, times = doublings(shape, 3, 5, "wgan")
        widths = [128, 128, *[64] * (times - 2), 32][: times + 1] if times > 1 else [128, 32]
        stem = prod(self.base) * widths[0]
        self.stem = nn.Sequential(nn.Linear(latent_size, stem), nn.BatchNorm1d(stem), nn.LeakyReLU(0.3, inplace=True))
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            is_last = after == 32
            convolution = nn.ConvTranspose2d(before, after, 5, 1, 2) if is_last else nn.Conv2d(before, after, 5, 1, 2)
            layers += [nn.Upsample(scale_factor=2), convolution, nn.BatchNorm2d(after), nn.LeakyReLU(0.3, inplace=True)]
        self.upsampling = Upsampling(*layers, nn.ConvTranspose2d(widths[-1], shape[0], 5, 1, 2), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        return self.upsampling(self.stem(latents).view(-1, 128, *self.base))  # (N, 128, h, w)


class UpsamplingDiscriminator(Discriminator):
    """conv 5x5: stride 2 to 32, stride 2 to 64 (dropout), stride 2 to 128, stride 1 to 128; LReLU .3; one linear
    output.

    It has no batch norm, so that a gradient penalty per sample is well defined. The output has no sigmoid and no tanh.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, dropout: float = 0.3) -> None:
        super().__init__()
        self.shape, self.num_classes = shape, 0
        layers: list[nn.Module] = []
        before, height, width = shape
        for after, stride in ((32, 2), (64, 2), (128, 2), (128, 1)):
            layers += [nn.Conv2d(before, after, 5, stride, 2), nn.LeakyReLU(0.3, inplace=True)]
            if after == 64:
                layers.append(nn.Dropout(dropout))
            before, height, width = after, -(-height // stride), -(-width // stride)
        self.trunk = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(before * height * width, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput."""
        features = self.trunk(samples)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)
