"""Uniform prior."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.priors.base import Prior


class Uniform(Prior):
    """z ~ U(-1, 1), independently for each coordinate."""

    def __init__(self, size: Annotated[int, Field(ge=1, le=16_384)] = 96) -> None:
        super().__init__()
        self.size = size

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size)."""
        return torch.rand(count, self.size, generator=rng, device=rng.device) * 2 - 1
