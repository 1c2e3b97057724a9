"""Writes a run directory: append-only, safe against a kill at any moment, and never a reason for training to stop."""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import ArrayLike

from gannet.errors import GannetWarning, UserError
from gannet.files import whole_file
from gannet.runs.append_file import AppendFile
from gannet.runs.debris import sweep
from gannet.runs.frame_files import compact, save_png
from gannet.runs.journal import check_of
from gannet.runs.links import refuse_links
from gannet.runs.lock import RunLock
from gannet.runs.new_directory import make_run, write_record
from gannet.runs.reader import lines_of, read_record
from gannet.runs.records import Event, Kind, Reason, Record, RunRecord, ScoreCard, Severity
from gannet.runs.schema import (
    EVENTS_FILE,
    FRAMES_FOLDER,
    RUN_FILE,
    SCORES_FILE,
    VERSION,
    frame_name,
)


class RunWriter:
    """The one writer of an existing run directory; use ``create`` for a new one.

    An OSError while training writes (a full disk, say) is counted in ``drops`` and warned of once; it is never raised.

    Args:
        path: the run directory.
        kind: what frames show: ``points`` (NPZ) or ``images`` (PNG); None takes it from run.json.

    Raises:
        UserError: not a run directory, a newer format, another kind than the run's, another process writes it, or
            links in it lead elsewhere.
    """

    def __init__(self, path: str | Path, kind: Kind | None = None) -> None:
        self.path = Path(path)
        record = read_record(self.path)
        if kind and record.kind and kind != record.kind:
            raise UserError(f"The run {self.path} holds frames of {record.kind}, not of {kind}.")
        self.kind: Kind = kind or record.kind or "points"
        self.drops = 0
        """Lines and frames that could not be written."""
        refuse_links(self.path)
        self._lock = RunLock(self.path)
        (self.path / FRAMES_FOLDER).mkdir(exist_ok=True)
        self._events = AppendFile(self.path / EVENTS_FILE)
        self._scores = AppendFile(self.path / SCORES_FILE)
        events = [event for _, event in lines_of(self.path / EVENTS_FILE, Event)]
        self._next_seq = 1 + max((event.seq for event in events), default=-1)
        self.commands = [event for event in events if event.kind == "command"]
        """All recorded commands."""
        _raise_version(self.path, record)
        sweep(self.path)

    @classmethod
    def create(
        cls, path: str | Path, record: RunRecord, recipe_source: str | None = None, *, kind: Kind | None = None
    ) -> Self:
        """Make a run directory, whole or not at all, and open it for writing.

        Args:
            path: a directory that does not exist, or is empty.
            record: what run.json says.
            recipe_source: the recipe's source code, kept for reading only.
            kind: what frames show; may be in the record instead.

        Raises:
            UserError: the directory holds something, or cannot be made.
        """
        path = Path(path)
        complete = record.model_copy(update={"kind": kind or record.kind or "points"})
        make_run(path, complete, recipe_source)
        return cls(path, kind)

    def follow(self) -> bool:
        """Take the new path of a run directory that was renamed while it is written; nothing is written to the old one.

        Returns:
            False if the directory was deleted, or moved to another file system, which deletes it here. It was also
            deleted if its record is gone: ``rm -r`` fails if a checkpoint is written meanwhile, and leaves the rest.
        """
        found = self._lock.place(self.path)
        if found is None:
            return False
        if found != self.path:
            self.path = found if self.path.is_absolute() else Path(os.path.relpath(found))
        try:
            os.stat(self.path / RUN_FILE)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            pass  # it may not be looked at now, which does not mean that it is gone
        return True

    def event(
        self,
        kind: str,
        step: int,
        *,
        values: Mapping[str, float] | None = None,
        text: str = "",
        seconds: float | None = None,
        minimised: Sequence[str] | None = None,
        rule: str | None = None,
        severity: Severity | None = None,
        reason: Reason | None = None,
    ) -> Event:
        """Append one line to events.jsonl and return what it says.

        Args:
            kind: one of ``records.Event.kind``.
            step: generator steps taken.
            values: named scalars; one that is not finite is written as null and spelled out in the text.
            text: for people.
            seconds: wall time of training so far.
            minimised: of kind vitals.
            rule: of kind health.
            severity: of kind health.
            reason: of kind stop.
        """
        numbers = None
        if values is not None:
            numbers = {name: float(value) for name, value in values.items()}
            unusual = [f"{name} is {value}" for name, value in numbers.items() if not math.isfinite(value)]
            text = "; ".join([text, *unusual] if text else unusual)
            numbers = {name: value if math.isfinite(value) else None for name, value in numbers.items()}
        fields = {
            "minimised": minimised,
            "rule": rule,
            "severity": severity,
            "reason": reason,
            "values": numbers,
            "text": text or None,
        }
        given = {name: value for name, value in fields.items() if value is not None}
        if seconds is not None:
            given["seconds"] = round(float(seconds), 3)
        event = Event.model_validate({"seq": self._next_seq, "step": int(step), "kind": kind, **given})
        self._next_seq += 1
        self._append(self._events, event)
        return event

    def command(
        self,
        step: int,
        *,
        number: int,
        name: str,
        arguments: Mapping[str, object],
        outcome: Literal["applied", "refused"],
        text: str,
    ) -> None:
        """Append the outcome of a command; it is on disk when this returns, because the journal is part of what made
        the parameters.

        Raises:
            OSError: it could not be written; the command must not be obeyed.
        """
        said = {"number": number, "name": name, "arguments": arguments, "outcome": outcome, "text": text}
        event = Event.model_validate({"seq": self._next_seq, "step": step, "kind": "command", **said})
        event = event.model_copy(update={"check": check_of(event)})
        self._next_seq += 1
        self._restore_deleted()
        self._events.append(event.as_json())
        self._events.sync()
        self.commands.append(event)

    def health(self, step: int, *, rule: str, severity: Severity, text: str, values: Mapping[str, float]) -> None:
        """Append one health event: the finding of a rule, as one sentence with its evidence."""
        self.event("health", step, values=values, text=text, rule=rule, severity=severity)

    def scores(self, cards: Iterable[ScoreCard]) -> None:
        """Append score cards to scores.jsonl, and one event that names them."""
        cards = list(cards)
        for card in cards:
            self._append(self._scores, card)
        if cards:
            self.event("scores", cards[-1].step, text=", ".join(card.label for card in cards))

    def frame(self, step: int, content: Mapping[str, ArrayLike | None] | np.ndarray) -> None:
        """Write what the generator made at a step, and one event that says so.

        Args:
            step: generator steps taken.
            content: for points ``real`` (N, 2), ``fake`` (M, 2), optionally ``field`` (R, R), the discriminator's
                probability in [0, 1] with row 0 at the lowest y, or its ``logits`` (R, R), and ``extent``
                (x0, x1, y0, y1); see ``training.points_frame`` for the others; stored as float16;
                for images one uint8 grid (H, W), (H, W, 1) or (H, W, 3).
        """
        self.follow()
        target = self.path / FRAMES_FOLDER / frame_name(step, self.kind)
        try:
            with whole_file(target) as file:
                if isinstance(content, Mapping):
                    np.savez_compressed(file, allow_pickle=False, **compact(step, content))
                else:
                    save_png(content, file)
        except OSError as error:
            self._count_drop(error)
            return
        self.event("frame", step, text=target.name)

    def truncate_after(self, step: int) -> None:
        """Forget everything later than a step, and torn lines: what a resume from that step's checkpoint calls first.

        Commands are kept: their numbers stay answered, and what they changed is changed again at its step.

        Numbering of events continues, so a viewer's place in the stream stays valid.

        Raises:
            UserError: the files cannot be rewritten; they are as they were.
        """
        try:
            self._events.keep(Event, lambda event: event.step <= step or event.kind == "command")
            self._scores.keep(ScoreCard, lambda card: card.step <= step)
        except OSError as error:
            raise UserError(
                f"Cannot rewrite the records of {self.path}: {error.strerror}. Free some space and try again."
            ) from None
        for file in (self.path / FRAMES_FOLDER).iterdir():
            if ".tmp" in file.name or (file.stem.isdigit() and int(file.stem) > step):
                file.unlink(missing_ok=True)

    def move_data(self, path: str) -> None:
        """Record the place where the data of the run are now.

        Raises:
            UserError: run.json cannot be rewritten; it is as it was.
        """
        record = read_record(self.path)
        if record.data.arguments.get("path") == path:
            return
        data = record.data.model_copy(update={"arguments": {**record.data.arguments, "path": path}})
        _rewrite(self.path, record.model_copy(update={"data": data}))

    def close(self) -> None:
        """Let the run go; harmless when called twice."""
        self._events.close()
        self._scores.close()
        self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _append(self, file: AppendFile, record: Record) -> None:
        try:
            self._restore_deleted()
            file.append(record.as_json())
        except OSError as error:
            self._count_drop(error)

    def _restore_deleted(self) -> None:
        """Begin a file of records again that somebody deleted: nobody could read what is written to the old one."""
        for file, name in ((self._events, EVENTS_FILE), (self._scores, SCORES_FILE)):
            if not file.is_deleted or not self.follow():
                continue
            file.begin_again(self.path / name)
            for event in self.commands if file is self._events else ():
                file.append(event.as_json())  # part of what made the parameters
            message = f"{self.path / name} was deleted. It begins again; its earlier records are lost."
            warnings.warn(message, GannetWarning, stacklevel=5)

    def _count_drop(self, error: OSError) -> None:
        if not self.follow():
            return  # the run directory was deleted, which ends the training with a sentence about it
        self.drops += 1
        if self.drops == 1:
            message = (
                f"Could not write in {self.path}: {error.strerror or error}. Training continues without these records."
            )
            warnings.warn(message, GannetWarning, stacklevel=4)


def append_scores(path: Path, cards: Iterable[ScoreCard]) -> None:
    """Append score cards to a run that another process may be writing: whole lines, so neither disturbs the other.

    Raises:
        UserError: the file cannot be written.
    """
    record = read_record(path)
    refuse_links(path)
    _raise_version(path, record)
    try:
        file = AppendFile(path / SCORES_FILE)
        try:
            for card in cards:
                file.append(card.as_json())
        finally:
            file.close()
    except OSError as error:
        raise UserError(f"Cannot write the scores into {path}: {error.strerror or error}.") from None


def _raise_version(path: Path, record: RunRecord) -> None:
    """Record that the run now holds records of this version, so that an earlier Gannet refuses it instead of missing
    fields.
    """
    if record.version < VERSION:
        _rewrite(path, record.model_copy(update={"version": VERSION}))


def _rewrite(path: Path, record: RunRecord) -> None:
    try:
        write_record(path, record)
    except OSError as error:
        raise UserError(f"Cannot rewrite {path / RUN_FILE}: {error.strerror}. Free some space and try again.") from None
