"""Hinge loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from torch import Tensor
from torch.nn.functional import relu

from gannet.losses.base import AdversarialLoss, Example


@dataclass(frozen=True)
class Hinge(AdversarialLoss):
    """D: E relu(m - D(x)) + E relu(m + D(G(z))); G: -E D(G(z)).

    Lim and Ye 2017, https://arxiv.org/abs/1705.02894; Miyato et al. 2018 (SNGAN), eq. 16 and 17,
    https://arxiv.org/abs/1802.05957.
    """

    margin: Annotated[float, Field(gt=0)] = 1.0
    """Logits beyond this value are not pushed further."""

    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """>= 0."""
        return relu(self.margin - real).mean() + relu(self.margin + fake).mean()

    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """Unbounded on both sides."""
        return -fake.mean()

    def pairs(self, real: Tensor, fake: Tensor) -> Tensor:
        """E D(x, E(x)) - E D(G(z), z): no margin, as in the generator's loss."""
        return real.mean() - fake.mean()

    @classmethod
    def worked_example(cls) -> Example:
        """(0 + 1)/2 + (0 + 2)/2."""
        return Example([2.0, 0.0], [-2.0, 1.0], 1.5, 0.5)
