"""What a regularizer is: one of three kinds.

A Penalty is a term in the discriminator's turn. A Constraint acts on the discriminator's parameters. A WeightPenalty is
a term in any player's turn.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import ClassVar, Literal

import torch
from torch import Tensor, nn

from gannet.keys import snake_case
from gannet.types import Batch, Inputs

LogitFunction = Callable[[Inputs], Tensor]
"""Inputs -> (N,) logits, or (N / m,) for packs of m consecutive samples. The logits of the turn's own batches are
cached.
"""


class Penalty(nn.Module, ABC):
    """A term added to the discriminator's turn. It is a module, so that its state consists of buffers and is saved."""

    differentiates: ClassVar[tuple[Literal["real", "fake"], ...]] = ()
    """The inputs that it differentiates. The game enables their gradients before the forward pass."""
    every: int = 1
    """Lazy regularisation: applied every k-th step and multiplied by k (Karras et al. 2020)."""

    def term(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor | None:
        """The weighted term of this step, or None in a step that it skips."""
        return None if self.every > 1 and batch.step % self.every else self.every * self(logits_of, real, fake, batch)

    @abstractmethod
    def forward(self, logits_of: LogitFunction, real: Inputs, fake: Inputs, batch: Batch) -> Tensor:
        """The weighted penalty, a scalar >= 0. The batch provides random numbers and the progress of training."""


class Constraint(ABC):
    """Acts on a discriminator's parameters. Concrete subclasses are frozen dataclasses."""

    @abstractmethod
    def build(self, network: nn.Module) -> None:
        """Called once before training, for constraints by reparametrization."""

    @abstractmethod
    def apply(self, network: nn.Module) -> None:
        """Called after every optimizer step of the discriminator."""


class WeightPenalty(nn.Module, ABC):
    """A term in any player's turn that depends only on its parameters. It is a module, so that its state is saved."""

    @abstractmethod
    def build(self, modules: Iterable[nn.Module]) -> None:
        """Called once with the player's modules, after constraints are built and before training, to create buffers."""

    @abstractmethod
    def forward(self, modules: Iterable[nn.Module]) -> Tensor:
        """The weighted penalty on the player's modules, a scalar >= 0. Called once per turn."""


def term_name(penalty: nn.Module) -> str:
    """The name of a penalty's term: its class in snake case, ``zero_centered`` of ``ZeroCentered``."""
    return snake_case(type(penalty).__name__)


def input_gradients(logits: Tensor, inputs: Inputs) -> Tensor:
    """Squared gradient norm of each discriminator output with respect to all its inputs; one number per output.

    Each norm is over the inputs of one output: one sample or the samples of a pack. One norm over the whole batch would
    be a mistake. If samples influence the outputs of other samples (batch norm, minibatch discrimination), the gradient
    of the sum of all outputs is used.
    """
    gradients = torch.autograd.grad(logits.sum(), inputs, create_graph=True)
    return torch.stack([g.float().reshape(len(logits), -1).square().sum(1) for g in gradients]).sum(0)
