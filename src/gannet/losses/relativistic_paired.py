"""Relativistic pairing loss."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from gannet.losses.base import AdversarialLoss, Example


@dataclass(frozen=True)
class RelativisticPaired(AdversarialLoss):
    """D: E sp(D(G(z)) - D(x)); G: E sp(D(x) - D(G(z))), over pairs of one real and one fake sample, sp(t) = log(1 +
    e^t).

    Jolicoeur-Martineau 2019, https://arxiv.org/abs/1807.00734. It is the objective of R3GAN (Huang et al. 2024,
    https://arxiv.org/abs/2501.05441), together with R1 and R2. Only differences of logits matter. The relativistic
    average loss instead compares a logit with the mean of the other side.
    """

    generator_needs_real: ClassVar[bool] = True
    relative_logits: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """>= 0; log 2 if D is undecided."""
        return softplus(fake - real).mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """>= 0."""
        assert real is not None
        return softplus(real - fake).mean()

    @classmethod
    def worked_example(cls) -> Example:
        """Differences 0 and log 3."""
        return Example([1.0, 0.0], [1.0, log(3)], (log(2) + log(4)) / 2, (log(2) + log(4 / 3)) / 2)
