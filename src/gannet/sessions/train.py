"""A training session from a plan to a finished run directory: start a new run, and train new and resumed runs."""

from __future__ import annotations

from pathlib import Path
from signal import SIGALRM, Signals

from pydantic import JsonValue

from gannet.config.build import build, open_and_decide, open_held_out, run_record
from gannet.config.plan import Plan
from gannet.data.base import Dataset
from gannet.errors import UserError
from gannet.games.base import Translates
from gannet.games.image_to_image import takes_pairs
from gannet.live.live_keys import control_of
from gannet.metrics.inputs import FEWEST_REAL_SAMPLES
from gannet.ranks.group import current
from gannet.runs.new_directory import taken
from gannet.runs.reader import Run, read_record
from gannet.runs.records import Event, Init, Reason
from gannet.runs.state import STEPS
from gannet.runs.writer import RunWriter
from gannet.sessions.failure import saved_on_failure
from gannet.sessions.follow import begin_together
from gannet.sessions.goal import Goal
from gannet.sessions.outcome import Outcome, removed_if_untrained, saved_step
from gannet.sessions.provenance import provenance
from gannet.sessions.reporter import Reporter
from gannet.sessions.scores import Scores
from gannet.sessions.space import require_room, writes_of
from gannet.sessions.transfer import find_source, save_beginning, sentence_of, transfer
from gannet.training import loop
from gannet.training.allocator import keep_freed_memory
from gannet.training.experiment import Experiment
from gannet.training.observers import (
    Clock,
    Observer,
    compare_ranks,
    frame_columns,
    record_frames,
    record_terms,
    save_checkpoints,
    watching,
)
from gannet.training.rehearsal import rehearse
from gannet.training.spreading import require_spread
from gannet.training.trainer import Trainer
from gannet.training.vitals import watch_health

FEWEST_FRAMES = 12
"""Moments that a run records by default, if it has that many steps."""


def start(
    plan: Plan, out: Path | None, reporter: Reporter, *, init: str | None = None, goal: Goal | None = None
) -> Outcome:
    """Train a new run.

    Args:
        plan: the plan of the run.
        out: the run directory; ``runs/NNNN-DATA-RECIPE`` if None.
        reporter: receives progress and warnings.
        init: ``RUN`` or ``RUN@STEP`` to start from, see :mod:`gannet.sessions.transfer`.
        goal: ends the training before its last step, if any.

    Raises:
        UserError: wrong input; nothing is left behind.
        TrainingStopped: a value is not finite; the run directory and its last valid checkpoint remain.
    """
    if out is not None and (problem := taken(out)):
        raise UserError(problem)
    source = find_source(init) if init is not None else None
    plan, dataset = open_and_decide(plan, reporter.work)
    keep_freed_memory()
    experiment, precision = build(plan, dataset.form)
    require_spread(experiment.game, experiment.batch_size, current().size)
    with precision.applied() as precision:
        rehearse(
            experiment,
            dataset,
            recipe=plan.recipe_name,
            seed=plan.settings.seed,
            precision=precision,
            keys=lambda: plan.keys,
        )
        for note in (
            *dataset.notes,
            *experiment.game.notes,
            *_about_size(dataset),
            *_about_pairs(plan, dataset, experiment),
        ):
            reporter.warned(note)
        trainer = Trainer(
            experiment, dataset, seed=plan.settings.seed, precision=precision, has_own_code=plan.has_own_code
        )
        begun = transfer(trainer, *source) if source is not None else None
        choose_step_if_asked(plan, trainer, reporter)
        return _begin(plan, out, trainer, dataset, experiment, reporter, begun, goal)


def can_be_measured(dataset: Dataset) -> bool:
    """Whether the data have enough samples for the metrics."""
    return dataset.size is None or dataset.size >= FEWEST_REAL_SAMPLES


def _about_size(dataset: Dataset) -> list[str]:
    if can_be_measured(dataset):
        return []
    return [f"{dataset.size} samples are too few for `gannet measure`, which needs at least {FEWEST_REAL_SAMPLES}."]


def _about_pairs(plan: Plan, dataset: Dataset, experiment: Experiment) -> list[str]:
    if not dataset.paired or takes_pairs(experiment.game) or plan.has_own_code:
        return []
    given = plan.values["data"]["inputs"]
    return [
        f"data.inputs={given}: the recipe {plan.recipe_name!r} does not use the inputs of pairs, "
        "and learns the targets alone. --recipe pix2pix degradation=paired learns to make targets from inputs."
    ]


