"""The critic difference of the Wasserstein GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from gannet.losses.base import AdversarialLoss, Example


@dataclass(frozen=True)
class Wasserstein(AdversarialLoss):
    """Critic: E D(G(z)) - E D(x); G: -E D(G(z)).

    Arjovsky, Chintala, Bottou 2017, eq. 2 and 3, https://arxiv.org/abs/1701.07875. Minus the critic's loss estimates
    the earth mover's distance only if the critic is Lipschitz continuous. Combine it with weight clipping, a gradient
    penalty or spectral normalisation. The critic's output has no sigmoid and no tanh.
    """

    relative_logits: ClassVar[bool] = True

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """Unbounded on both sides."""
        return fake.mean() - real.mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Unbounded on both sides."""
        return -fake.mean()

    @classmethod
    def worked_example(cls) -> Example:
        """mean(-2, 1) - mean(2, 0) = -1.5."""
        return Example([2.0, 0.0], [-2.0, 1.0], -1.5, 0.5)
