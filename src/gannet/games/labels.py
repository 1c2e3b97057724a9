"""Class labels and captions of generated samples: random ones for training, balanced ones for people and metrics."""

from __future__ import annotations

import torch
from torch import Tensor

from gannet.games.base import Captioned, Conditional, Game
from gannet.types import Batch


def random_labels(batch: Batch, num_classes: int) -> Tensor | None:
    """(N,) uniformly random class labels from the batch's random generator, or None without classes."""
    if num_classes == 0:
        return None
    return torch.randint(num_classes, (batch.size,), generator=batch.rng, device=batch.real.device)


def balanced_labels(game: Game, count: int, device: torch.device | str = "cpu") -> Tensor | None:
    """(count,) int64, all classes in turn 0, 1, 2, ..., or (count, L) token ids of the example captions in turn; None
    for unconditional games.
    """
    if isinstance(game, Captioned):
        return game.captions[torch.arange(count) % len(game.captions)].to(device)
    classes = game.num_classes if isinstance(game, Conditional) else 0
    return torch.arange(count, device=device) % classes if classes else None


def frame_labels(
    game: Game, count: int, device: torch.device | str = "cpu", columns: int = 0
) -> tuple[Tensor | None, int]:
    """Labels and number of columns of a grid of about ``count`` samples: one column per example caption, or per class
    of at most 20, if there are any, and each several times if they are few; else a square grid without labels.
    ``columns`` that are not 0 are kept, so that all frames of a run look alike.
    """
    side = max(1, round(count**0.5))
    kinds = len(game.captions) if isinstance(game, Captioned) else 0
    if isinstance(game, Conditional) and game.num_classes <= 20:
        kinds = game.num_classes
    if not kinds:
        return None, columns or side
    columns = columns or kinds * max(1, round(side / kinds))
    return balanced_labels(game, columns * max(1, round(count / columns)), device), columns