def _begin(
    plan: Plan,
    out: Path | None,
    trainer: Trainer,
    dataset: Dataset,
    experiment: Experiment,
    reporter: Reporter,
    init: Init | None,
    goal: Goal | None,
) -> Outcome:
    name = f"{plan.data_name}-{Path(plan.recipe_name).stem}"
    path = out or next_run(name)
    existed = path.exists()
    source = plan.recipe.source()
    require_room(path, writes_of(plan, trainer, frames_every_of(plan, trainer, experiment)), reporter.warned)
    record = run_record(plan, dataset, trainer.precision, trainer.step_kind)
    if columns := frame_columns(trainer, dataset, plan.settings.frames.count):
        record = record.model_copy(update={"columns": columns})
    if not can_be_measured(dataset):
        data = record.data.model_copy(update={"num_samples": dataset.size})
        record = record.model_copy(update={"data": data})
    if init is not None:
        record = record.model_copy(update={"init": init})
        reporter.warned(sentence_of(init))
    while True:
        try:
            writer = RunWriter.create(path, record, source)
            break
        except UserError:
            if out is not None or not path.exists():
                raise
            path = next_run(name)  # another training has just taken the number
    with removed_if_untrained(path, existed), writer:
        if init is not None:
            save_beginning(path, trainer, provenance(plan, record, [], trainer.step))
        return train(plan, path, trainer, dataset, experiment, writer, reporter, seconds_before=0.0, goal=goal)


