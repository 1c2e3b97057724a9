"""What a prior is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Prior(nn.Module, ABC):
    """A distribution over latents. A module, because it may hold weights; those belong to the generator's player."""

    size: int
    """Length of a latent vector."""

    @abstractmethod
    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size) float32 latents, every random number from ``rng``."""

    def limitation(self) -> str | None:
        """A sentence for the score card, where the prior bounds what can be generated."""
        return None
