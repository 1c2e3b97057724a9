"""Fully connected networks, for points and flattened images."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod

from torch import Tensor, nn

from gannet.encodings.base import Encoding
from gannet.networks.base import Discriminator, Generator, Trunk, with_onehot
from gannet.types import DiscriminatorOutput


class MLPGenerator(Generator):
    """latents (+ one-hot label) -> hidden layers -> sample; linear output for points, tanh for images."""

    def __init__(
        self,
        latent_size: int,
        shape: tuple[int, ...],
        *,
        hidden: Sequence[int],
        slope: float = 0.0,
        batch_norm: Sequence[bool] | None = None,
        num_classes: int = 0,
    ) -> None:
        """Args:
        latent_size: length of a latent.
        shape: shape of one sample.
        hidden: widths of the hidden layers.
        slope: slope of the leaky ReLU for negative inputs; 0 is ReLU.
        batch_norm: for each hidden layer whether it is normalised before its activation; None for no layer.
        num_classes: number of classes, or 0 for an unconditional generator.
        """
        super().__init__()
        self.latent_size, self.shape, self.num_classes = latent_size, shape, num_classes
        norms = batch_norm or [False] * len(hidden)
        widths = [latent_size + num_classes, *hidden]
        layers = [*_hidden_layers(widths, norms, slope), nn.Linear(widths[-1], prod(shape))]
        if len(shape) == 3:
            layers.append(nn.Tanh())
        self.layers = nn.Sequential(*layers)

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size), (N,) -> (N, *shape)."""
        return self.layers(with_onehot(latents, labels, self.num_classes)).view(-1, *self.shape)


class MLPDiscriminator(Discriminator):
    """flattened and optionally encoded sample (+ one-hot label) -> hidden layers -> one logit."""

    rows_independent = True

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        hidden: Sequence[int],
        slope: float = 0.0,
        encoding: Encoding | None = None,
        dropout: float = 0.0,
        num_classes: int = 0,
    ) -> None:
        """Args: see :class:`MLPGenerator`; ``encoding`` maps points to features first; ``dropout`` follows every
        activation.
        """
        super().__init__()
        self.shape, self.num_classes, self.encoding = shape, num_classes, encoding
        layers: list[nn.Module] = []
        width = (encoding.size if encoding else prod(shape)) + num_classes
        for out in hidden:
            layers += [nn.Linear(width, out), activation(slope), *([nn.Dropout(dropout)] if dropout else [])]
            width = out
        self.trunk = nn.Sequential(*layers)
        self.head = nn.Linear(width, 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape), (N,) -> DiscriminatorOutput."""
        flat = samples.flatten(1)
        if self.encoding is not None:
            flat = self.encoding(flat)
        features = self.trunk(with_onehot(flat, labels, self.num_classes))
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


class MLPTrunk(Trunk):
    """flattened and optionally encoded sample -> hidden layers, with or without batch norm."""

    def __init__(
        self,
        shape: tuple[int, ...],
        *,
        hidden: Sequence[int],
        slope: float = 0.0,
        encoding: Encoding | None = None,
        batch_norm: bool = False,
    ) -> None:
        """Args: see :class:`MLPDiscriminator`; ``batch_norm`` applies to all layers."""
        super().__init__()
        self.shape, self.size, self.encoding = shape, hidden[-1], encoding
        self.rows_independent = not batch_norm
        widths = [encoding.size if encoding else prod(shape), *hidden]
        self.layers = nn.Sequential(*_hidden_layers(widths, [batch_norm] * len(hidden), slope))

    def forward(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, size)."""
        flat = samples.flatten(1)
        return self.layers(flat if self.encoding is None else self.encoding(flat))


def activation(slope: float) -> nn.Module:
    """ReLU, or leaky ReLU if ``slope`` > 0."""
    return nn.LeakyReLU(slope, inplace=True) if slope else nn.ReLU(inplace=True)


def _hidden_layers(widths: Sequence[int], norms: Sequence[bool], slope: float) -> list[nn.Module]:
    layers: list[nn.Module] = []
    for (before, after), norm in zip(itertools.pairwise(widths), norms, strict=True):
        layers += [nn.Linear(before, after), *([_batch_norm(after)] if norm else []), activation(slope)]
    return layers


def _batch_norm(width: int) -> nn.BatchNorm1d:
    # Keras's momentum 0.8, the share of the old running average, is momentum 0.2 in torch.
    return nn.BatchNorm1d(width, eps=1e-5, momentum=0.2)
