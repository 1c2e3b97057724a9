"""The original zero-sum game."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

from torch import Tensor
from torch.nn.functional import softplus

from gannet.losses.base import AdversarialLoss, Example


@dataclass(frozen=True)
class Minimax(AdversarialLoss):
    """D: E sp(-D(x)) + E sp(D(G(z))); G: -E sp(D(G(z))), with sp(t) = log(1 + e^t).

    Goodfellow et al. 2014, eq. 1, https://arxiv.org/abs/1406.2661. The generator's gradient vanishes while the
    discriminator wins. Use it to demonstrate that effect. The usual choice for training is the non-saturating loss.
    """

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """E sp(-D(x)) + E sp(D(G(z))) >= 0; 2 log 2 if D is undecided."""
        return softplus(-real).mean() + softplus(fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """-E sp(D(G(z))) <= 0."""
        return -softplus(fake).mean()

    def pairs(self, real: Tensor, fake: Tensor) -> Tensor:
        """Minus the discriminator's loss: the game on pairs is zero-sum too."""
        return -self.discriminator(real, fake)

    @classmethod
    def worked_example(cls) -> Example:
        """sp(0) = log 2 and sp(log 3) = log 4, sp(-log 3) = log 4/3."""
        return Example(
            [0.0, log(3)], [0.0, log(3)], (log(2) + log(4 / 3)) / 2 + (log(2) + log(4)) / 2, -(log(2) + log(4)) / 2
        )
