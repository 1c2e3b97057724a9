"""The gradient penalty of WGAN-GP."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from gannet.regularizers.base import Penalty, ScoreFunction, input_gradients
from gannet.types import Batch, Inputs


class GradientPenalty(Penalty):
    """weight * E (|grad D(x~)| - target)^2 on random points x~ between a real and a fake row.

    Gulrajani et al. 2017, eq. 3, https://arxiv.org/abs/1704.00028. The norm is taken per sample. One-sided (their
    section 4): only norms above the target are penalised. The mixing weight is one uniform number per row, shared by
    all inputs of the row. Where several rows share a score (packs), the gradient is with respect to all of them.
    """

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 10.0,
        target: Annotated[float, Field(ge=0)] = 1.0,
        sides: Literal["one", "two"] = "two",
        every: Annotated[int, Field(ge=1)] = 1,
    ) -> None:
        """Args:
        weight: of the penalty beside the loss.
        target: norm of the gradient that costs nothing.
        sides: ``two``: smaller norms cost too; ``one``: only larger ones do.
        every: applied every k-th step, then k times as strong.
        """
        super().__init__()
        self.weight, self.target, self.sides, self.every = weight, target, sides, every

    def forward(self, score: ScoreFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a linear critic of slope ``target``."""
        mix = torch.rand(len(real[0]), generator=batch.rng, device=real[0].device)
        between = tuple(_lerp(r.detach(), f.detach(), mix).requires_grad_() for r, f in zip(real, fake, strict=True))
        # The epsilon keeps the gradient of the root finite where the critic is flat.
        norms = (input_gradients(score(between), between) + 1e-12).sqrt()
        excess = norms - self.target
        if self.sides == "one":
            excess = excess.relu()
        return self.weight * excess.square().mean()


def _lerp(real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    return torch.lerp(real, fake.to(real.dtype), mix.to(real.dtype).view(-1, *[1] * (real.dim() - 1)))
