"""What a generator and a discriminator accept and return, and helpers that several networks share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn
from torch.nn.functional import one_hot

from gannet.errors import UserError
from gannet.types import DiscriminatorOutput

SMALLEST_SIDE = 8
"""The smallest value of ``data.size``."""


class Generator(nn.Module, ABC):
    """Latents (and class labels if ``num_classes`` > 0) to samples in normalised units."""

    latent_size: int
    shape: tuple[int, ...]
    """Shape of one sample: (2,) or (C, H, W)."""
    num_classes: int
    """0 for an unconditional network."""
    num_words: int = 0
    """Size of the vocabulary if ``labels`` are token ids (N, L) of captions; 0 without captions."""

    @abstractmethod
    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size), (N,) -> (N, *shape)."""


class Discriminator(nn.Module, ABC):
    """Samples in normalised units (and class labels) to a DiscriminatorOutput. A critic is a discriminator too."""

    rows_independent: bool
    """True if an output never depends on other samples of the batch, even in training mode (no batch statistics)."""
    shape: tuple[int, ...]
    num_classes: int
    """Number of classes of its label input; 0 without labels."""
    num_words: int = 0
    """As of :class:`Generator`."""
    latent_size: int = 0
    """Length of the latents of its second input; 0 without latents."""
    condition_channels: int = 0
    """Channels of the image that is its second input, of the size of the samples; 0 without such an image."""
    pack: int = 1
    """Number of consecutive samples judged together in training mode. In evaluation mode every sample has its own
    output.
    """

    @abstractmethod
    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape), (N,) -> DiscriminatorOutput with (N,) float32 logits; (N / pack,) in training mode."""


class Encoder(nn.Module, ABC):
    """Samples in normalised units to latents: the inverse direction of a generator."""

    shape: tuple[int, ...]
    latent_size: int

    @abstractmethod
    def forward(self, samples: Tensor, noise: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N, latent_size).

        ``noise`` (N, latent_size) ~ N(0, I) is the noise of a stochastic encoder; None gives its mean.
        """


class Velocity(nn.Module, ABC):
    """A velocity field: where a sample in normalised units moves at a time between 0 (noise) and 1 (data)."""

    shape: tuple[int, ...]

    @abstractmethod
    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        """(N, *shape), (N,) in [0, 1] -> (N, *shape), without bounds."""


class Translator(nn.Module, ABC):
    """Images to images: the generator of image-to-image games."""

    input_channels: int
    output_channels: int
    factor: int
    """Ratio of the sides of output and input."""
    size: tuple[int, int]
    """(H, W) of the outputs in training."""
    multiple: int
    """Sides of outputs must be multiples of it."""

    @abstractmethod
    def forward(self, inputs: Tensor) -> Tensor:
        """(N, input_channels, H, W) -> (N, output_channels, factor H, factor W)."""


class Trunk(nn.Module, ABC):
    """Samples in normalised units to features: the common part of discriminators with several heads and of encoders."""

    rows_independent: bool
    """As of :class:`Discriminator`."""
    shape: tuple[int, ...]
    size: int
    """Number of features."""

    @abstractmethod
    def forward(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, size)."""


def with_onehot(flat: Tensor, labels: Tensor | None, num_classes: int) -> Tensor:
    """(N, F), (N,) -> (N, F + num_classes): ``flat`` with the one-hot class label appended; unchanged without
    classes.
    """
    if num_classes == 0:
        return flat
    if labels is None:
        raise ValueError("A class-conditional network needs labels.")
    return torch.cat([flat, one_hot(labels, num_classes).to(flat.dtype)], dim=1)


def doublings(shape: tuple[int, ...], smallest: int, largest: int, network: str) -> tuple[int, int, int]:
    """The start (h, w) and the number of doublings that give images (C, H, W): h * 2^times == H and w * 2^times == W.

    The smaller of h and w lies between ``smallest`` and ``largest``.

    Raises:
        UserError: the image size is unsupported; the message gives supported sizes.
    """
    height, width = shape[1:]
    for times in range(8, 0, -1):
        if height % 2**times == width % 2**times == 0 and smallest <= min(height, width) >> times <= largest:
            return height >> times, width >> times, times
    suitable = {base << times for base in range(smallest, largest + 1) for times in range(1, 9)}
    near = sorted(
        {side for side in suitable if SMALLEST_SIDE <= side <= 1024}, key=lambda side: abs(side - min(height, width))
    )
    raise UserError(
        f"The network {network!r} cannot make images of {width} x {height} pixels: it doubles "
        f"{_range(smallest, largest)} pixels until both sides are reached. Set data.size={near[0]} for a square centre "
        f"crop; {near[1]} and {near[2]} suit as well."
    )


def _range(smallest: int, largest: int) -> str:
    return str(smallest) if smallest == largest else f"{smallest} to {largest}"


def initialise_normal(module: nn.Module, deviation: float = 0.02) -> None:
    """DCGAN's initialisation: convolution and linear weights N(0, deviation^2), batch norm gains N(1, deviation^2).

    Radford, Metz, Chintala 2016, section 4, https://arxiv.org/abs/1511.06434.
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            nn.init.normal_(layer.weight, 0.0, deviation)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d):
            nn.init.normal_(layer.weight, 1.0, deviation)
            nn.init.zeros_(layer.bias)
