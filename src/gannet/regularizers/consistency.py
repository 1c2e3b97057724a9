"""Consistency regularisation."""

from __future__ import annotations

from typing import Annotated

import torch
from pydantic import Field
from torch import Tensor

from gannet.augmentations.base import random_shifts, shifted
from gannet.regularizers.base import LogitFunction, Penalty
from gannet.types import Batch, Inputs


class Consistency(Penalty):
    """weight * E (D(x) - D(T(x)))^2 on reals; T mirrors and shifts images and adds noise to points.

    CR-GAN: Zhang et al. 2020, https://arxiv.org/abs/1910.12027. In a pair (x, z) only x is changed.
    Gradients flow through both logits.
    """

    def __init__(
        self,
        weight: Annotated[float, Field(ge=0)] = 10.0,
        shift: Annotated[float, Field(ge=0, lt=1)] = 0.125,
        flip: bool = True,
        jitter: Annotated[float, Field(ge=0)] = 0.02,
        every: Annotated[int, Field(ge=1, le=10**9)] = 1,
    ) -> None:
        """Args:
        weight: factor of the term.
        shift: largest shift of images in each direction, as a share of the side.
        flip: whether half of the images are mirrored; unsuitable for digits and letters.
        jitter: standard deviation of the noise on points, whose own standard deviation is 1.
        every: applied every k-th step and multiplied by k.
        """
        super().__init__()
        self.weight, self.shift, self.flip, self.jitter, self.every = weight, shift, flip, jitter, every

    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """Scalar >= 0; zero for a constant critic."""
        samples, *rest = real
        changed = self.changed(samples.detach(), batch.rng)
        return self.weight * (logits_of(real) - logits_of((changed, *rest))).square().mean()

    def changed(self, samples: Tensor, rng: torch.Generator) -> Tensor:
        """(N, *shape) -> (N, *shape): changed samples that are equally realistic."""
        if samples.dim() == 2:
            return samples + self.jitter * torch.randn(
                samples.shape, generator=rng, device=samples.device, dtype=samples.dtype
            )
        if self.flip:
            mirrored = torch.rand(len(samples), 1, 1, 1, generator=rng, device=samples.device) < 0.5
            samples = torch.where(mirrored, samples.flip(3), samples)
        return shifted(samples, *random_shifts(samples, self.shift, rng))
