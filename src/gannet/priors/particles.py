"""A table of learnable latents with learnable noise around them."""

from __future__ import annotations

from math import log
from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor, nn

from gannet.priors.base import Prior


class Particles(Prior):
    """z = p_i + exp(s) * e, i uniform over the table, e ~ N(0, I): an equal mixture of ``count`` Gaussians in latent
    space.

    The table p and the log width s are trained with the generator. So the prior can split into as many parts as the
    data, which is impossible with a connected prior and a continuous generator. The table follows ParticleGAN
    (https://pypi.org/project/particlegan). The learned width keeps the number of distinct samples unlimited. With
    ``width=0`` there are at most ``count`` distinct samples, and the score card reports that.

    Parameters are stored divided by ``rate``. Adam's steps do not depend on the scale of the gradient, so particles
    move ``rate`` times as fast as the generator's parameters with the same learning rate.
    """

    def __init__(
        self,
        count: Annotated[int, Field(ge=1, le=10_000_000)] = 10_000,
        size: Annotated[int, Field(ge=1, le=1_024)] = 8,
        width: Annotated[float, Field(ge=0)] = 0.1,
        rate: Annotated[float, Field(gt=0)] = 17.0,
    ) -> None:
        """Args:
        count: number of particles in the table.
        size: length of a latent.
        width: initial standard deviation of the noise around a particle; 0 disables the noise for the whole run.
        rate: learning rate relative to the generator's learning rate.
        """
        super().__init__()
        self.size, self.count, self.rate = size, count, rate
        self.table = nn.Parameter(torch.randn(count, size) / rate)
        self.log_width = nn.Parameter(torch.full((size,), log(width) / rate)) if width else None

    def draw(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, size), particles drawn with replacement."""
        rows = torch.randint(self.count, (count,), generator=rng, device=rng.device)
        latents = self.rate * self.table[rows]
        if self.log_width is None:
            return latents
        noise = torch.randn(count, self.size, generator=rng, device=rng.device)
        return torch.addcmul(latents, noise, (self.rate * self.log_width).exp())

    def limitation(self) -> str | None:
        """A table without noise limits the number of distinct samples."""
        if self.log_width is not None:
            return None
        return (
            f"The prior is a table of {self.count:,} particles without noise: no more distinct samples than that exist."
        )
