"""How a run stands: one answer for the terminal, the page, the report, the doctor and comparisons."""

from __future__ import annotations

import math
import re
import socket
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gannet.files import read_regular
from gannet.runs.lock import is_held
from gannet.runs.records import Event, Reason, RunRecord
from gannet.runs.schema import EVENTS_FILE, LOCK_FILE, RUN_FILE

if TYPE_CHECKING:
    from pathlib import Path

Word = Literal["empty", "running", "paused", "finished", "stopped", "interrupted"]
"""``empty``: no training was recorded and no process writes the run. ``stopped``: the training itself ended early and
recorded why. ``interrupted``: its process vanished without a record (killed, out of memory, a crash of the machine)."""
STOPPED_BY: dict[Reason, str] = {
    "command": "stopped by a command",
    "signal": "stopped by a signal",
    "time": "stopped at its time limit",
    "goal": "stopped at its goal",
    "guard": "stopped by its guard",
    "error": "stopped by a failure",
}
SILENT_SECONDS = 120.0
"""A run that another machine writes counts as interrupted after this time without a new event."""
SESSION = ("start", "resume", "stop", "finish")
"""Kinds of events that begin or end a training session."""
TRAINED = ("terms", "stop", "finish")
"""Kinds of events that only a training with at least one step writes."""
STEPS = "steps"
"""Value of an event start: the planned steps of the session."""
BEFORE_SESSIONS = ("command", "warning")
"""Kinds of events that a run may hold before its first session: a fork begins with its parent's commands."""
BY_COMMAND, BY_SIGNAL = (
    re.compile(r"stopped by the command\b", re.IGNORECASE),
    re.compile(r"stopped by (the )?signal\b", re.IGNORECASE),
)
GUARD = "not finite"
"""Part of every sentence of the guard in runs of earlier versions."""


@dataclass(frozen=True)
class RunState:
    """How a run stands."""

    word: Word
    reason: Reason | None
    """Only of a stopped run."""
    step: int
    """The highest step that an event names; commands do not count, because a resume keeps those of later steps."""
    seen: float
    """Last sign of life: when the newest event was written, in seconds since 1970."""
    event: Event | None = None
    """The newest event that began or ended a session; None if there is none."""
    total: int | None = None
    """Planned steps of the newest session, which a resume can raise; None in runs of earlier versions."""

    def planned(self, record: RunRecord) -> int | None:
        """Planned steps of the run; None if they are unknown, as in a run of an earlier version that was resumed for
        more.
        """
        steps = record.steps if self.total is None else self.total
        return None if steps is None or steps < self.step else steps

    @property
    def is_live(self) -> bool:
        """Whether a process trains the run now, or waits to."""
        return self.word in ("running", "paused")

    def __str__(self) -> str:
        """The word, with the reason of a stop: ``stopped by a signal``."""
        return STOPPED_BY[self.reason] if self.reason else self.word


def state_of(run: Path, events: Sequence[Event]) -> RunState:
    """How a run stands now.

    An event that ended the training decides. Without one, the run is live if its lock is held; on another machine,
    whose lock cannot be seen, if its last event is recent.

    Args:
        run: the run directory.
        events: its events in order; those of kinds ``terms``, ``vitals`` and ``frame`` may be left out, except for the
        newest event.
    """
    event = next((event for event in reversed(events) if event.kind in SESSION), None)
    total = planned_steps(events)
    step = max((event.step for event in events if event.kind != "command"), default=0)
    seen = _last_sign(run)
    if event is not None and event.kind == "finish":
        return RunState("finished", None, step, seen, event, total)
    if event is not None and event.kind == "stop":
        return RunState("stopped", _reason(events, event), step, seen, event, total)
    if _is_live(run, seen):
        return RunState("paused" if _is_paused(events, event) else "running", None, step, seen, event, total)
    begun = event is not None or any(event.kind not in BEFORE_SESSIONS for event in events)
    return RunState("interrupted" if begun else "empty", None, step, seen, event, total)


def planned_steps(events: Sequence[Event]) -> int | None:
    """Planned steps of the newest session; None if no event records them."""
    found = next(
        (event.values[STEPS] for event in reversed(events) if event.kind == "start" and STEPS in event.values), None
    )
    return None if found is None or not math.isfinite(found) else int(found)


def has_steps(events: Iterable[Event]) -> bool:
    """Whether the events show that the run trained: recorded steps, or an end of a training."""
    return any(event.kind in TRAINED for event in events)


def _last_sign(run: Path) -> float:
    for name in (EVENTS_FILE, RUN_FILE):
        try:
            status = (run / name).stat()
        except OSError:
            continue
        if status.st_size:
            return status.st_mtime
    return 0.0


def _is_live(run: Path, seen: float) -> bool:
    if is_held(run):
        return True
    try:
        holder = read_regular(run / LOCK_FILE).decode(errors="replace")
    except OSError:
        return False
    named = re.match(r"pid \d+ on host (\S+)", holder)
    return named is not None and named[1] != socket.gethostname() and time.time() - seen < SILENT_SECONDS


def _is_paused(events: Sequence[Event], began: Event | None) -> bool:
    """Whether the last command of this session holds the training: every session begins unpaused."""
    acts = ("pause", "go", "step")
    asked = [event.name for event in _applied(events, after=-1 if began is None else began.seq) if event.name in acts]
    return bool(asked) and asked[-1] != "go"


def _reason(events: Sequence[Event], stop: Event) -> Reason:
    """Runs of earlier versions recorded no reason: a sentence for the guard and failures, the command itself in the
    journal.
    """
    if stop.reason is not None:
        return stop.reason
    text = stop.text
    began = max(
        (event.seq for event in events if event.kind in ("start", "resume") and event.seq < stop.seq), default=-1
    )
    asked = any(event.name == "stop" for event in _applied(events, after=began))
    if BY_COMMAND.search(text) or (not text and asked):
        return "command"
    if BY_SIGNAL.search(text) or not text:
        return "signal"
    return "guard" if GUARD in text else "error"


def _applied(events: Sequence[Event], *, after: int) -> list[Event]:
    """Commands with a ``seq`` above ``after`` that were obeyed."""
    return [event for event in events if event.kind == "command" and event.outcome == "applied" and event.seq > after]
