"""The gradient penalty of WGAN-GP."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import Tensor

from gannet.regularizers.base import LogitFunction, Penalty, input_gradients
from gannet.regularizers.piecewise_linear import without_zeros
from gannet.types import Batch, Inputs


class GradientPenalty(Penalty):
    """weight * E (|grad D(x~)| - target)^2 on random points x~ between a real and a fake sample.

    Gulrajani et al. 2017, eq. 3, https://arxiv.org/abs/1704.00028. The norm is taken per sample. One-sided (section 4
    of the paper): only norms above the target are penalised. The interpolation weight is one uniform number per sample,
    shared by all inputs of a pair. If the discriminator judges packs, the gradient is with respect to all samples of a
    pack.
    """

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 10.0,
        target: Annotated[float, Field(ge=0)] = 1.0,
        sides: Literal["one", "two"] = "two",
        every: Annotated[int, Field(ge=1, le=10**9)] = 1,
    ) -> None:
        """Args:
        weight: factor of the term.
        target: the target of the gradient norm.
        sides: ``two`` penalises norms below and above the target; ``one`` only norms above it.
        every: applied every k-th step and multiplied by k.
        """
        super().__init__()
        self.weight, self.target, self.sides, self.every = weight, target, sides, every

    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a linear critic of slope ``target``."""
        mix = torch.rand(len(real[0]), generator=batch.rng, device=real[0].device)
        between = tuple(_lerp(r.detach(), f.detach(), mix).requires_grad_() for r, f in zip(real, fake, strict=True))
        with without_zeros(real[0], batch):
            logits = logits_of(between)
        # The epsilon keeps the gradient of the root finite if the critic is constant.
        norms = (input_gradients(logits, between) + 1e-12).sqrt()
        excess = norms - self.target
        if self.sides == "one":
            excess = excess.relu()
        return self.weight * excess.square().mean()


def _lerp(real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    return torch.lerp(real, fake.to(real.dtype), mix.to(real.dtype).view(-1, *[1] * (real.dim() - 1)))
