"""Fully connected layers with noise between them, which keeps a discriminator from memorising few labels."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from gannet.networks.base import Trunk


class GaussianNoise(nn.Module):
    """Adds N(0, deviation^2) in training mode and nothing in evaluation mode."""

    def __init__(self, deviation: float) -> None:
        super().__init__()
        self.deviation = deviation

    def forward(self, values: Tensor) -> Tensor:
        """Any shape."""
        # Like dropout, it draws from the default generator, which the trainer seeds for every turn.
        return values + self.deviation * torch.randn_like(values) if self.training else values


class NoisyMLPTrunk(Trunk):
    """Flat sample in [0, 1] -> weight-normalised hidden layers, ReLU; Gaussian noise .3 before the first layer, .5
    before others.

    The discriminator of Salimans et al. 2016, section 6.1, https://arxiv.org/abs/1606.03498: hidden layers of 1000,
    500, 250, 250 and 250. Weight normalisation: Salimans and Kingma 2016, https://arxiv.org/abs/1602.07868.
    """

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, hidden: Sequence[int] = (1000, 500, 250, 250, 250)) -> None:
        """Args:
        shape: shape of one sample.
        hidden: widths of the hidden layers.
        """
        super().__init__()
        self.shape, self.size = shape, hidden[-1]
        layers: list[nn.Module] = []
        before = prod(shape)
        for index, after in enumerate(hidden):
            linear = nn.Linear(before, after)
            # Activations have about unit variance, because noise would dominate smaller ones. Dark images need more in
            # layer one.
            nn.init.normal_(linear.weight, 0.0, ((2.0 if index else 8.0) / before) ** 0.5)
            nn.init.zeros_(linear.bias)
            layers += [GaussianNoise(0.5 if index else 0.3), weight_norm(linear), nn.ReLU(inplace=True)]
            before = after
        self.layers = nn.Sequential(*layers)

    def forward(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, size)."""
        return self.layers((samples.flatten(1) + 1) / 2)
