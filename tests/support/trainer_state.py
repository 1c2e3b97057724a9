"""All tensors of a trainer, to compare two trainings to the bit."""

from __future__ import annotations

import copy

from torch import Tensor

from gannet.training.trainer import Trainer


def state_of(trainer: Trainer) -> dict[str, Tensor]:
    """Copies of parameters, buffers, averages, moments and gradients by name."""
    moments = {
        f"{player}/{i}/{name}": value
        for player, optimizer in trainer.optimizers.items()
        for i, state in enumerate(optimizer.state.values())
        for name, value in state.items()
    }
    gradients = {f"{name}.grad": w.grad for name, w in trainer.game.named_parameters() if w.grad is not None}
    average = {f"average.{name}": value for name, value in trainer.average.state_dict().items()}
    return copy.deepcopy({**trainer.game.state_dict(), **average, **moments, **gradients})
