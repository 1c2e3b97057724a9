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
    if labels is None and isinstance(game, Conditional) and game.num_classes:
        labels = torch.arange(count, device=rng.device) % game.num_classes
    with evaluating(game):
        for start in range(0, count, CHUNK):
            chosen = None if labels is None else labels[start : start + CHUNK]
            yield game.sample(min(CHUNK, count - start), labels=chosen, rng=rng).float()


def sample_game(game: Game, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Tensor:
    """(count, *shape) inside samples in float32, drawn in chunks so that memory stays bounded."""
    return torch.cat(list(sample_chunks(game, count, rng, labels=labels)))


def frame_labels(game: Game, count: int) -> tuple[Tensor | None, int]:
    """Labels and number of columns of a grid: a column per class where samples follow labels, else a square grid."""
    if isinstance(game, Conditional) and 0 < game.num_classes <= 20:
        rows = max(1, round(count / game.num_classes))
        return torch.arange(game.num_classes).repeat(rows), game.num_classes
    return None, max(1, round(count**0.5))
