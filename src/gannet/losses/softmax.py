"""Softmax GAN: one softmax over the whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import ClassVar

import torch
from torch import Tensor

from gannet.losses.base import AdversarialLoss, Example
from gannet.ranks.whole import whole


@dataclass(frozen=True)
class Softmax(AdversarialLoss):
    """D: log Z - mean over reals of D(x); G: log Z - mean over reals and fakes of D; Z = sum over reals and fakes of
    e^D.

    Lin 2017, eq. 3 and 5, https://arxiv.org/abs/1704.06191, where the energy is -D. Both are cross-entropies of the
    softmax over the batch. D's target is 1/n_real for reals and 0 for fakes; G's target is 1/(n_real + n_fake) for all
    samples. The generator's gradient is zero if all logits are equal. Only differences of logits matter.
    """

    generator_needs_real: ClassVar[bool] = True
    relative_logits: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """> log n_real, the limit of fakes with zero probability; log(n_real + n_fake) for equal logits."""
        real, fake = whole(real.flatten()), whole(fake.flatten())
        return torch.cat([real, fake]).logsumexp(0) - real.mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """>= log(n_real + n_fake), attained for equal logits."""
        assert real is not None
        logits = torch.cat([whole(real.flatten()), whole(fake.flatten())])
        return logits.logsumexp(0) - logits.mean()

    def pairs(self, real: Tensor, fake: Tensor) -> Tensor:
        """The generator's side: equal logits of both kinds of pairs."""
        return self.generator(fake, real)

    @classmethod
    def worked_example(cls) -> Example:
        """Z = 4 + 1 + 2 + 1 = 8; the mean of the reals is log 2, that of all logits (3/4) log 2."""
        return Example([log(4), 0.0], [log(2), 0.0], 2 * log(2), 2.25 * log(2))
