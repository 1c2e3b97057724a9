"""Standard normal prior."""

from __future__ import annotations

from math import erf
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.priors.base import Prior


class Gaussian(Prior):
    """z ~ N(0, I).

    With ``limit`` t, each coordinate is drawn from N(0, 1) restricted to [-t, t]: the truncation trick of Brock et al.
    2019, section 3.1, https://arxiv.org/abs/1809.11096. Samples are then more typical and less varied. Training does
    not use it.
    """

    limit: float | None = None
    """Largest absolute value of a coordinate; None for no limit."""

    def __init__(self, size: Annotated[int, Field(ge=1, le=16_384)] = 32) -> None:
        super().__init__()
        self.size = size

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size)."""
        if self.limit is None:
            return torch.randn(count, self.size, generator=rng, device=rng.device)
        # The inverse of the normal distribution function, of uniform numbers between its values at both ends.
        share = torch.rand(count, self.size, generator=rng, device=rng.device, dtype=torch.float64) * 2 - 1
        latents = 2**0.5 * torch.erfinv(share * erf(self.limit / 2**0.5))
        return latents.clamp(-self.limit, self.limit).float()
