"""What keeps a network well behaved.

A Penalty is added to the discriminator's turn, a Constraint acts on its weights, a WeightPenalty is added to any player's turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gannet.types import Batch, Inputs

ScoreFunction = Callable[[Inputs], Tensor]
"""Inputs -> (N,) raw scores, or (N / m,) where m consecutive rows share one. Scoring the same tensors twice costs once."""


class Penalty(nn.Module, ABC):
    """A term added to the discriminator's turn. A module, so that anything it remembers is a buffer and is saved."""

    differentiates: ClassVar[tuple[Literal["real", "fake"], ...]] = ()
    """Inputs whose gradient it takes; the game makes them require one before it scores them."""
    every: int = 1
    """Lazy regularisation: applied every k-th step, then k times as strong (Karras et al. 2020)."""

    def term(self, score: ScoreFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor | None:
        """The weighted term of this step, or None on a step that it skips."""
        return None if batch.step % self.every else self.every * self(score, real, fake, batch)

    @abstractmethod
    def forward(self, score: ScoreFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """The weighted penalty, a scalar >= 0. The batch gives randomness and how far training is."""


class Constraint(ABC):
    """Acts on a discriminator's weights. Final subclasses are frozen dataclasses."""

    @abstractmethod
    def build(self, network: nn.Module) -> None:
        """Called once, before training, for constraints by reparametrization."""

    @abstractmethod
    def apply(self, network: nn.Module) -> None:
        """Called after every step of the discriminator."""


class WeightPenalty(nn.Module, ABC):
    """A term of any player's turn that looks at its weights alone. A module, so that anything it remembers is a buffer."""

    @abstractmethod
    def build(self, modules: Iterable[nn.Module]) -> None:
        """Called once, before training and after constraints, with the player's modules: makes buffers that depend on them."""

    @abstractmethod
    def forward(self, modules: Iterable[nn.Module]) -> Tensor:
        """The weighted penalty on the player's modules, a scalar >= 0; called once per turn."""


def input_gradients(scores: Tensor, inputs: Inputs) -> Tensor:
    """Squared norm of each score's gradient with respect to all inputs together: as many as there are scores.

    The norm runs over everything that a score is of, one row or the rows of a pack: one norm over the whole batch is a known
    mistake. Where the scores of a batch depend on each other's rows (batch norm, minibatch discrimination), a row's influence
    on all of them is counted.
    """
    gradients = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
    return torch.stack([g.float().reshape(len(scores), -1).square().sum(1) for g in gradients]).sum(0)
