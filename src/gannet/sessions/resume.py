"""Continuing a run: from its newest checkpoint, again from the beginning, or from a fork."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gannet.config.plan import environment, plan_again
from gannet.discovery import is_outside
from gannet.errors import UserError
from gannet.runs.reader import read_record
from gannet.runs.schema import CHECKPOINTS_FOLDER, checkpoint_name
from gannet.runs.writer import RunWriter
from gannet.sessions.fork import again, fork
from gannet.sessions.outcome import Outcome, has_trained, removed_if_untrained, saved_step
from gannet.sessions.reopen import changed_data, reopen_data, repeat_keys
from gannet.sessions.reporter import Reporter
from gannet.sessions.train import next_run, train
from gannet.training import checkpoint
from gannet.training.rehearsal import rehearse
from gannet.training.trainer import Trainer

BITWISE = ("torch", "numpy", "platform", "threads", "cpu_capability", "device", "gpu", "cuda", "cudnn", "precision")
"""Fields of the environment that must be equal for a bitwise equal continuation."""


def resume(
    path: Path,
    reporter: Reporter,
    *,
    steps: int | None = None,
    recipe_file: str | None = None,
    keys: Mapping[str, Any] | None = None,
) -> Outcome:
    """Continue a run exactly where its newest valid checkpoint is; with the same machine and libraries, bit for bit.

    Args:
        path: the run directory.
        reporter: tells the user what happens.
        steps: a new total.
        recipe_file: the user's own recipe file, if the run was made from one.
        keys: see :func:`gannet.sessions.reopen.repeat_keys`. A new ``data.path`` is recorded in the run.

    Raises:
        UserError: no run, no valid checkpoint, or other data than it was trained on.
        TrainingStopped: the guard stopped it.
    """
    record = read_record(path)
    keys = repeat_keys(record, keys or {})
    plan = plan_again(record, steps=steps, recipe_file=recipe_file, changes=keys)
    dataset = reopen_data(plan, reporter.work)
    if changed := changed_data(record, dataset):
        raise UserError(f"{path}: {changed} Restore them, name their place with data.path=PATH, or train a new run.")
    experiment = plan.experiment(dataset.form)
    with plan.precision(experiment, dataset.form).applied() as precision, RunWriter(path) as writer:
        if not has_trained(path):
            rehearse(experiment, dataset, recipe=plan.recipe_name, seed=plan.settings.seed, precision=precision)
        if "data.path" in keys:
            writer.move_data(plan.values["data"]["path"])
        trainer = Trainer(experiment, dataset, seed=plan.settings.seed, precision=precision)
        seconds = _restore(path, trainer, reporter, is_new="parent" in record)
        if steps is not None and trainer.step > steps:
            raise UserError(f"{path} already has {trainer.step} steps; give --steps at least that.")
        if trainer.step >= trainer.steps:
            reporter.warned(f"{path} already has its {trainer.steps} steps; nothing to do. To train on, give --steps.")
            return Outcome(path, trainer.step, seconds, None, saved=saved_step(path))
        scheduled = any(optimizer.schedule != "constant" for optimizer in trainer.rates.values())
        if scheduled and trainer.steps != record["arguments"]["steps"]:
            reporter.warned(
                f"The schedule now ends at step {trainer.steps}, so this is not the run that {trainer.steps} steps would have been."
            )
        writer.truncate_after(trainer.step)
        for name in _differences(record["environment"], environment(trainer.precision)):
            reporter.warned(f"The bitwise contract is void: {name}.")
            writer.event("warning", trainer.step, text=f"Resumed with {name}.")
        writer.event("resume", trainer.step, text=checkpoint_name(trainer.step))
        return train(plan, path, trainer, dataset, experiment, writer, reporter, seconds_before=seconds)


def train_again(
    run: Path, step: int | None, changes: Mapping[str, Any], out: Path | None, reporter: Reporter, *, recipe_file: str | None = None
) -> Outcome:
    """Train ``run`` again from the beginning (``step`` None), its commands included, or on from one of its checkpoints.

    Raises:
        UserError: bad input; nothing is left behind.
        TrainingStopped: the guard stopped it.
    """
    out = out or next_run(f"{run.resolve().name}-{'again' if step is None else step}")
    existed = out.exists()
    if step is None:
        again(run, changes, out, recipe_file=recipe_file)
    else:
        fork(run, step, changes, out, recipe_file=recipe_file)
    outside = {key: value for key, value in changes.items() if is_outside(value)}
    with removed_if_untrained(out, existed):
        return resume(out, reporter, recipe_file=recipe_file, keys=outside)


def _restore(path: Path, trainer: Trainer, reporter: Reporter, *, is_new: bool) -> float:
    """Seconds trained so far. A run that was ended before its first checkpoint begins again, which is exact too."""
    if not checkpoint.newest_first(path / CHECKPOINTS_FOLDER):
        if not is_new:
            reporter.warned(f"{path} has no checkpoint yet: it begins at step 0.")
        return 0.0
    newest, complaints = checkpoint.latest_valid(path / CHECKPOINTS_FOLDER)
    for complaint in complaints:
        reporter.warned(f"{complaint}: falling back to {newest.name}.")
    return checkpoint.restore(newest, trainer)


def _differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    return [f"{key} was {before.get(key)}, now it is {now.get(key)}" for key in BITWISE if before.get(key) != now.get(key)]
