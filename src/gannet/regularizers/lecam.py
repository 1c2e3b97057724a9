"""The LeCam regularizer."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.ranks.whole import whole
from gannet.regularizers.base import LogitFunction, Penalty
from gannet.types import Batch, Inputs


class LeCam(Penalty):
    """weight * (E (D(x) - a_F)^2 + E (D(G(z)) - a_R)^2), a_R and a_F moving averages of the real and the fake logits.

    Tseng et al. 2021, https://arxiv.org/abs/2104.03310: logits are pulled towards the average of the other side, which
    keeps the discriminator from overfitting few data. The averages are exponential with ``decay``. They start as plain
    means, so that their initial value has no influence. They include the current batch and are constants for the
    gradient.
    """

    real_average: Tensor
    fake_average: Tensor
    count: Tensor

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 0.3,
        decay: Annotated[float, Field(ge=0, lt=1)] = 0.99,
        every: Annotated[int, Field(ge=1, le=10**9)] = 1,
    ) -> None:
        """Args:
        weight: factor of the term.
        decay: share of the old averages kept at every application.
        every: applied every k-th step and multiplied by k.
        """
        super().__init__()
        self.weight, self.decay, self.every = weight, decay, every
        self.register_buffer("real_average", torch.zeros(()))
        self.register_buffer("fake_average", torch.zeros(()))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a constant critic."""
        real_logits, fake_logits = logits_of(real), logits_of(fake)
        self.remember(real_logits, fake_logits)
        to_fake = (real_logits - self.fake_average).square().mean()
        to_real = (fake_logits - self.real_average).square().mean()
        return self.weight * (to_fake + to_real)

    @torch.no_grad()
    def remember(self, real_logits: Tensor, fake_logits: Tensor) -> None:
        """Update both averages with one batch of logits, (N,) each."""
        self.count += 1
        share = (1 / self.count).clamp(min=1 - self.decay)
        for average, logits in ((self.real_average, real_logits), (self.fake_average, fake_logits)):
            average.lerp_(whole(logits).mean().to(average.dtype), share)
