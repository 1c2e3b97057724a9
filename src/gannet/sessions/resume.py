"""Resume a run from its newest checkpoint, or train a repetition or fork of a run."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from gannet.config.build import build, environment
from gannet.config.few_images import for_recipe
from gannet.config.plan import Plan, plan_again, require_complete
from gannet.discovery import is_outside
from gannet.errors import UserError
from gannet.ranks.group import current
from gannet.runs.comparable import differing
from gannet.runs.reader import Run, parse_run, read_record
from gannet.runs.records import RunRecord
from gannet.runs.schema import CHECKPOINTS_FOLDER, checkpoint_name
from gannet.runs.state import planned_steps, state_of
from gannet.runs.writer import RunWriter
from gannet.sessions.fork import fork, repeat
from gannet.sessions.goal import Goal
from gannet.sessions.outcome import Outcome, has_trained, removed_if_untrained, saved_step
from gannet.sessions.provenance import require_same_code_and_journal, require_same_keys
from gannet.sessions.reopen import changed_data, reopen_data, repeat_keys
from gannet.sessions.reporter import Reporter
from gannet.sessions.space import require_room, writes_of
from gannet.sessions.train import can_be_measured, choose_step_if_asked, frames_every_of, next_run, start, train
from gannet.training import checkpoint
from gannet.training.allocator import keep_freed_memory
from gannet.training.rehearsal import rehearse
from gannet.training.spreading import require_spread
from gannet.training.trainer import Trainer

BITWISE = (
    "torch",
    "numpy",
    "platform",
    "threads",
    "processes",
    "sharded",
    "cpu_capability",
    "device",
    "gpu",
    "cuda",
    "cudnn",
    "precision",
    "steps",
)
"""Fields of the environment that must be equal for a bitwise exact resume."""


def resume(
    path: Path,
    reporter: Reporter,
    *,
    steps: int | None = None,
    recipe_file: str | None = None,
    keys: Mapping[str, Any] | None = None,
    goal: Goal | None = None,
) -> Outcome:
    """Resume a run from its newest valid checkpoint; with the same machine and libraries, exactly, bit for bit.

    Args:
        path: the run directory.
        reporter: receives progress and warnings.
        steps: a new total number of steps.
        recipe_file: the user's recipe file, if the run was made from one.
        keys: see :func:`gannet.sessions.reopen.repeat_keys`. A new ``data.path`` is recorded in the run.
        goal: ends the training before its last step, if any.

    Raises:
        UserError: not a run, no valid checkpoint, or the data have changed.
        TrainingStopped: a value is not finite.
    """
    record = read_record(path)
    keys = repeat_keys(record, keys or {})
    events = Run(path).events()
    steps, ended_at_goal = steps or planned_steps(events), state_of(path, events).reason == "goal"
    chosen = _chosen(path, record, reporter)
    plan = plan_again(record, steps=steps, recipe_file=recipe_file, changes=keys)
    notes = require_same_code_and_journal(path, plan, chosen)
    dataset = reopen_data(plan, reporter.work)
    keep_freed_memory()
    if changed := changed_data(record, dataset):
        raise UserError(f"{path}: {changed} Restore them, give their path with data.path=PATH, or train a new run.")
    experiment, precision = build(plan, dataset.form)
    require_spread(experiment.game, experiment.batch_size, current().size)
    with precision.applied() as precision, RunWriter(path) as writer:
        if not has_trained(path):
            rehearse(
                experiment,
                dataset,
                recipe=plan.recipe_name,
                seed=plan.settings.seed,
                precision=precision,
                keys=lambda: plan.keys,
            )
        if "data.path" in keys:
            writer.move_data(plan.values["data"]["path"])
        trainer = Trainer(
            experiment, dataset, seed=plan.settings.seed, precision=precision, has_own_code=plan.has_own_code
        )
        if chosen is None and record.parent is None:
            reporter.warned(f"{path} has no checkpoint yet: it starts at step 0.")
        seconds = 0.0 if chosen is None else checkpoint.restore(chosen, trainer)
        if steps is not None and trainer.step > steps:
            raise UserError(f"{path} already has {trainer.step} steps; set --steps to at least {trainer.step}.")
        if trainer.step >= trainer.steps:
            reporter.warned(
                f"{path} already has all {trainer.steps} steps; nothing to do. To train longer, set --steps."
            )
            return Outcome(
                path,
                trainer.step,
                seconds,
                None,
                saved=saved_step(path),
                begun_at=trainer.step,
                seconds_before=seconds,
                can_be_measured=can_be_measured(dataset),
            )
        for sentence in _other_end(trainer, record, without_goal=ended_at_goal and goal is None):
            reporter.warned(sentence)
        left = 1 - trainer.step / trainer.steps
        more = replace(writes_of(plan, trainer, frames_every_of(plan, trainer, experiment)), checkpoints=1)
        require_room(path, more, reporter.warned, left)
        writer.truncate_after(trainer.step)
        for note in notes:
            reporter.warned(note)
            writer.event("warning", trainer.step, text=note)
        choose_step_if_asked(plan, trainer, reporter)
        for name in _differences(record.environment, environment(trainer.precision, trainer.step_kind)):
            reporter.warned(f"This resume is not bitwise exact: {name}.")
            writer.event("warning", trainer.step, text=f"Resumed with {name}.")
        writer.event("resume", trainer.step, text=checkpoint_name(trainer.step))
        return train(plan, path, trainer, dataset, experiment, writer, reporter, seconds_before=seconds, goal=goal)


def start_or_resume(
    plan: Plan, path: Path, reporter: Reporter, *, init: str | None = None, goal: Goal | None = None
) -> Outcome:
    """Train the run of ``plan`` in ``path``, whatever an earlier process left there: start it, continue it, or report
    that it is finished.

    Raises:
        UserError: the directory holds something else, or a run with other settings; it is left as it is.
        TrainingStopped: a value is not finite.
    """
    if not Run.is_at(path):
        return start(plan, path, reporter, init=init, goal=goal)
    record = read_record(path)
    plan = for_recipe(plan, record.recipe)
    there = _typed(record.recipe, record.arguments, record.data.source, record.data.arguments, record.settings)
    now = _typed(
        plan.recipe_name, plan.values["recipe"], plan.source_name, plan.values["data"], plan.values["settings"]
    )
    there["init"], now["init"] = (
        None if record.init is None else record.init.run,
        None if init is None else str(parse_run(init)[0]),
    )
    if fields := differing(there, now):
        named = ", ".join(f"{name} ({old} there, {new} now)" for name, (old, new) in fields.items())
        raise UserError(
            f"{path} holds another run: it differs in {named}. Choose another --out, or repeat the command that made "
            f"it."
        )
    recipe_file = plan.recipe_name if plan.recipe_name.endswith(".py") else None
    return resume(path, reporter, recipe_file=recipe_file, keys=plan.repeated, goal=goal)


def train_again(
    run: Path,
    step: int | None,
    changes: Mapping[str, Any],
    out: Path | None,
    reporter: Reporter,
    *,
    recipe_file: str | None = None,
    goal: Goal | None = None,
) -> Outcome:
    """Repeat ``run`` with its commands from the beginning (``step`` None), or fork it from one of its checkpoints.

    Raises:
        UserError: wrong input; nothing is left behind.
        TrainingStopped: a value is not finite.
    """
    out = out or next_run(f"{run.resolve().name}-{'again' if step is None else step}")
    existed = out.exists()
    if step is None:
        repeat(run, changes, out, recipe_file=recipe_file)
    else:
        fork(run, step, changes, out, recipe_file=recipe_file)
    supplied = {key: value for key, value in changes.items() if is_outside(value)}
    with removed_if_untrained(out, existed):
        return resume(out, reporter, recipe_file=recipe_file, keys=supplied, goal=goal)


def _typed(
    recipe: str, arguments: Mapping[str, Any], source: str, data: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """What a user types to make a run, as JSON has it. The path of the data may change; their content is compared
    elsewhere.
    """
    keys = {
        "recipe": recipe,
        "data": source,
        **arguments,
        **{f"data.{key}": value for key, value in data.items() if key != "path"},
    }
    return json.loads(json.dumps(keys | dict(settings)))


def _chosen(path: Path, record: RunRecord, reporter: Reporter) -> Path | None:
    """The newest valid checkpoint, which fits run.json. None if there is none: the run starts again, exactly."""
    require_complete(record)
    if not checkpoint.newest_first(path / CHECKPOINTS_FOLDER):
        return None
    newest, complaints = checkpoint.latest_valid(path / CHECKPOINTS_FOLDER)
    for complaint in complaints:
        reporter.warned(f"{complaint}: using {newest.name} instead.")
    require_same_keys(path, record, newest)
    return newest


def _other_end(trainer: Trainer, record: RunRecord, *, without_goal: bool) -> Iterator[str]:
    """What differs if the training ends at another step than before."""
    scheduled = any(optimizer.schedule != "constant" for optimizer in trainer.optimizer_settings.values())
    if scheduled and trainer.steps != record.steps:
        yield (
            f"The learning rate schedule now ends at step {trainer.steps}, so this run differs from a new run of "
            f"{trainer.steps} steps."
        )
    if without_goal:
        yield (
            f"The goal that stopped this run is not kept: it now trains to step {trainer.steps}. To stop it at a goal, "
            "give --stop-when or --patience again."
        )


def _differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    before = {"processes": "1", "sharded": "no"} | before  # records of earlier versions have none
    now = {"sharded": "no"} | now
    # On a GPU, a graph computes what an eager step computes.
    keys = [key for key in BITWISE if key != "steps" or now["device"] == "cpu"]
    return [f"{key} was {before.get(key)}, now it is {now.get(key)}" for key in keys if before.get(key) != now.get(key)]
