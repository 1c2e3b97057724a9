"""What an encoding is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Encoding(nn.Module, ABC):
    """A fixed map from points to the discriminator's input features. Holds buffers at most, never trained weights."""

    size: int
    """Length of an encoded point."""

    @abstractmethod
    def forward(self, points: Tensor) -> Tensor:
        """(N, 2) -> (N, size), differentiable twice."""
