"""Least squares GAN."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from gannet.losses.base import AdversarialLoss, Example


@dataclass(frozen=True)
class LeastSquares(AdversarialLoss):
    """D: 1/2 E (D(x)-b)^2 + 1/2 E (D(G(z))-a)^2; G: 1/2 E (D(G(z))-c)^2.

    Mao et al. 2017, eq. 2, https://arxiv.org/abs/1611.04076. With b-c = 1 and b-a = 2 (a=-1, b=1, c=0) the generator
    minimises a Pearson chi-squared divergence. Logits beyond their target are pulled back.
    """

    a: float = 0.0
    """Target of the discriminator for fakes."""
    b: float = 1.0
    """Target of the discriminator for reals."""
    c: float = 1.0
    """Target of the generator for fakes."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """>= 0."""
        return 0.5 * (real - self.b).square().mean() + 0.5 * (fake - self.a).square().mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """>= 0."""
        return 0.5 * (fake - self.c).square().mean()

    @classmethod
    def worked_example(cls) -> Example:
        """(1 + 1)/4 + (4 + 1)/4 for D; (9 + 0)/4 for G."""
        return Example([2.0, 0.0], [-2.0, 1.0], 0.5 * 1.0 + 0.5 * 2.5, 0.5 * 4.5)
