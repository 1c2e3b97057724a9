"""Apply a change of a key during training: transfer the difference between two experiments to the trainer."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from typing import Any

from torch import nn

from gannet.errors import UserError
from gannet.training.experiment import Experiment
from gannet.training.trainer import Trainer


def edit_between(before: Experiment, after: Experiment) -> Callable[[Trainer], None]:
    """Return a function that applies the difference between two experiments to a trainer.

    Both are built from the same seed. If all their tensors are equal, they differ only in values that are read at every
    step: learning rates, EMA decay, numbers that modules hold (strength of a penalty, dropout), fields of the loss.
    This needs no list of keys, because a key that also shapes networks or their initial parameters changes a tensor.

    The trainer's game has the same networks as the experiments.

    Args:
        before: the current experiment.
        after: the requested experiment.

    Raises:
        UserError: there is no such difference, or there are other differences.
    """
    fixed = (before.batch_size, before.steps, _other_fields(before)) != (
        after.batch_size,
        after.steps,
        _other_fields(after),
    )
    if fixed or not _same_tensors(before.game, after.game):
        raise UserError(
            "It shapes the networks, their initial parameters or the optimizer, so it cannot change during training."
        )
    numbers = list(_different_numbers(before.game, after.game))
    if not numbers and before.average == after.average and vars(before.optimizer) == vars(after.optimizer):
        raise UserError("It is not used during training.")

    def act(trainer: Trainer) -> None:
        trainer.optimizer_settings = dict(vars(after.optimizer))
        trainer.average.decay = after.average
        for game in (trainer.game, trainer.average.game):
            for name, attribute, value in numbers:
                setattr(game.get_submodule(name), attribute, value)
        if numbers:
            trainer.choose_again()

    return act


def _other_fields(experiment: Experiment) -> dict[str, Any]:
    """The optimizers without their learning rates; the other fields are read only when optimizers are built."""
    return {player: replace(optimizer, lr=1.0) for player, optimizer in vars(experiment.optimizer).items()}


def _same_tensors(before: nn.Module, after: nn.Module) -> bool:
    pairs = [({**dict(m.named_parameters()), **dict(m.named_buffers())}) for m in (before, after)]
    return pairs[0].keys() == pairs[1].keys() and all(t.equal(pairs[1][name]) for name, t in pairs[0].items())


def _different_numbers(before: nn.Module, after: nn.Module) -> Iterator[tuple[str, str, Any]]:
    """(module, attribute, new value)."""
    others = dict(after.named_modules())
    for name, module in before.named_modules():
        for attribute, value in vars(module).items():
            other = vars(others[name]).get(attribute)
            if not attribute.startswith("_") and _is_read_live(value) and _is_read_live(other) and value != other:
                yield name, attribute, other


def _is_read_live(value: Any) -> bool:
    if isinstance(value, list):
        return bool(value) and all(is_dataclass(item) for item in value)
    return value is None or isinstance(value, float) or (is_dataclass(value) and not isinstance(value, type))
