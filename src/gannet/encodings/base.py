"""What an encoding is."""

from __future__ import annotations

from abc import ABC, abstractmethod

from torch import Tensor, nn


class Encoding(nn.Module, ABC):
    """A fixed map from points to the discriminator's input features. It may have buffers but no trainable
    parameters.
    """

    size: int
    """Length of an encoded point."""

    @abstractmethod
    def forward(self, points: Tensor) -> Tensor:
        """(N, 2) -> (N, size), twice differentiable."""
