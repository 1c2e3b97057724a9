"""What a loss is: pure functions of scores; it never sees networks, optimizers or data."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor


@dataclass(frozen=True)
class Example:
    """A case worked by hand, which the contract compares with the code."""

    real: list[float]
    fake: list[float]
    discriminator: float
    generator: float


class AdversarialLoss(ABC):
    """The two sides of the game as functions of scores. Final subclasses are frozen dataclasses.

    Scores are raw (N,) float tensors; a score above zero leans towards real.
    """

    generator_needs_real: ClassVar[bool] = False
    """True where the generator's side also looks at the real scores."""
    relative_scores: ClassVar[bool] = False
    """True where only differences of scores mean something: zero is then no boundary between real and fake."""

    @abstractmethod
    def discriminator(self, real: Tensor, fake: Tensor) -> Tensor:
        """What the discriminator minimises, a scalar."""

    @abstractmethod
    def generator(self, fake: Tensor, real: Tensor | None) -> Tensor:
        """What the generator minimises, a scalar. ``real`` is given when ``generator_needs_real``."""

    @property
    def grows_exponentially(self) -> bool:
        """True where scores far from zero make a value or gradient that is not finite."""
        return False

    def pairs(self, real: Tensor, fake: Tensor) -> Tensor:
        """What generator and encoder minimise together on scores of pairs (x, E(x)) and (G(z), z), a scalar.

        The discriminator's loss with the sides exchanged, so that both kinds of pairs move towards each other (Donahue et
        al. 2017, section 3.4, https://arxiv.org/abs/1605.09782); a loss says otherwise where that is not its generator's side.
        """
        return self.discriminator(fake, real)

    @classmethod
    @abstractmethod
    def worked_example(cls) -> Example:
        """Two real and two fake scores with both values worked by hand, for the default arguments."""
