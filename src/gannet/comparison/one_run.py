"""One run of a comparison, from whatever is there of it to its row: trained to the end, then measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from signal import SIGINT

from gannet.comparison.existing import comparison_state, is_done, threads_of
from gannet.comparison.plan import Entry, Measurement
from gannet.comparison.result import Row, finite
from gannet.comparison.telling import Interrupted, Narrator
from gannet.errors import TrainingFailed, TrainingStopped, UserError
from gannet.runs.reader import Run
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.runs.state import RunState
from gannet.runs.writer import append_scores
from gannet.sessions.outcome import Outcome
from gannet.sessions.resume import resume
from gannet.sessions.train import start
from gannet.training import checkpoint
from gannet.training.precision import with_threads


def bring_to_end(entry: Entry, measurement: Measurement, narrator: Narrator) -> Row:
    """Train what is missing of a run, then measure it. A training that fails is a row, and the others continue.

    Raises:
        UserError: the directory holds another run, another process writes it, or it cannot be written.
        Interrupted: a signal or a command stopped the training; the next call continues from its checkpoint.
    """
    with with_threads(threads_of(entry)):
        try:
            _play(entry, comparison_state(entry), narrator)
        except TrainingFailed as failed:
            return Row(entry, "failed", *_saved(entry), text=str(failed))
        row = trained_row(entry)
        return _measure(row, measurement, narrator) if row.status == "finished" else row


def trained_row(entry: Entry) -> Row:
    """The row of a run whose training is over, without its score cards."""
    state = comparison_state(entry)
    if state.reason == "guard" and state.event is not None:
        return Row(entry, "stopped", state.step, state.event.seconds or 0.0, text=state.event.text)
    newest, _ = checkpoint.latest_valid(entry.path / CHECKPOINTS_FOLDER)
    return Row(entry, "finished", *checkpoint.progress_of(newest))


def failed_row(entry: Entry, problems: Sequence[str]) -> Row:
    """The row of a run whose process ended too early; it continues from its newest checkpoint when the command is
    repeated.
    """
    step, seconds = _saved(entry)
    ending = (
        f"Step {step} is saved; the same command continues from there." if step else "The same command tries it again."
    )
    return Row(entry, "failed", step, seconds, text=f"{' '.join(problems)} {ending}")


def _saved(entry: Entry) -> tuple[int, float]:
    """Step and seconds of training of the newest checkpoint; zeros if there is none."""
    folder = entry.path / CHECKPOINTS_FOLDER
    try:
        return checkpoint.progress_of(checkpoint.latest_valid(folder)[0])
    except UserError:
        return 0, 0.0


def _play(entry: Entry, state: RunState, narrator: Narrator) -> None:
    """Train where there is something to train."""
    if is_done(state):
        return
    try:
        signal = _signal_of(_trained(entry, narrator))
    except TrainingStopped as stopped:
        narrator.say(f"{entry.name}: {stopped}")
    else:
        if signal is not None:
            raise Interrupted(signal)


def _trained(entry: Entry, narrator: Narrator) -> Outcome:
    if Run.is_at(entry.path):
        return resume(entry.path, narrator, recipe_file=entry.recipe_file, keys=entry.plan.repeated)
    entry.path.parent.mkdir(parents=True, exist_ok=True)
    return start(entry.plan, entry.path, narrator)


def _signal_of(outcome: Outcome) -> int | None:
    """A run that a command stopped is not finished: it stops the comparison as Ctrl-C does, and the next call
    continues it.
    """
    return outcome.signal or (None if outcome.finished else SIGINT)


def _measure(row: Row, wanted: Measurement, narrator: Narrator) -> Row:
    try:
        run = row.entry.open()
        cards, skipped = run.measure(wanted.metrics, samples=wanted.samples, progress=narrator.work)
    except UserError as error:
        return replace(row, status="unmeasured", text=str(error))
    good, not_finite = finite(cards)
    append_scores(run.path, good)
    return replace(row, cards=good, skipped=(*skipped, *not_finite))
