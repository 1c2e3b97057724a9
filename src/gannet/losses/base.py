"""What a loss is: pure functions of logits, without access to networks, optimizers or data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor


@dataclass(frozen=True)
class Example:
    """A case computed by hand, which the contract compares with the code."""

    real: list[float]
    fake: list[float]
    discriminator: float
    generator: float


class AdversarialLoss(ABC):
    """Both players' losses as functions of logits. Concrete subclasses are frozen dataclasses.

    Logits are (N,) float tensors before any sigmoid; a logit above zero means real. Maps of logits (N, 1, h, w), as of
    patch discriminators, count as N h w logits.
    """

    generator_needs_real: ClassVar[bool] = False
    """True if the generator's side also needs the logits of reals."""
    relative_logits: ClassVar[bool] = False
    """True if only differences of logits are meaningful. Zero is then not a boundary between real and fake."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """The scalar that the discriminator minimises."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """The scalar that the generator minimises. ``real`` is given if ``generator_needs_real``."""

    @property
    def grows_exponentially(self) -> bool:
        """True if logits far from zero can give a value or gradient that is not finite."""
        return False

    def pairs(self, real: Tensor, fake: Tensor) -> Tensor:
        """The scalar that generator and encoder minimise together on logits of pairs (x, E(x)) and (G(z), z).

        By default the discriminator's loss with the sides exchanged, so that both kinds of pairs move towards each
        other (Donahue et al. 2017, section 3.4, https://arxiv.org/abs/1605.09782). Losses with a different generator's
        side override it.
        """
        return self.discriminator(fake, real)

    @classmethod
    @abstractmethod
    def worked_example(cls) -> Example:
        """Two real and two fake logits with both losses computed by hand, for the default arguments."""
