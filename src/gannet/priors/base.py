"""What a prior is."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn


class Prior(nn.Module, ABC):
    """A distribution over latents. It is a module, because it may have parameters, which belong to the generator's
    player.
    """

    size: int
    """Length of a latent vector."""

    @abstractmethod
    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size) float32 latents; all random numbers come from ``rng``."""

    def limitation(self) -> str | None:
        """A sentence for the score card if the prior limits what can be generated, otherwise None."""
        return None
