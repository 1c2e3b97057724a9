"""Standard normal prior."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.priors.base import Prior


class Gaussian(Prior):
    """z ~ N(0, I)."""

    def __init__(self, size: Annotated[int, Field(ge=1, le=16_384)] = 32) -> None:
        super().__init__()
        self.size = size

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size)."""
        return torch.randn(count, self.size, generator=rng, device=rng.device)
