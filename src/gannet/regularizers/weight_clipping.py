"""Weight clipping."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import torch
from pydantic import Field
from torch import nn

from gannet.regularizers.base import Constraint


@dataclass(frozen=True)
class WeightClipping(Constraint):
    """Clamps every trainable parameter to [-limit, limit] after each critic step.

    Arjovsky, Chintala, Bottou 2017, algorithm 1, https://arxiv.org/abs/1701.07875.
    """

    limit: Annotated[float, Field(gt=0)] = 0.01
    """Largest absolute value of a parameter."""

    def build(self, network: nn.Module) -> None:
        """Clamp the initial parameters, so that the constraint holds from the first forward pass."""
        self.apply(network)

    @torch.no_grad()
    def apply(self, network: nn.Module) -> None:
        """Clamp in place."""
        for weight in network.parameters():
            weight.clamp_(-self.limit, self.limit)