def train(
    plan: Plan,
    path: Path,
    trainer: Trainer,
    dataset: Dataset,
    experiment: Experiment,
    writer: RunWriter,
    reporter: Reporter,
    *,
    seconds_before: float,
    goal: Goal | None = None,
) -> Outcome:
    """Train to the last step, a goal, a stop or an error, with all observers; the end is recorded as an event.

    Args:
        plan: the plan of the run.
        path: the run directory.
        trainer: in the state to train from.
        dataset: the training data.
        experiment: the experiment of the recipe.
        writer: writer of the locked run directory.
        reporter: receives progress and warnings.
        seconds_before: training time of earlier sessions.
        goal: ends the training before its last step, if any.

    Raises:
        UserError: the training does not measure what the goal is about.
        TrainingStopped: a value is not finite.
    """
    settings = plan.settings
    scores = Scores(plan, trainer, writer, goal, reporter.measured)
    begin_together(current(), trainer, path)
    reporter.started(path, plan, trainer)
    clock = Clock(seconds_before, trainer.step)
    # A short run has frames too, so that it can be watched.
    frames_every = frames_every_of(plan, trainer, experiment)
    heard = Run(path).events()
    alarms: list[str] = []

    def alarm(sentence: str) -> None:
        alarms.append(f"step {trainer.step}: {sentence}")
        reporter.warned(sentence)

    def hear(event: Event, values: dict[str, float]) -> None:
        heard.append(event)
        reporter.terms(event.step, values)

    held_out = _open_held_out(plan, trainer, writer, reporter)
    record = read_record(path)
    frames = record_frames(
        trainer,
        dataset,
        writer,
        seed=settings.seed,
        every=frames_every,
        count=settings.frames.count,
        held_out=held_out,
        columns=len(record.columns),
    )

    def deciding() -> dict[str, JsonValue]:
        return provenance(plan, record, writer.commands, trainer.step)

    frames = watching(frames, "Frame not recorded", trainer, writer, reporter.warned)
    checkpoints = save_checkpoints(
        trainer,
        writer,
        clock,
        settings.checkpoint,
        reporter.warned,
        deciding,
        lambda: None if (best := scores.best()) is None else best.step,
    )
    observers = [
        Observer(max(1, trainer.steps // 500), lambda _: reporter.advanced(trainer.step), reads_state=False),
        record_terms(trainer, writer, clock, hear, settings.log.every or experiment.print_every),
        frames,
        *(
            [compare_ranks(trainer, settings.checkpoint.every)]
            if trainer.ranks.size > 1 and not trainer.ranks.shard
            else []
        ),
        checkpoints,
    ]
    measuring = watching(scores.observer(checkpoints.act), "Not measured", trainer, writer, reporter.warned)
    if scores.every:
        observers.append(measuring)
    if settings.health.every != 0:
        health = watch_health(
            trainer,
            dataset,
            held_out,
            writer,
            seed=settings.seed,
            every=settings.health.every,
            events=heard,
            on_alarm=alarm,
        )
        observers.append(watching(health, "Health not checked", trainer, writer, reporter.warned))
    observers += reporter.observers(trainer)
    begun_at = trainer.step
    writer.event("start", trainer.step, values={STEPS: trainer.steps}, text=_steps_sentence(trainer))
    with loop.listening(trainer.ranks.size > 1) as request:
        control = control_of(
            plan, trainer, writer, clock, request, frames=frames, checkpoints=checkpoints, say=reporter.warned
        )
        scores.is_interrupted = lambda: request.signal is not None
        with saved_on_failure(plan, trainer, writer, clock, deciding):
            if scores.is_owed(measuring) and trainer.ranks.size == 1:
                measuring.act({})
            loop.run(trainer, observers, request, scores.until_reached(control.may_continue))
            control.close()
    finished = trainer.step >= trainer.steps
    if finished:
        writer.event("finish", trainer.step, seconds=clock.seconds())
    else:
        reason, text = _end_of(request.signal, scores.reached)
        writer.event("stop", trainer.step, text=text, reason=reason, seconds=clock.seconds())
    signal = None if finished else request.signal
    is_there = writer.follow()
    return Outcome(
        writer.path,
        trainer.step,
        clock.seconds(),
        signal,
        finished,
        saved_step(writer.path) if is_there else None,
        tuple(alarms),
        begun_at=begun_at,
        seconds_before=seconds_before,
        is_deleted=not is_there,
        can_be_measured=can_be_measured(dataset),
        goal="" if finished else scores.reached,
        best=scores.best() if is_there else None,
    )


def _end_of(signal: int | None, reached: str) -> tuple[Reason, str]:
    """The reason of a stop before the last step, and its details."""
    if signal == SIGALRM:
        return "time", ""  # nobody sent that signal
    if signal is not None:
        return "signal", Signals(signal).name
    return ("goal", reached) if reached else ("command", "")


def _open_held_out(plan: Plan, trainer: Trainer, writer: RunWriter, reporter: Reporter) -> Dataset | None:
    """Held-out data for health checks and frames. None, with a warning, if they cannot be opened: training does not
    need them.
    """
    wanted = isinstance(trainer.game, Translates) or plan.settings.health.every != 0
    if trainer.dataset.size is None or not wanted:
        return None
    try:
        return open_held_out(plan, reporter.work)
    except UserError as error:
        writer.event("warning", trainer.step, text=f"Health checks run without held-out data: {error}")
        return None


def choose_step_if_asked(plan: Plan, trainer: Trainer, reporter: Reporter) -> None:
    """On a GPU, step by CUDA graphs where possible. On a CPU with ``compile=true``, compile the step. With
    ``compile=true``, report why a step stays eager.
    """
    if trainer.precision.device.type == "cuda":
        from gannet.training import cuda_graphs

        cuda_graphs.choose_step(trainer, plan.settings.compile)
        if trainer.whole_step is None and plan.settings.compile:
            reporter.warned(_steps_sentence(trainer))
        return
    if not plan.settings.compile:
        return
    from gannet.training.compiled import choose_step  # imports torch's compiler

    reporter.work("Compiling the step", 0, 1)
    choose_step(trainer)
    if trainer.whole_step is None:
        reporter.warned(_steps_sentence(trainer))


def _steps_sentence(trainer: Trainer) -> str:
    return f"Steps are {trainer.step_kind}." if trainer.step_kind else ""


def frames_every_of(plan: Plan, trainer: Trainer, experiment: Experiment) -> int:
    """Steps between two frames; 0 for none."""
    wanted = plan.settings.frames.every
    return min(experiment.frames_every, max(1, trainer.steps // FEWEST_FRAMES)) if wanted is None else wanted


def next_run(name: str) -> Path:
    """``runs/NNNN-name`` with the next free number."""
    folder = Path("runs")
    numbers = [int(p.name[:4]) for p in folder.glob("[0-9][0-9][0-9][0-9]-*")]
    return folder / f"{max(numbers, default=0) + 1:04d}-{name}"
