"""Relativistic average loss."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

from torch import Tensor
from torch.nn.functional import softplus

from gannet.losses.base import AdversarialLoss, Example
from gannet.ranks.whole import whole


@dataclass(frozen=True)
class RelativisticAverage(AdversarialLoss):
    """D: E sp(mean D(G) - D(x)) + E sp(D(G(z)) - mean D(x)); G: the same with the sides exchanged, sp(t) = log(1 +
    e^t).

    Jolicoeur-Martineau 2019 (RaSGAN), section 4.2 and appendix, https://arxiv.org/abs/1807.00734: each logit is
    compared with the mean logit of the other side. The paired loss instead compares it with one sample of the other
    side.
    """

    generator_needs_real: ClassVar[bool] = True
    relative_logits: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """>= 0; 2 log 2 if D is undecided."""
        return softplus(whole(fake).mean() - real).mean() + softplus(fake - whole(real).mean()).mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """>= 0."""
        assert real is not None
        return self.discriminator(fake, real)

    @classmethod
    def worked_example(cls) -> Example:
        """Means log 3 and 0.

        D: (sp(-log 9) + sp(0))/2 + 2 sp(-log 3)/2 with sp(-log 9) = log 10/9, sp(-log 3) = log 4/3; G: the same with
        every sign changed, sp(log 9) = log 10 and sp(log 3) = log 4.
        """
        discriminator = (log(10 / 9) + log(2)) / 2 + log(4 / 3)
        return Example([log(9), 0.0], [0.0, 0.0], discriminator, (log(10) + log(2)) / 2 + log(4))
