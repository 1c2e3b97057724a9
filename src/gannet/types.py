"""The small values that all packages share: Batch, DiscriminatorOutput, Terms. They hold data only."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

Inputs = tuple[Tensor, ...]
"""The inputs of a discriminator: ``(samples,)``, or ``(samples, latents)`` in games on pairs."""


@dataclass(frozen=True)
class DiscriminatorOutput:
    """What every discriminator returns."""

    logits: Tensor
    """(N,) float32, before any sigmoid; (N / m,) for packs of m samples; (N, 1, h, w) if every patch has its own."""
    features: Tensor | None = None
    """(N, F) activations of the last hidden layer, for heads and for feature matching."""
    class_logits: Tensor | None = None
    """(N, K) float32, before any softmax; only of discriminators that also classify."""
    seen: Tensor | None = None
    """(N, C, h, w) the images that it saw, made smaller, if a decoder should rebuild them from ``features``."""


@dataclass(frozen=True)
class Terms:
    """The named scalars of one turn: the terms that are minimised, and values that are only recorded."""

    minimise: dict[str, Tensor]
    watch: dict[str, Tensor] = field(default_factory=dict)

    def total(self) -> Tensor:
        """The sum of the minimised terms, a scalar."""
        return (
            torch.stack(list(self.minimise.values())).sum()
            if len(self.minimise) > 1
            else next(iter(self.minimise.values()))
        )


@dataclass(frozen=True)
class Batch:
    """The input of one turn. It depends only on (seed, step, turn, repeat)."""

    real: Tensor
    """(N, C, H, W) in [-1, 1], or (N, 2) standardised points."""
    labels: Tensor | None
    """(N,) int64 class label of every sample, -1 if it is hidden; None if the data has no classes.

    Only recipes that declare ``few_labels`` receive hidden labels. All other games may index with the labels.
    """
    rng: torch.Generator
    """The source of every random number of the turn."""
    step: int
    """Number of completed generator steps."""
    progress: float
    """``step`` divided by the total number of steps, in [0, 1)."""
    captions: Tensor | None = None
    """(N, L) int64 token ids of every sample's caption, 0 after its last word; None if the data has no captions."""
    inputs: Tensor | None = None
    """(N, C, H, W) in [-1, 1], the image that belongs to every sample; None if the data has no pairs."""

    @property
    def size(self) -> int:
        """Number of real samples."""
        return self.real.shape[0]


Score = DiscriminatorOutput
"""The former name, which user-supplied networks may import."""
