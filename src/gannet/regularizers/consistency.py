"""Consistency regularisation."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.augmentations.base import random_shifts, shifted
from gannet.regularizers.base import Penalty, ScoreFunction
from gannet.types import Batch, Inputs


class Consistency(Penalty):
    """weight * E (D(x) - D(T(x)))^2 on reals; T mirrors and shifts a picture, and moves a point a little.

    CR-GAN: Zhang et al. 2020, https://arxiv.org/abs/1910.12027. Of a pair (x, z) only x is changed.
    Gradients flow through both scores.
    """

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 10.0,
        shift: Annotated[float, Field(ge=0, lt=1)] = 0.125,
        flip: bool = True,
        jitter: Annotated[float, Field(ge=0)] = 0.02,
        every: Annotated[int, Field(ge=1)] = 1,
    ) -> None:
        """Args:
        weight: factor of the term.
        shift: of pictures, at most, each way, as a share of the side.
        flip: whether half of the pictures are mirrored; wrong for digits and letters.
        jitter: deviation of the noise on points, which themselves have deviation 1.
        every: steps between two applications; the term is that much stronger.
        """
        super().__init__()
        self.weight, self.shift, self.flip, self.jitter, self.every = weight, shift, flip, jitter, every

    def forward(self, score: ScoreFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a constant critic."""
        samples, *rest = real
        changed = self.changed(samples.detach(), batch.rng)
        return self.weight * (score(real) - score((changed, *rest))).square().mean()

    def changed(self, samples: Tensor, rng: torch.Generator) -> Tensor:
        """(N, *shape) -> (N, *shape): other samples that should look as real."""
        if samples.dim() == 2:
            return samples + self.jitter * torch.randn(samples.shape, generator=rng, device=samples.device, dtype=samples.dtype)
        if self.flip:
            mirrored = torch.rand(len(samples), 1, 1, 1, generator=rng, device=samples.device) < 0.5
            samples = torch.where(mirrored, samples.flip(3), samples)
        return shifted(samples, *random_shifts(samples, self.shift, rng))
