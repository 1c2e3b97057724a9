"""The all-convolutional networks of the DCGAN paper: no pooling, batch norm except next to the image."""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from gannet.networks.base import Discriminator, Generator, doublings, initialise_normal
from gannet.networks.subpixel import ToImage
from gannet.types import DiscriminatorOutput


class StridedGenerator(Generator):
    """z -> 4x4 -> transposed convolutions 4x4 stride 2, each halving the width -> tanh: the discriminator mirrored.

    Radford, Metz, Chintala 2016, https://arxiv.org/abs/1511.06434.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], *, width: int = 16) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, 0
        *base, times = doublings(shape, 4, 4, "dcgan-strided")
        widths = [width << i for i in range(times, 0, -1)]  # 128, 64, 32 for 32x32
        layers: list[nn.Module] = [nn.ConvTranspose2d(latent_size, widths[0], (base[0], base[1]), 1, 0, bias=False)]
        for before, after in itertools.pairwise(widths):
            layers += [
                nn.BatchNorm2d(before),
                nn.ReLU(inplace=True),
                nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
            ]
        layers += [
            nn.BatchNorm2d(widths[-1]),
            nn.ReLU(inplace=True),
            ToImage(widths[-1], shape[0]),
            nn.Tanh(),
        ]
        self.layers = nn.Sequential(*layers)
        initialise_normal(self)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        return self.layers(latents[:, :, None, None])


class StridedDiscriminator(Discriminator):
    """conv 3x3 stride 2 of 16, 32, 64 (batch norm from the second, LReLU .2), conv 4x4 128 BN LReLU, linear head."""

    rows_independent = False

    def __init__(self, shape: tuple[int, ...], *, width: int = 16) -> None:
        super().__init__()
        self.shape, self.num_classes = shape, 0
        *base, times = doublings(shape, 4, 4, "dcgan-strided")
        layers: list[nn.Module] = []
        before = shape[0]
        for i in range(times):
            after = width << i
            layers += [
                nn.Conv2d(before, after, 3, 2, 1, bias=i == 0),
                *([nn.BatchNorm2d(after)] if i else []),
                _leaky(),
            ]
            before = after
        last = before * 2
        layers += [
            nn.Conv2d(before, last, (base[0], base[1]), bias=False),
            nn.BatchNorm2d(last),
            _leaky(),
            nn.Flatten(),
        ]
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(last, 1)
        initialise_normal(self)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput."""
        features = self.trunk(samples)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


def _leaky() -> nn.Module:
    return nn.LeakyReLU(0.2, inplace=True)
