"""A training session: a new run or the continuation of one, from plan to finished directory."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from signal import Signals
from typing import Any, Protocol

from gannet.data.base import Dataset, silent
from gannet.discovery import is_outside
from gannet.errors import TrainingStopped, UserError, in_shell
from gannet.forking import again, fork
from gannet.games.base import Scores
from gannet.outcome import Outcome, has_trained, removed_if_untrained, saved_sentence, saved_step
from gannet.planning import Plan, environment, open_data, open_held_out, plan_again
from gannet.reopening import changed_data, reopen_data, repeat_keys
from gannet.runs.reader import Run, read_record
from gannet.runs.schema import CHECKPOINTS_FOLDER, checkpoint_name
from gannet.runs.writer import RunWriter
from gannet.steering import control_of
from gannet.training import checkpoint, loop
from gannet.training.experiment import Experiment
from gannet.training.health import watch_health
from gannet.training.observers import Clock, Observer, record_frames, record_terms, save_checkpoints
from gannet.training.rehearsal import rehearse
from gannet.training.trainer import Trainer

BITWISE = ("torch", "numpy", "platform", "threads", "cpu_capability", "device", "precision")
"""Fields of the environment that must be equal for a bitwise equal continuation."""


class Reporter(Protocol):
    """Who tells the user what happens."""

    def work(self, what: str, done: int, total: int) -> None:
        """Long work before training: decoding data."""

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Training begins."""

    def advanced(self, step: int) -> None:
        """So many steps are done; called often."""

    def terms(self, step: int, values: dict[str, float]) -> None:
        """The named terms of a step."""

    def warned(self, sentence: str) -> None:
        """Something the user should know."""


def start(plan: Plan, out: Path | None, reporter: Reporter) -> Outcome:
    """Train a new run.

    Raises:
        UserError: bad input; nothing is left behind.
        TrainingStopped: the guard stopped it; the run directory and its last good checkpoint stay.
    """
    if out is not None and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise UserError(f"{out} is not empty. Give another --out, or continue that run with `{in_shell('gannet', 'resume', out)}`.")
    dataset = open_data(plan, reporter.work)
    experiment = plan.experiment(dataset.form)
    with plan.precision(experiment, dataset.form).applied() as precision:
        rehearse(experiment, dataset, recipe=plan.recipe_name, seed=plan.settings.seed, precision=precision)
        for note in dataset.notes:
            reporter.warned(note)
        return _begin(plan, out, Trainer(experiment, dataset, seed=plan.settings.seed, precision=precision), dataset, experiment, reporter)


def _begin(plan: Plan, out: Path | None, trainer: Trainer, dataset: Dataset, experiment: Experiment, reporter: Reporter) -> Outcome:
    path = out or _next_run(f"{plan.source_name}-{Path(plan.recipe_name).stem}")
    existed = path.exists()
    source = Path(inspect.getfile(plan.recipe.function)).read_text(encoding="utf-8")
    writer = RunWriter.create(path, plan.record(dataset, trainer.precision), source)
    with removed_if_untrained(path, existed), writer:
        return _train(plan, path, trainer, dataset, experiment, writer, reporter, seconds_before=0.0)


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
        keys: see :func:`gannet.reopening.repeat_keys`. A new ``data.path`` is recorded in the run.

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
        return _train(plan, path, trainer, dataset, experiment, writer, reporter, seconds_before=seconds)


def train_again(
    run: Path, step: int | None, changes: Mapping[str, Any], out: Path | None, reporter: Reporter, *, recipe_file: str | None = None
) -> Outcome:
    """Train ``run`` again from the beginning (``step`` None), its commands included, or on from one of its checkpoints.

    Raises:
        UserError: bad input; nothing is left behind.
        TrainingStopped: the guard stopped it.
    """
    out = out or _next_run(f"{run.resolve().name}-{'again' if step is None else step}")
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


