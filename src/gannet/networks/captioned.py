"""A generator and a discriminator of images with captions, at the text encoder that each of them owns."""

from __future__ import annotations

import itertools
from math import prod

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator, Generator, doublings
from gannet.networks.subpixel import ToImage
from gannet.networks.text import TextEncoder
from gannet.types import DiscriminatorOutput

SLOPE = 0.2
STEM = 256
"""Units of the dense layer in which latents and text meet."""


class CaptionedGenerator(Generator):
    """[z, text] -> 256 -> linear to 4x4 -> transposed convolutions 4x4 stride 2, each halving the width -> tanh; batch
    norm, ReLU.

    ``labels`` are token ids (N, L). The convolutions are those of Radford, Metz, Chintala 2016,
    https://arxiv.org/abs/1511.06434; the text is appended to the latents as in Reed et al. 2016, section 4.1,
    https://arxiv.org/abs/1605.05396.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], text: TextEncoder, *, width: int) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes, self.num_words = latent_size, shape, 0, text.num_words
        *self.base, times = doublings(shape, 4, 7, "text-to-image")
        widths = [width << i for i in reversed(range(times))]
        self.text = text
        self.stem = nn.Sequential(
            *(nn.Linear(latent_size + text.size, STEM, bias=False), nn.BatchNorm1d(STEM), nn.ReLU(inplace=True)),
            nn.Linear(STEM, prod(self.base) * widths[0], bias=False),
        )
        layers: list[nn.Module] = [nn.BatchNorm2d(widths[0]), nn.ReLU(inplace=True)]
        for before, after in itertools.pairwise(widths):
            layers += [
                nn.ConvTranspose2d(before, after, 4, 2, 1, bias=False),
                nn.BatchNorm2d(after),
                nn.ReLU(inplace=True),
            ]
        self.upsampling = nn.Sequential(*layers, ToImage(widths[-1], shape[0]), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size), token ids (N, L) -> (N, C, H, W)."""
        stem = self.stem(torch.cat([latents, self.text(_required(labels))], 1))
        return self.upsampling(stem.unflatten(1, (-1, *self.base)))


class CaptionedDiscriminator(Discriminator):
    """D(x, t) = w . f(x) + b + e(t) . V f(x): strided convolutions f without normalisation, and a text encoder e.

    ``labels`` are token ids (N, L). The text enters by an inner product with the features, as the class label of Miyato
    and Koyama 2018, eq. 4, https://arxiv.org/abs/1802.05637.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], text: TextEncoder, *, width: int) -> None:
        super().__init__()
        self.shape, self.num_classes, self.num_words = shape, 0, text.num_words
        *base, times = doublings(shape, 4, 7, "text-to-image")
        widths = [shape[0], *(width << i for i in range(times))]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(widths):
            layers += [nn.Conv2d(before, after, 4, 2, 1), nn.LeakyReLU(SLOPE, inplace=True)]
        size = 2 * widths[-1]
        self.trunk = nn.Sequential(
            *layers, nn.Flatten(), nn.Linear(prod(base) * widths[-1], size), nn.LeakyReLU(SLOPE, inplace=True)
        )
        self.text = text
        self.head = nn.Linear(size, 1)
        self.match = nn.Linear(size, text.size, bias=False)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W), token ids (N, L) -> DiscriminatorOutput."""
        features = self.trunk(samples)
        return DiscriminatorOutput(self.logits(features, _required(labels)), features)

    def logits(self, features: Tensor, tokens: Tensor) -> Tensor:
        """Logits of known features with their captions: (N, F), (N, L) -> (N,)."""
        return (self.head(features).squeeze(1) + (self.match(features) * self.text(tokens)).sum(1)).float()


def _required(labels: Tensor | None) -> Tensor:
    if labels is None:
        raise ValueError("A captioned network needs the token ids of captions.")
    return labels
