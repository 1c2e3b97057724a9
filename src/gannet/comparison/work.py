"""Carries a comparison out: trains what is missing, goes on with what was interrupted, measures, and keeps the result at every stage."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from signal import SIGINT
from statistics import mean
from typing import Any, Protocol

from gannet.comparison.existing import is_done, state_of
from gannet.comparison.picture import draw
from gannet.comparison.plan import Comparison, Entry
from gannet.comparison.result import VERSION, Result, Row, finite
from gannet.errors import TrainingStopped, UserError
from gannet.files import written_whole
from gannet.metrics.base import ScoreCard
from gannet.runs.lock import RunLock
from gannet.runs.reader import Run
from gannet.runs.schema import CHECKPOINTS_FOLDER
from gannet.runs.state import RunState
from gannet.runs.writer import append_scores
from gannet.sessions.outcome import Outcome
from gannet.sessions.reporter import Reporter
from gannet.sessions.resume import resume
from gannet.sessions.train import start
from gannet.training import checkpoint

RESULT_FILE = "compare.json"
PICTURE_FILE = "samples.png"


class Narrator(Reporter, Protocol):
    """Who tells the user what happens, between the runs too."""

    def say(self, sentence: str) -> None:
        """Something happened that the user may like to know."""


class Interrupted(BaseException):
    """A signal stopped the work. What was done is kept; the same command goes on. Not an Exception, as KeyboardInterrupt is none.

    Args:
        signal: its number.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal


def carry_out(comparison: Comparison, narrator: Narrator) -> Result:
    """Bring every run to its end, measure it, and write ``compare.json`` and ``samples.png``.

    Raises:
        UserError: a directory holds another run (found before anything is trained), or another process works here.
        Interrupted: a signal came while training; the same call goes on from there.
    """
    entries = comparison.entries
    states = [state_of(entry) for entry in entries]
    with _locked(comparison.path):
        known = _known_cards(comparison)
        rows: list[Row] = []
        for number, entry in enumerate(entries):
            state = states[number]
            narrator.say(_announcement(entries, number, states, rows))
            row = _train(entry, state, narrator)
            if row.status == "finished":
                row = _measure(comparison, row, known.get((entry.recipe, entry.seed)) if state.word == "finished" else None, narrator)
            rows.append(row)
            _write(Result(comparison, tuple(rows)))
        result = Result(comparison, tuple(rows))
        with written_whole(comparison.path / PICTURE_FILE) as file:
            draw(result).save(file, "PNG")
        return result


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot make the folder {path}: {error.strerror}.") from None
    lock = RunLock(path)
    try:
        yield
    finally:
        lock.release()


def _announcement(entries: list[Entry], number: int, states: list[RunState], rows: list[Row]) -> str:
    entry, state = entries[number], states[number]
    doing = f"was {state}" if state.reason == "guard" else {"finished": "is there already", "empty": "starts"}.get(state.word, "goes on")
    left = seconds_left([e for e, s in zip(entries[number:], states[number:], strict=True) if not is_done(s)], rows)
    time = "" if not left else f"; about {left / 60:.0f} min left in all" if left >= 90 else f"; about {left:.0f} s left in all"
    return f"run {number + 1} of {len(entries)}: {entry.recipe}, seed {entry.seed}, {doing}{time}"


def seconds_left(entries: list[Entry], rows: list[Row]) -> float | None:
    """For training these entries, by the rows that are done: those of the same recipe where there are any, else all of them."""
    if not rows:
        return None
    known: dict[str, list[float]] = {}
    for row in rows:
        known.setdefault(row.entry.recipe, []).append(row.seconds)
    usual = mean(row.seconds for row in rows)
    return sum(mean(known.get(entry.recipe, [usual])) for entry in entries)


def _train(entry: Entry, state: RunState, narrator: Narrator) -> Row:
    try:
        signal = _play(entry, state, narrator)
    except TrainingStopped as stopped:
        narrator.say(f"{entry.recipe}, seed {entry.seed}: {stopped}")
    else:
        if signal is not None:
            raise Interrupted(signal)
    state = state_of(entry)
    if state.reason == "guard" and state.event is not None:
        return Row(entry, "stopped", state.step, float(state.event.get("seconds", 0.0)), text=state.event["text"])
    newest, _ = checkpoint.latest_valid(entry.path / CHECKPOINTS_FOLDER)
    return Row(entry, "finished", *checkpoint.progress_of(newest))


def _play(entry: Entry, state: RunState, narrator: Narrator) -> int | None:
    """Train where there is something to train; the number of the signal that stopped it, if one did."""
    if is_done(state):
        return None
    if Run.is_at(entry.path):
        return _signal_of(resume(entry.path, narrator, recipe_file=entry.recipe_file, keys=entry.plan.repeated))
    entry.path.parent.mkdir(parents=True, exist_ok=True)
    return _signal_of(start(entry.plan, entry.path, narrator))


def _signal_of(outcome: Outcome) -> int | None:
    """A run that a command stopped is not finished: it stops the comparison as Ctrl-C does, which goes on where it was."""
    return outcome.signal or (None if outcome.finished else SIGINT)


def _measure(comparison: Comparison, row: Row, known: Mapping[str, Any] | None, narrator: Narrator) -> Row:
    if known is not None:
        return replace(row, cards=tuple(map(_card, known["cards"])), skipped=tuple(known["skipped"]))
    wanted = comparison.measurement
    try:
        run = row.entry.open()
        cards, skipped = run.measure(wanted.metrics, samples=wanted.samples, progress=narrator.work)
    except UserError as error:
        return replace(row, status="unmeasured", text=str(error))
    good, not_finite = finite(cards)
    append_scores(run.path, [card.as_json() for card in good])
    return replace(row, cards=good, skipped=(*skipped, *not_finite))


def _write(result: Result) -> None:
    with written_whole(result.path / RESULT_FILE) as file:
        file.write(json.dumps(result.as_json(), allow_nan=False, indent=1).encode() + b"\n")


def _known_cards(comparison: Comparison) -> dict[tuple[str, int], Mapping[str, Any]]:
    """Runs that were measured before in the way that is asked for now, by recipe and seed."""
    try:
        document = json.loads((comparison.path / RESULT_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    record = comparison.entries[0].record
    same = {"version": VERSION, "measurement": comparison.measurement.as_json(), **{n: record[n] for n in ("data", "environment")}}
    if not isinstance(document, dict) or any(document.get(name) != value for name, value in same.items()):
        return {}
    runs = [(recipe["recipe"], run) for recipe in document.get("recipes", []) for run in recipe["runs"]]
    return {(name, run["seed"]): run for name, run in runs if run["status"] == "finished" and run["cards"]}


def _card(document: Mapping[str, Any]) -> ScoreCard:
    # Cards that were written before a field was there have none.
    values: dict[str, Any] = {field.name: document[field.name] for field in fields(ScoreCard) if field.name in document}
    values |= {name: tuple(value) for name, value in values.items() if isinstance(value, list)}
    return ScoreCard(**values)