def _train(
    plan: Plan,
    path: Path,
    trainer: Trainer,
    dataset: Dataset,
    experiment: Experiment,
    writer: RunWriter,
    reporter: Reporter,
    *,
    seconds_before: float,
) -> Outcome:
    settings = plan.settings
    reporter.started(path, plan, trainer)
    clock = Clock(seconds_before, trainer.step)
    frames_every = experiment.frames_every if settings.frames.every is None else settings.frames.every
    heard = Run(path).events()
    alarms: list[str] = []

    def alarm(sentence: str) -> None:
        alarms.append(f"step {trainer.step}: {sentence}")
        reporter.warned(sentence)

    def hear(step: int, values: dict[str, float]) -> None:
        heard.append({"kind": "terms", "step": step, "values": values})
        reporter.terms(step, values)

    frames = record_frames(trainer, dataset, writer, seed=settings.seed, every=frames_every, count=settings.frames.count)
    checkpoints = save_checkpoints(trainer, path, writer, clock, settings.checkpoint, reporter.warned)
    observers = [
        Observer(max(1, trainer.steps // 500), lambda _: reporter.advanced(trainer.step)),
        record_terms(trainer, writer, clock, hear, experiment.print_every),
        frames,
        checkpoints,
    ]
    if settings.measure.every:
        observers.append(_record_scores(plan, path, trainer, dataset, writer))
    if settings.health.every != 0:
        unseen = _open_unseen(plan, trainer, writer, reporter)
        observers.append(
            watch_health(trainer, dataset, unseen, writer, seed=settings.seed, every=settings.health.every, events=heard, told=alarm)
        )
    begun_at = trainer.step
    writer.event("start", trainer.step)
    with loop.listening() as request:
        control = control_of(plan, trainer, writer, clock, request, frames=frames, checkpoints=checkpoints, say=reporter.warned)
        try:
            loop.run(trainer, observers, request, control.goes_on)
            control.close()
        except TrainingStopped as stopped:
            writer.event("stop", trainer.step, text=str(stopped), reason="guard", seconds=clock.seconds())
            raise TrainingStopped(f"{stopped} {saved_sentence(trainer.step, saved_step(path))}") from None
        except BaseException as error:
            if trainer.step > begun_at:
                problem = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
                writer.event("stop", trainer.step, text=problem, reason="error", seconds=clock.seconds())
                if isinstance(error, UserError):
                    raise UserError(f"{error} {saved_sentence(trainer.step, saved_step(path))}") from error
            raise
    finished = trainer.step >= trainer.steps
    if finished:
        writer.event("finish", trainer.step, seconds=clock.seconds())
    else:
        reason = "command" if request.signal is None else "signal"
        text = "" if request.signal is None else Signals(request.signal).name
        writer.event("stop", trainer.step, text=text, reason=reason, seconds=clock.seconds())
    signal = None if finished else request.signal
    return Outcome(path, trainer.step, clock.seconds(), signal, finished, saved_step(path), tuple(alarms))


def _record_scores(plan: Plan, path: Path, trainer: Trainer, dataset: Dataset, writer: RunWriter) -> Observer:
    from gannet.measuring import answers_questions, measurer

    game = trainer.average.game
    held_out = open_held_out(plan, silent) if answers_questions(game) else None
    measure = measurer(game, dataset, seed=plan.settings.seed, run=path.name, weights="ema", held_out=held_out)

    def act(terms: object) -> None:
        try:
            cards, _ = measure(trainer.step)
        except UserError as error:
            writer.event("warning", trainer.step, text=f"Not measured: {error}")
        else:
            writer.scores([card.as_json() for card in cards])

    return Observer(plan.settings.measure.every, act, at_end=False)


def _open_unseen(plan: Plan, trainer: Trainer, writer: RunWriter, reporter: Reporter) -> Dataset | None:
    """Real data to compare the training data with; a set that cannot be had is no reason not to train."""
    if trainer.dataset.size is None or not isinstance(trainer.game, Scores):
        return None
    try:
        return open_held_out(plan, reporter.work)
    except UserError as error:
        writer.event("warning", trainer.step, text=f"Health is watched without held-out data: {error}")
        return None


def _next_run(name: str) -> Path:
    folder = Path("runs")
    numbers = [int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*")]
    return folder / f"{max(numbers, default=0) + 1:04d}-{name}"


def _differences(before: dict[str, str], now: dict[str, str]) -> list[str]:
    return [f"{key} was {before.get(key)}, now it is {now.get(key)}" for key in BITWISE if before.get(key) != now.get(key)]
