"""Orthogonal regularisation of the parameters of a player."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from gannet.regularizers.base import WeightPenalty


class Orthogonal(WeightPenalty):
    """weight * sum over layers of |W W^T with its diagonal set to zero|^2, W (out, everything else).

    Brock, Donahue, Simonyan 2019, eq. 3, https://arxiv.org/abs/1809.11096: filters are pushed to be orthogonal; their
    norms are not restricted.
    """

    def __init__(self, weight: Annotated[float, Field(ge=0)] = 1e-4) -> None:
        """Args:
        weight: factor of the term.
        """
        super().__init__()
        self.weight = weight

    def build(self, modules: Iterable[nn.Module]) -> None:
        """Nothing to prepare."""

    def forward(self, modules: Iterable[nn.Module]) -> Tensor:
        """Scalar >= 0; zero if the filters of every layer are orthogonal."""
        return self.weight * torch.stack([_overlap(filters) for filters in _filters(modules)]).sum()


def _overlap(filters: Tensor) -> Tensor:
    products = filters @ filters.T  # (out, out)
    return (products - products.diag().diag()).square().sum()


def _filters(modules: Iterable[nn.Module]) -> Iterable[Tensor]:
    """The (out, rest) matrix of every linear and convolutional layer."""
    for layer in (layer for module in modules for layer in module.modules()):
        if isinstance(layer, nn.ConvTranspose2d):
            yield layer.weight.transpose(0, 1).flatten(1)
        elif isinstance(layer, nn.Linear | nn.Conv1d | nn.Conv2d):
            yield layer.weight.flatten(1)
