"""Changes of a key while training: the difference between two experiments, carried over to the trainer that plays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import is_dataclass, replace
from typing import Any

from torch import nn

from gannet.errors import UserError
from gannet.training.experiment import Experiment
from gannet.training.trainer import Trainer


def carry_over(before: Experiment, after: Experiment) -> Callable[[Trainer], None]:
    """What puts the difference between two experiments into force.

    Both are freshly built from the same seed, so where all their tensors are equal they differ only in what is read at every
    step: learning rates, decay of the average, numbers that modules hold (strength of a penalty, dropout), fields of the
    loss. No list of keys is kept; a key that also shapes networks or their first weights shows in a tensor.

    The trainer's game has networks like those of the experiments.

    Args:
        before: as it is now.
        after: as it shall be.

    Raises:
        UserError: there is no such difference, or more than such differences.
    """
    fixed = (before.batch_size, before.steps, _other_rates(before)) != (after.batch_size, after.steps, _other_rates(after))
    if fixed or not _same_tensors(before.game, after.game):
        raise UserError("It shapes the networks, their first weights or the optimizer, so it cannot change while training.")
    numbers = list(_different_numbers(before.game, after.game))
    if not numbers and before.average == after.average and vars(before.optimizer) == vars(after.optimizer):
        raise UserError("It is not read while training.")

    def act(trainer: Trainer) -> None:
        trainer.rates = dict(vars(after.optimizer))
        trainer.average.decay = after.average
        for game in (trainer.game, trainer.average.game):
            for name, attribute, value in numbers:
                setattr(game.get_submodule(name), attribute, value)

    return act


def _other_rates(experiment: Experiment) -> dict[str, Any]:
    """The optimizers but for their learning rates: the rest is read only when they are made."""
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
