"""The LeCam regularizer."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.regularizers.base import Penalty, ScoreFunction
from gannet.types import Batch, Inputs


class LeCam(Penalty):
    """weight * (E (D(x) - a_F)^2 + E (D(G(z)) - a_R)^2), a_R and a_F running averages of the real and the fake scores.

    Tseng et al. 2021, https://arxiv.org/abs/2104.03310: scores are held back towards what the other side usually
    gets, which with few data keeps the discriminator from growing certain. The averages are exponential with ``decay``;
    at first they are plain means, so that nothing is pulled towards their initial value. They include this step's batch
    and are constants to the gradient.
    """

    real_average: Tensor
    fake_average: Tensor
    count: Tensor

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 0.3,
        decay: Annotated[float, Field(ge=0, lt=1)] = 0.99,
        every: Annotated[int, Field(ge=1)] = 1,
    ) -> None:
        """Args:
        weight: factor of the term.
        decay: kept of the averages at every application.
        every: steps between two applications; the term is that much stronger.
        """
        super().__init__()
        self.weight, self.decay, self.every = weight, decay, every
        self.register_buffer("real_average", torch.zeros(()))
        self.register_buffer("fake_average", torch.zeros(()))
        self.register_buffer("count", torch.zeros((), dtype=torch.int64))

    def forward(self, score: ScoreFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a constant critic."""
        real_scores, fake_scores = score(real), score(fake)
        self.remember(real_scores, fake_scores)
        to_fake = (real_scores - self.fake_average).square().mean()
        to_real = (fake_scores - self.real_average).square().mean()
        return self.weight * (to_fake + to_real)

    @torch.no_grad()
    def remember(self, real_scores: Tensor, fake_scores: Tensor) -> None:
        """Move both averages by one batch of scores, (N,) each."""
        self.count += 1
        share = (1 / self.count).clamp(min=1 - self.decay)
        for average, scores in ((self.real_average, real_scores), (self.fake_average, fake_scores)):
            average.lerp_(scores.mean().to(average.dtype), share)
