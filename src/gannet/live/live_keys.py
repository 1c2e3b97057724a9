"""Connect a session to its live control: keys that change live, snapshots, frames."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gannet.config.build import new_experiment
from gannet.config.plan import Plan
from gannet.data.base import Form
from gannet.errors import UserError
from gannet.live.apply_edit import edit_between
from gannet.live.control import Control, Means, command_arguments
from gannet.runs.commands import SetArguments
from gannet.runs.reader import Run
from gannet.runs.records import Event
from gannet.runs.schema import FRAMES_FOLDER, frame_name
from gannet.runs.writer import RunWriter
from gannet.training.loop import StopRequest
from gannet.training.observers import Clock, Observer
from gannet.training.trainer import Trainer


class LiveKeys:
    """The keys of a running training, which can change one at a time."""

    def __init__(self, plan: Plan, trainer: Trainer) -> None:
        self.plan, self._trainer = plan, trainer
        self._form: Form = trainer.dataset.form

    def edit(self, key: str, value: float | None) -> Callable[[], None] | None:
        """Return a function that applies the value from the next turn on; None if the key already has it.

        Raises:
            UserError: the command line would refuse it, or the key is read only before training begins.
        """
        found = _edit(self.plan, self._form, key, value)
        if found is None:
            return None
        changed, act = found

        def change() -> None:
            act(self._trainer)
            self.plan = changed

        return change


def require_repeatable(plan: Plan, form: Form, journal: Iterable[Event]) -> None:
    """Raise a :class:`UserError` if a journal sets a key that a training with ``plan`` cannot change."""
    for event in journal:
        arguments = command_arguments(event)
        if not isinstance(arguments, SetArguments):
            continue
        try:
            found = _edit(plan, form, arguments.key, arguments.value)
        except UserError as error:
            raise UserError(f"The command of step {event.step} cannot be repeated with these keys: {error}") from None
        if found is not None:
            plan, _ = found


def _edit(plan: Plan, form: Form, key: str, value: float | None) -> tuple[Plan, Callable[[Trainer], None]] | None:
    """The plan with the value and a function that changes a trainer accordingly; None if the key already has it."""
    recipe = plan.values["recipe"]
    if key not in recipe or not isinstance(recipe[key], float | None) or not isinstance(value, float | None):
        raise UserError(f"{key} is not a number of the recipe that can change during training.")
    if recipe[key] == value:
        return None
    changed = plan.with_changes({key: value})
    try:
        return changed, edit_between(new_experiment(plan, form), new_experiment(changed, form))
    except UserError as error:
        raise UserError(f"{key}: {error}") from None


def control_of(
    plan: Plan,
    trainer: Trainer,
    writer: RunWriter,
    clock: Clock,
    request: StopRequest,
    *,
    frames: Observer,
    checkpoints: Observer,
    say: Callable[[str], None],
) -> Control:
    """The live control of a session, whose trainer must be in its initial state."""

    def frame(again: bool) -> None:
        there = (writer.path / FRAMES_FOLDER / frame_name(trainer.step, writer.kind)).exists()
        if frames.every and (again or not there):
            frames.act({})

    means = Means(LiveKeys(plan, trainer).edit, lambda: checkpoints.act({}), frame, say)
    return Control(trainer, writer, lambda: request.signal is not None, clock, means, Run(writer.path).events())
