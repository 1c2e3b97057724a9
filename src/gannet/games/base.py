"""What a game is: networks, players, turns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from gannet.types import Batch, Terms


@dataclass(frozen=True)
class Turn:
    """One optimizer step of one player, ``repeats`` times per step of the game."""

    player: str
    terms: Callable[[Batch], Terms]
    repeats: int = 1


class Game(nn.Module, ABC):
    """Owns every network, so that ``state_dict()`` is complete by construction.

    An extra network is one more entry in ``players``; an extra objective is one more named term; an extra optimizer step
    is one more turn. Nothing else needs to know.
    """

    averaged: ClassVar[tuple[str, ...]] = ("generator", "prior")
    """Attributes that get a moving average of their weights, used for sampling."""

    @property
    @abstractmethod
    def players(self) -> dict[str, list[nn.Module]]:
        """Player -> its modules: a partition of all trainable weights."""

    @abstractmethod
    def turns(self) -> list[Turn]:
        """The turns of one step, in order."""

    @abstractmethod
    def sample(self, count: int, *, labels: Tensor | None = None, rng: torch.Generator) -> Tensor:
        """(count, *shape) inside samples; the caller has put the networks in evaluation mode."""

    @abstractmethod
    def after_turn(self, player: str) -> None:
        """Called after every optimizer step of ``player``: constraints on weights."""

    @abstractmethod
    def limitations(self) -> tuple[str, ...]:
        """Sentences for the score card about what this game can generate at most."""


@runtime_checkable
class Scores(Protocol):
    """Capability: the game can say how real samples look to its discriminator."""

    relative_scores: bool
    """True where zero is no boundary: only differences of scores mean something."""

    def score(self, samples: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, *shape) -> (N,) logits; above zero leans towards real."""
        ...


@runtime_checkable
class Pulls(Protocol):
    """Capability: the game can say where its generator's objective pushes each generated sample."""

    def pull(self, fake: Tensor, real: Tensor) -> Tensor:
        """(N, *shape) inside samples and as many reals -> (N, *shape): minus the objective's gradient, times N."""
        ...


@runtime_checkable
class Conditional(Protocol):
    """Capability: ``sample`` follows labels."""

    num_classes: int
    """0 where this instance is unconditional."""


@runtime_checkable
class Generates(Protocol):
    """Capability: latents can be given, for interpolation and fixed noise."""

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size)."""
        ...

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Capability: latents can be found for samples; ``generate(encode(x))`` is the reconstruction of x."""

    def encode(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, latent_size), the most likely latents; nothing random."""
        ...

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """Capability: the game can say which class samples are of."""

    def classify(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, K) raw class logits."""
        ...


@runtime_checkable
class Clusters(Protocol):
    """Capability: the game sorts samples into classes of its own making, learned without labels."""

    def cluster(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N,) int64."""
        ...


@runtime_checkable
class DrawsCodes(Protocol):
    """Capability: latents hold codes with a meaning of their own, which can be set one by one."""

    code_names: tuple[str, ...]
    """In the order of their numbers."""

    def draw_latents(self, count: int, rng: torch.Generator) -> Tensor:
        """(count, latent_size), codes included."""
        ...

    def with_code(self, latents: Tensor, code: int, share: Tensor) -> Tensor:
        """(N, latent_size) with one code set; share (N,) in [0, 1] is the way from its first value to its last."""
        ...

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        ...
