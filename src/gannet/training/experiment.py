"""What a recipe returns: everything that defines a training run, except the data."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import cos, pi
from typing import Annotated, Literal

import torch
from pydantic import Field
from torch import nn

from gannet.games.base import Game
from gannet.training.optimizers import Adam, RMSprop

Rate = Annotated[float, Field(gt=0, le=10)]
Beta = Annotated[float, Field(ge=0, lt=1)]


@dataclass(frozen=True)
class Optimizer:
    """The optimizer settings of one player."""

    lr: Rate = 2e-4
    """Learning rate."""
    beta1: Beta = 0.5
    """Decay of the gradient average (Adam); ignored by rmsprop."""
    beta2: Beta = 0.999
    """Decay of the squared-gradient average (Adam), smoothing constant of rmsprop."""
    name: Literal["adam", "rmsprop"] = "adam"
    """The update rule."""
    schedule: Literal["constant", "cosine"] = "constant"
    """The learning rate during training: constant, or a half cosine from ``lr`` to 0 at the last step."""

    def build(self, modules: list[nn.Module]) -> torch.optim.Optimizer:
        """The torch optimizer of all parameters in ``modules``. Adam is fused, because unfused Adam is slow on a
        CPU.
        """
        parameters = [p for module in modules for p in module.parameters()]
        if self.name == "adam":
            return Adam(parameters, lr=self.lr, betas=(self.beta1, self.beta2), fused=True)
        return RMSprop(parameters, lr=self.lr, alpha=self.beta2, foreach=True)

    def lr_at(self, progress: float) -> float:
        """Learning rate at a progress in [0, 1]."""
        return self.lr * (0.5 + 0.5 * cos(pi * progress)) if self.schedule == "cosine" else self.lr


@dataclass(frozen=True)
class Optimizers:
    """One optimizer per player."""

    generator: Optimizer = field(default_factory=Optimizer)
    discriminator: Optimizer = field(default_factory=Optimizer)


@dataclass(frozen=True)
class OneOptimizer:
    """The optimizer of a game with one player."""

    generator: Optimizer = field(default_factory=Optimizer)


@dataclass(frozen=True)
class Experiment:
    """A game and its training settings."""

    game: Game
    optimizer: Optimizers | OneOptimizer
    batch_size: int
    steps: int
    average: float = 0.999
    """Decay per step of the generator's exponential moving average (EMA)."""
    frames_every: int = 250
    """Default number of steps between two recorded frames."""
    print_every: int = 50
    """Number of steps between two records of the terms."""
    allow_bf16: bool = True
    """False if bfloat16 arithmetic is known to spoil the result."""

    def __post_init__(self) -> None:
        parameters = [p for modules in self.game.players.values() for module in modules for p in module.parameters()]
        owned = {id(p) for p in parameters}
        everything = {id(p) for p in self.game.parameters()}
        assert len(parameters) == len(owned), "two players own the same parameter"
        assert owned == everything, "a parameter belongs to no player"
        assert set(self.game.players) == set(vars(self.optimizer)), "one optimizer per player"
