"""Samples from a game, without touching its training state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gannet.games.base import Conditional, Game

CHUNK = 512


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside, every layer's own mode restored afterwards, also after an exception."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


@torch.no_grad()
def sample_chunks(game: Game, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Iterator[Tensor]:
    """``count`` inside samples in float32, a bounded number at a time."""
    if labels is None:
        labels = balanced_labels(game, count, rng.device)
    with evaluating(game):
        for start in range(0, count, CHUNK):
            chosen = None if labels is None else labels[start : start + CHUNK]
            yield game.sample(min(CHUNK, count - start), labels=chosen, rng=rng).float()


def balanced_labels(game: Game, count: int, device: torch.device | str = "cpu") -> Tensor | None:
    """(count,) int64, every class in turn; None where the game follows no labels."""
    follows = isinstance(game, Conditional) and game.num_classes
    return torch.arange(count, device=device) % follows if follows else None


def sample_game(game: Game, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Tensor:
    """(count, *shape) inside samples in float32, drawn in chunks so that memory stays bounded."""
    return torch.cat(list(sample_chunks(game, count, rng, labels=labels)))


def frame_labels(game: Game, count: int, device: torch.device | str = "cpu") -> tuple[Tensor | None, int]:
    """Labels and number of columns of a grid: a column per class where samples follow labels, else a square grid."""
    if isinstance(game, Conditional) and 0 < game.num_classes <= 20:
        rows = max(1, round(count / game.num_classes))
        return torch.arange(game.num_classes, device=device).repeat(rows), game.num_classes
    return None, max(1, round(count**0.5))
