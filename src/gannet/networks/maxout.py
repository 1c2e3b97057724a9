"""Discriminators of points with maxout units, of samples and of pairs."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import prod

import torch
from torch import Tensor, nn

from gannet.networks.base import Discriminator
from gannet.types import DiscriminatorOutput


class Maxout(nn.Module):
    """h_j(x) = max over k of (W_kj . x + b_kj) (Goodfellow et al. 2013, eq. 1, https://arxiv.org/abs/1302.4389)."""

    def __init__(self, size: int, width: int, pieces: int) -> None:
        super().__init__()
        self.width, self.pieces = width, pieces
        self.linear = nn.Linear(size, width * pieces)

    def forward(self, values: Tensor) -> Tensor:
        """(N, size) -> (N, width)."""
        # The axis of the units is last, because the maximum over a strided axis is vectorised and twice as fast.
        return self.linear(values).view(-1, self.pieces, self.width).amax(1)


class MaxoutDiscriminator(Discriminator):
    """flattened sample -> hidden layers of maxout units -> one logit; without normalisation."""

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], *, hidden: Sequence[int], pieces: int = 5) -> None:
        """Args:
        shape: shape of one sample, or of a pack.
        hidden: widths of the hidden layers.
        pieces: number of linear functions per maxout unit.
        """
        super().__init__()
        self.shape, self.num_classes = shape, 0
        self.trunk = _trunk(prod(shape), hidden, pieces)
        self.head = nn.Linear(hidden[-1], 1)

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput."""
        features = self.trunk(samples.flatten(1))
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


class MaxoutJointDiscriminator(Discriminator):
    """sample and latent, concatenated -> hidden layers of maxout units -> one logit."""

    rows_independent = True

    def __init__(self, shape: tuple[int, ...], latent_size: int, *, hidden: Sequence[int], pieces: int = 5) -> None:
        """Args: as of :class:`MaxoutDiscriminator`; latent_size is the length of a latent."""
        super().__init__()
        self.shape, self.num_classes, self.latent_size = shape, 0, latent_size
        self.trunk = _trunk(prod(shape) + latent_size, hidden, pieces)
        self.head = nn.Linear(hidden[-1], 1)

    # Takes a pair (x, z) instead of a sample; only games on pairs call it.
    def forward(self, samples: Tensor, latents: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:  # pyright: ignore[reportIncompatibleMethodOverride]
        """(N, *shape), (N, latent_size) -> DiscriminatorOutput."""
        features = self.trunk(torch.cat([samples.flatten(1), latents], dim=1))
        return DiscriminatorOutput(self.head(features).squeeze(1).float(), features)


def _trunk(size: int, hidden: Sequence[int], pieces: int) -> nn.Sequential:
    return nn.Sequential(*(Maxout(before, after, pieces) for before, after in itertools.pairwise([size, *hidden])))
