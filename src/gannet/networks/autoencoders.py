"""Discriminators that are autoencoders: a large reconstruction error means fake."""

from __future__ import annotations

from math import prod
from typing import Literal

from torch import Tensor, nn

from gannet.networks.base import Discriminator, Encoder, Generator, doublings
from gannet.types import DiscriminatorOutput


class AutoencoderDiscriminator(Discriminator):
    """x -> encoder -> code -> decoder -> x'; the logit is minus the energy, the mean of |x - x'|^power over
    coordinates.

    Mean squares (power 2): EBGAN, Zhao et al. 2017, https://arxiv.org/abs/1609.03126. Mean absolute differences (power
    1): BEGAN, Berthelot et al. 2017, eq. 1, https://arxiv.org/abs/1703.10717. The codes are the features.
    """

    def __init__(self, encoder: Encoder, decoder: Generator, *, power: Literal[1, 2] = 2) -> None:
        """Args:
        encoder: samples to codes; samples of a batch must be independent.
        decoder: codes to samples; samples of a batch must be independent.
        power: exponent of the reconstruction error.
        """
        assert encoder.shape == decoder.shape
        assert encoder.latent_size == decoder.latent_size
        super().__init__()
        self.shape, self.num_classes, self.rows_independent, self.power = encoder.shape, 0, True, power
        self.encoder, self.decoder = encoder, decoder

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput with logits <= 0."""
        codes = self.encoder(samples)
        errors = (samples.float() - self.decoder(codes).float()).flatten(1)
        return DiscriminatorOutput(-(errors.square() if self.power == 2 else errors.abs()).mean(1), codes)


class ConvolutionalDecoder(Generator):
    """code -> h*w*64 ELU -> [up 2, conv 3x3 64, ELU] up to half of the size -> up 2, conv 3x3 -> tanh; no
    normalisation.

    A lighter version of the decoder of BEGAN (Berthelot et al. 2017, figure 1, https://arxiv.org/abs/1703.10717): one
    convolution instead of two per resolution, and the last one outputs the image.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], *, width: int = 64) -> None:
        """Args:
        latent_size: length of a code.
        shape: (C, H, W).
        width: channels of every hidden layer.
        """
        super().__init__()
        self.latent_size, self.shape, self.num_classes, self.width = latent_size, shape, 0, width
        *self.base, times = doublings(shape, 4, 8, "autoencoder")
        self.stem = nn.Sequential(nn.Linear(latent_size, width * prod(self.base)), nn.ELU(inplace=True))
        layers: list[nn.Module] = []
        for _ in range(times - 1):
            layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, width, 3, padding=1), nn.ELU(inplace=True)]
        self.layers = nn.Sequential(
            *layers, nn.Upsample(scale_factor=2), nn.Conv2d(width, shape[0], 3, padding=1), nn.Tanh()
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, C, H, W)."""
        return self.layers(self.stem(latents).view(-1, self.width, *self.base))  # (N, width, h, w)
