"""The non-saturating loss of the classic GANs, with one-sided label smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Annotated

from pydantic import Field
from torch import Tensor
from torch.nn.functional import softplus

from gannet.losses.base import AdversarialLoss, Example


@dataclass(frozen=True)
class NonSaturating(AdversarialLoss):
    """D: E[a sp(-D(x)) + (1-a) sp(D(x))] + E sp(D(G(z))), a = 1 - smoothing; G: E sp(-D(G(z))), sp(t) = log(1 + e^t).

    Goodfellow et al. 2014, section 3, https://arxiv.org/abs/1406.2661; smoothing of the real side only: Salimans et al.
    2016, section 3.4, https://arxiv.org/abs/1606.03498.
    """

    smoothing: Annotated[float, Field(ge=0.0, lt=0.5)] = 0.0
    """Amount by which the target of reals is below 1; 0.1 in Salimans et al. 2016."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Sum of the cross-entropies of reals and fakes, >= 0."""
        # a sp(-t) + (1-a) sp(t) = sp(-t) + (1-a) t, because sp(t) - sp(-t) = t.
        smoothed = softplus(-real) + self.smoothing * real if self.smoothing else softplus(-real)
        return smoothed.mean() + softplus(fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """E sp(-D(G(z))) >= 0."""
        return softplus(-fake).mean()

    @classmethod
    def worked_example(cls) -> Example:
        """sp(0) = log 2, sp(log 3) = log 4, sp(-log 3) = log 4/3."""
        return Example(
            [0.0, log(3)], [0.0, log(3)], (log(2) + log(4 / 3)) / 2 + (log(2) + log(4)) / 2, (log(2) + log(4 / 3)) / 2
        )
