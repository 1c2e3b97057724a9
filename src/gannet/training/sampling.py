"""Sample from a game without changing its training state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from gannet.games.base import Captioned, Conditional, Game

CHUNK = 512


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards, also after an exception, the mode of every layer is restored."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


@torch.no_grad()
def sample_chunks(game: Game, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Iterator[Tensor]:
    """``count`` samples in normalised units, float32, in chunks of bounded size."""
    if labels is None:
        labels = balanced_labels(game, count, rng.device)
    with evaluating(game):
        for start in range(0, count, CHUNK):
            chosen = None if labels is None else labels[start : start + CHUNK]
            yield game.sample(min(CHUNK, count - start), labels=chosen, rng=rng).float()


def balanced_labels(game: Game, count: int, device: torch.device | str = "cpu") -> Tensor | None:
    """(count,) int64, all classes in turn, or (count, L) token ids of the example captions in turn; None for unconditional games."""
    if isinstance(game, Captioned):
        return game.captions[torch.arange(count) % len(game.captions)].to(device)
    classes = game.num_classes if isinstance(game, Conditional) else 0
    return torch.arange(count, device=device) % classes if classes else None


def sample_game(game: Game, count: int, rng: torch.Generator, *, labels: Tensor | None = None) -> Tensor:
    """(count, *shape) samples in normalised units, float32, generated in chunks to bound the memory."""
    return torch.cat(list(sample_chunks(game, count, rng, labels=labels)))


def frame_labels(game: Game, count: int, device: torch.device | str = "cpu") -> tuple[Tensor | None, int]:
    """Labels and number of columns of a grid: one column per class, or per example caption, if there are any; else a square grid."""
    if isinstance(game, Captioned):
        columns = len(game.captions)
        return game.captions.repeat(max(1, round(count / columns)), 1).to(device), columns
    if isinstance(game, Conditional) and 0 < game.num_classes <= 20:
        rows = max(1, round(count / game.num_classes))
        return torch.arange(game.num_classes, device=device).repeat(rows), game.num_classes
    return None, max(1, round(count**0.5))
