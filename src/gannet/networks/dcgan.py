"""The convolutional pair with pooling in the discriminator."""

from __future__ import annotations

import itertools
from math import prod

from torch import Tensor, nn

from gannet.networks.base import Discriminator, Generator, Trunk, doublings, with_onehot
from gannet.networks.subpixel import ToImage
from gannet.types import DiscriminatorOutput


class DCGANGenerator(Generator):
    """z -> 1024 ReLU BN -> h*w*128 ReLU BN -> transposed convolutions 4x4 stride 2 (64 ReLU BN, ...) -> tanh.

    28x28 images have h = w = 7 and two doublings. A class label is appended to z as a one-hot vector. The generator of
    the GAN assignment of Stanford's course CS231n, which simplifies Radford et al. 2016,
    https://arxiv.org/abs/1511.06434.
    """

    def __init__(self, latent_size: int, shape: tuple[int, ...], *, num_classes: int = 0) -> None:
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, num_classes
        channels = shape[0]
        *self.base, times = doublings(shape, 4, 8, "dcgan")
        stem = prod(self.base) * 128
        self.stem = nn.Sequential(
            *(nn.Linear(latent_size + num_classes, 1024), nn.ReLU(inplace=True), nn.BatchNorm1d(1024)),
            *(nn.Linear(1024, stem), nn.ReLU(inplace=True), nn.BatchNorm1d(stem)),
        )
        widths = [128, *[64] * (times - 1)]
        hidden = [
            layer
            for before, after in itertools.pairwise(widths)
            for layer in (nn.ConvTranspose2d(before, after, 4, 2, 1), nn.ReLU(inplace=True), nn.BatchNorm2d(after))
        ]
        self.upsampling = nn.Sequential(*hidden, ToImage(widths[-1], channels), nn.Tanh())

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size), (N,) -> (N, C, H, W)."""
        stem = self.stem(with_onehot(latents, labels, self.num_classes))
        return self.upsampling(stem.view(-1, 128, *self.base))  # (N, 128, h, w)


class DCGANTrunk(Trunk):
    """conv 5x5 32 LReLU, max pool, conv 5x5 64 LReLU, max pool, 1024 LReLU; without padding for sides of at least 16
    pixels.

    With ``batch_norm`` the second convolution and the dense layer are normalised, as in InfoGAN (Chen et al. 2016,
    appendix C.1, https://arxiv.org/abs/1606.03657). Samples of a batch then influence each other.
    """

    def __init__(self, shape: tuple[int, ...], *, slope: float = 0.01, batch_norm: bool = False) -> None:
        """Args:
        shape: shape of one image.
        slope: slope of the leaky ReLU for negative inputs.
        batch_norm: whether to normalise all layers except the first.
        """
        super().__init__()
        self.shape, self.size, self.rows_independent = shape, 1024, not batch_norm
        # Images below 16 pixels would shrink to nothing without padding.
        padding = 0 if min(shape[1:]) >= 16 else 2
        # Pooling commutes with the monotone leaky ReLU, and pooling first leaves only a quarter of the activations.
        self.convolutions = nn.Sequential(
            *(nn.Conv2d(shape[0], 32, 5, padding=padding), nn.MaxPool2d(2), nn.LeakyReLU(slope, inplace=True)),
            *(nn.Conv2d(32, 64, 5, padding=padding), nn.MaxPool2d(2), *([nn.BatchNorm2d(64)] if batch_norm else [])),
            nn.LeakyReLU(slope, inplace=True),
        )
        lost = 4 - 2 * padding
        height, width = (((side - lost) // 2 - lost) // 2 for side in shape[1:])
        normalised = [nn.BatchNorm1d(self.size)] if batch_norm else []
        self.dense = nn.Sequential(
            nn.Flatten(), nn.Linear(64 * height * width, self.size), *normalised, nn.LeakyReLU(slope, inplace=True)
        )

    def forward(self, samples: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, 1024)."""
        return self.dense(self.convolutions(samples))


class DCGANDiscriminator(Discriminator):
    """The trunk and a linear logit."""

    def __init__(self, shape: tuple[int, ...], *, slope: float = 0.01, batch_norm: bool = False) -> None:
        """Args: as of :class:`DCGANTrunk`."""
        super().__init__()
        self.shape, self.num_classes = shape, 0
        self.trunk = DCGANTrunk(shape, slope=slope, batch_norm=batch_norm)
        self.rows_independent = self.trunk.rows_independent
        self.head = nn.Linear(self.trunk.size, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, C, H, W) -> DiscriminatorOutput."""
        features = self.trunk(samples)
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)
