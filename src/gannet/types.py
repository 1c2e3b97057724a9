"""The small values that every part shares: Batch, Score, Terms. They hold data and no behaviour of a method."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

Inputs = tuple[Tensor, ...]
"""What a discriminator scores: ``(images,)`` usually, ``(images, latents)`` for games on pairs."""


@dataclass(frozen=True)
class Score:
    """What every discriminator returns."""

    logits: Tensor
    """(N,) float32, raw: never through a sigmoid. (N / m,) where packs of m rows are judged together."""
    features: Tensor | None = None
    """(N, F) last hidden layer, for heads and for feature matching."""
    class_logits: Tensor | None = None
    """(N, K) float32, raw: of discriminators that also classify."""


@dataclass(frozen=True)
class Terms:
    """The named scalars of one turn: what is minimised, and what is only watched."""

    minimise: dict[str, Tensor]
    watch: dict[str, Tensor] = field(default_factory=dict)

    def total(self) -> Tensor:
        """The sum of the minimised terms, a scalar."""
        return torch.stack(list(self.minimise.values())).sum() if len(self.minimise) > 1 else next(iter(self.minimise.values()))


@dataclass(frozen=True)
class Batch:
    """What one turn may look at; a function of (seed, step, turn, repeat) alone."""

    real: Tensor
    """(N, C, H, W) in [-1, 1], or (N, 2) standardised points."""
    labels: Tensor | None
    """(N,) int64 class of every row, -1 where it is hidden, or None where the data has no classes.

    Only recipes that declare ``few_labels`` are given hidden labels; every other game may index with them.
    """
    rng: torch.Generator
    """Every random draw of the turn comes from here."""
    step: int
    """Generator steps already taken."""
    progress: float
    """``step`` over the number of steps asked for, in [0, 1)."""

    @property
    def size(self) -> int:
        """Number of real rows."""
        return self.real.shape[0]
