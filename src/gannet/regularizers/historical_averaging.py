"""Historical averaging of the parameters of a player."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from gannet.regularizers.base import WeightPenalty


class HistoricalAveraging(WeightPenalty):
    """weight * |w - 1/t sum over i <= t of w_i|^2, w_i a player's parameters at its i-th turn.

    Salimans et al. 2016, section 3.3, https://arxiv.org/abs/1606.03498, inspired by fictitious play: parameters that
    move in circles are pulled to the centre. The means are buffers and are constants for the gradient.
    """

    count: Tensor

    def __init__(self, weight: Annotated[float, Field(ge=0)] = 1.0) -> None:
        """Args:
        weight: factor of the term.
        """
        super().__init__()
        self.weight = weight
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def build(self, modules: Iterable[nn.Module]) -> None:
        """Create a buffer for the mean of every parameter."""
        for index, weight in enumerate(_weights(modules)):
            self.register_buffer(f"mean_{index}", torch.zeros_like(weight))

    def forward(self, modules: Iterable[nn.Module]) -> Tensor:
        """Scalar >= 0; zero as long as the parameters have not changed."""
        weights = _weights(modules)
        means = [self.get_buffer(f"mean_{index}") for index in range(len(weights))]
        with torch.no_grad():
            self.count += 1
            for mean, weight in zip(means, weights, strict=True):
                mean.lerp_(weight, 1 / self.count)
        return self.weight * torch.stack([(w - m).square().sum() for w, m in zip(weights, means, strict=True)]).sum()


def _weights(modules: Iterable[nn.Module]) -> list[nn.Parameter]:
    return [weight for module in modules for weight in module.parameters()]
