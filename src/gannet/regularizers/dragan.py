"""DRAGAN's penalty: slope 1 in the neighbourhood of the data."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.ranks.whole import whole
from gannet.regularizers.base import LogitFunction, Penalty, input_gradients
from gannet.regularizers.piecewise_linear import without_zeros
from gannet.types import Batch, Inputs


class Dragan(Penalty):
    """weight * E (|grad D(x + d)| - target)^2, x real, d ~ N(0, (scale * s)^2 I), s the batch's standard deviation.

    Kodali et al. 2017, https://arxiv.org/abs/1705.07215, fix the variance of d. A multiple of the batch's standard
    deviation does not depend on the units of the data. The penalty applies only in the neighbourhood of the data, and
    not between reals and fakes as in WGAN-GP. The norm is taken per sample. In a pair, s is computed separately for
    each input.
    """

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 10.0,
        scale: Annotated[float, Field(ge=0)] = 0.5,
        target: Annotated[float, Field(ge=0)] = 1.0,
        every: Annotated[int, Field(ge=1, le=10**9)] = 1,
    ) -> None:
        """Args:
        weight: factor of the term.
        scale: standard deviation of the perturbation divided by that of the batch.
        target: the target of the gradient norm.
        every: applied every k-th step and multiplied by k.
        """
        super().__init__()
        self.weight, self.scale, self.target, self.every = weight, scale, target, every

    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a linear critic of slope ``target``."""
        near = tuple(self.perturbed(tensor.detach(), batch.rng).requires_grad_() for tensor in real)
        with without_zeros(real[0], batch):
            logits = logits_of(near)
        # The epsilon keeps the gradient of the root finite if the critic is constant.
        norms = (input_gradients(logits, near) + 1e-12).sqrt()
        return self.weight * (norms - self.target).square().mean()

    def perturbed(self, samples: Tensor, rng: torch.Generator) -> Tensor:
        """(N, ...) with independent noise added to every value."""
        noise = torch.randn(samples.shape, generator=rng, device=samples.device, dtype=samples.dtype)
        return samples + self.scale * whole(samples).std(correction=0) * noise
