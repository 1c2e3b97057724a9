"""Live control of a training: commands are applied between steps and recorded.

The trainer does not depend on it. The commands that change parameters are the journal (``runs/schema.py``): replayed
from the beginning or from a checkpoint, it gives the same result.
"""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from math import inf
from pathlib import Path
from typing import Literal

import numpy as np

from gannet.errors import UserError, did_you_mean
from gannet.files import written_whole
from gannet.live.slow_motion import SlowMotion, check
from gannet.runs.commands import (
    Arguments,
    Command,
    SetArguments,
    SpeedArguments,
    StepArguments,
    checked,
    pending,
    read_command,
)
from gannet.runs.records import Event
from gannet.runs.schema import COMMANDS_FOLDER, LOCK_FILE, SLOW_FOLDER, frame_name
from gannet.runs.writer import RunWriter
from gannet.training.observers import Clock
from gannet.training.trainer import Trainer

LOOK_SECONDS = 0.05
"""Seconds between two polls for commands; each poll is one stat of a directory."""
TICK_NANOSECONDS = 1_000_000_000
"""A directory that changed more recently than this may change again without a new modification time."""


@dataclass(frozen=True)
class Means:
    """Functions of a session that commands call."""

    edit: Callable[[str, float | None], Callable[[], None] | None]
    """(key, value) -> a function that applies it, or None if it is already set; raises UserError if it cannot
    change.
    """
    snapshot: Callable[[], None]
    frame: Callable[[bool], None]
    """Record a frame now; if this step already has one, only if True."""
    say: Callable[[str], None]


class Control:
    """Called by the loop before every step: polls for commands, waits if paused, and replays the journal.

    Args:
        trainer: the controlled trainer.
        writer: writer of its run.
        interrupted: whether a signal asks to stop.
        clock: excludes pauses from the training time.
        means: functions that commands call.
        events: all events of the run so far: they contain the journal and the numbers of answered commands.
    """

    def __init__(
        self,
        trainer: Trainer,
        writer: RunWriter,
        interrupted: Callable[[], bool],
        clock: Clock,
        means: Means,
        events: Iterable[Event],
    ) -> None:
        self._trainer, self._writer, self._interrupted, self._clock, self._means = (
            trainer,
            writer,
            interrupted,
            clock,
            means,
        )
        events = [event for event in events if event.kind == "command"]
        self._journal = deque(_not_yet_played(journal_of(events), trainer.step, trainer.moves))
        if self._journal and trainer.ranks.size > 1:
            raise UserError(
                f"The commands that this run repeats change parameters, which needs one process; {trainer.ranks.size} "
                "were started."
            )
        self._last = max((event.number for event in events), default=0)
        self._seen = self._next_look = 0.0
        self._paused = self._stopped = False
        self._allowed = 0
        self._seconds_per_step = self._due = 0.0
        self._slow: SlowMotion | None = None
        self._refuse_late(
            _older_than_lock(writer),
            "It was sent to an earlier process, which ended before it answered; send it again.",
        )

    def may_continue(self) -> bool:
        """Apply commands and wait if paused; False if training must end."""
        if self._slow is not None:
            self._end_slow()
        while self._journal and self._journal[0].step <= self._trainer.step:
            self._repeat(self._journal.popleft())
        self._look()
        if self._paused or self._seconds_per_step:
            self._wait()
        return not self._ends()

    def close(self) -> None:
        """Refuse the commands that arrived after the last step."""
        if self._slow is not None:
            self._end_slow()
        self._refuse_late(lambda path: True, "Training has ended.")

    def _ends(self) -> bool:
        return self._stopped or self._interrupted()

    def _wait(self) -> None:
        """Wait until the next step may be played."""
        while not self._ends() and (left := self._seconds_left()) > 0:
            began, was_paused = time.monotonic(), self._paused
            if was_paused:
                self._means.frame(False)
            time.sleep(min(left, LOOK_SECONDS))
            self._look()
            if was_paused:
                self._clock.leave_out(time.monotonic() - began)
        self._allowed = max(0, self._allowed - 1)
        self._due = max(self._due + self._seconds_per_step, time.monotonic())

    def _seconds_left(self) -> float:
        if self._paused:
            return 0.0 if self._allowed else inf
        return self._due - time.monotonic() if self._seconds_per_step else 0.0

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._next_look:
            return
        self._next_look = now + LOOK_SECONDS
        self._follow()
        try:
            changed = os.stat(self._writer.path / COMMANDS_FOLDER).st_mtime_ns
        except OSError:
            return
        if changed == self._seen:
            return
        is_settled = time.time_ns() - changed > TICK_NANOSECONDS
        for number, path in pending(self._writer.path, after=self._last):
            self._obey(number, path)
            if self._slow is not None:
                return  # later commands wait until the recorded step is played
        if is_settled:
            self._seen = changed

    def _follow(self) -> None:
        """Notice that the run directory was renamed or deleted."""
        before = self._writer.path
        if not self._writer.follow():
            self._stopped = True
        elif self._writer.path != before:
            self._means.say(f"{before} was renamed while it trains. Training continues in {self._writer.path}.")

    def _obey(self, number: int, path: Path) -> None:
        command = Command(number, "", Arguments())
        try:
            command = read_command(number, path)
            act = self._prepared(command)
        except UserError as error:
            self._answer(command, "refused", " ".join(error.problems))
            return
        if self._answer(command, "applied", ""):
            act()

    def _answer(self, command: Command, outcome: Literal["applied", "refused"], text: str) -> bool:
        """Record the command and return whether that succeeded; a command that is not in the journal is not applied."""
        self._last = command.number
        arguments = command.arguments.model_dump()
        try:
            self._writer.command(
                self._trainer.step,
                number=command.number,
                name=command.name,
                arguments=arguments,
                outcome=outcome,
                text=text,
            )
        except OSError as error:
            self._means.say(
                f"Command {command.number} could not be recorded and is not applied: {error.strerror or error}."
            )
            return False
        given = " ".join(f"{name}={value}" for name, value in arguments.items())
        self._means.say(
            f"Step {self._trainer.step}: command {command.number}, {command.name} {given}".rstrip()
            + f": {outcome}. {text}".rstrip()
        )
        return True

    def _prepared(self, command: Command) -> Callable[[], None]:
        """A function that applies the command; raises UserError if it is not possible."""
        if command.name in ("pause", "step", "snapshot") and self._trainer.elsewhere is not None:
            raise UserError(f"{command.name} needs whole networks; those of this training are sharded (--shard).")
        match command.arguments:
            case StepArguments(player=player, count=count):
                return self._prepared_step(player, count)
            case SpeedArguments(steps_per_second=limit):
                return partial(self._limit, limit)
            case SetArguments(key=key, value=value):
                return self._prepared_edit(key, value)
        match command.name:
            case "pause":
                return partial(self._pause, True)
            case "go":
                return partial(self._pause, False)
            case "snapshot":
                return self._means.snapshot
            case "slow":
                return self._prepared_slow()
            case _:
                return self._stop

    def _require_one_process(self, command: str) -> None:
        if self._trainer.ranks.size > 1:
            raise UserError(f"{command} needs a training on one process; this one has {self._trainer.ranks.size}.")

    def _prepared_edit(self, key: str, value: float | None) -> Callable[[], None]:
        self._require_one_process("set")
        act = self._means.edit(key, value)
        if act is None:
            raise UserError(f"{key} already has that value.")
        return act

    def _prepared_step(self, player: str, count: int) -> Callable[[], None]:
        if player == "all":
            return partial(self._allow, count)
        self._require_one_process("A step of one player")
        players = [turn.player for turn in self._trainer.turns]
        if player not in players:
            raise UserError(f"{player!r} is not a player of this game.{did_you_mean(player, [*players, 'all'])}")
        return partial(self._play_alone, player, count)

    def _prepared_slow(self) -> Callable[[], None]:
        self._require_one_process("Slow motion")
        check(self._trainer)
        return self._begin_slow

    def _pause(self, paused: bool) -> None:
        self._paused, self._allowed = paused, 0

    def _allow(self, steps: int) -> None:
        self._paused = True
        self._allowed += steps

    def _begin_slow(self) -> None:
        self._slow = SlowMotion(self._trainer)
        self._allowed += self._paused

    def _stop(self) -> None:
        self._stopped = True

    def _limit(self, steps_per_second: float | None) -> None:
        self._seconds_per_step = 1 / steps_per_second if steps_per_second else 0.0
        self._due = time.monotonic() + self._seconds_per_step

    def _play_alone(self, player: str, count: int) -> None:
        self._paused, self._allowed = True, 0
        self._move(player, count)

    def _move(self, player: str, count: int) -> None:
        for _ in range(count):
            if self._interrupted():
                return  # a resume plays the rest: the checkpoint records how many were played
            self._trainer.play_alone(player)
        self._means.frame(True)

    def _repeat(self, entry: Event) -> None:
        match command_arguments(entry):
            case SetArguments(key=key, value=value):
                act = self._means.edit(key, value)
                if act is not None:  # a run that repeats another may already begin with the journal's value
                    act()
            case StepArguments(player=player, count=count):
                self._move(player, count)

    def _end_slow(self) -> None:
        assert self._slow is not None
        arrays, self._slow = self._slow.finish(), None
        path = self._writer.path / SLOW_FOLDER / frame_name(self._trainer.step, "points")
        try:
            path.parent.mkdir(exist_ok=True)
            with written_whole(path) as file:
                np.savez_compressed(file, allow_pickle=False, **arrays)
        except (UserError, OSError) as error:
            self._writer.event(
                "warning", self._trainer.step, text=f"The slow-motion recording was not written: {error}"
            )
        else:
            self._writer.event("slow", self._trainer.step, text=path.name)

    def _refuse_late(self, late: Callable[[Path], bool], reason: str) -> None:
        for number, path in pending(self._writer.path, after=self._last):
            if late(path):
                self._answer(_readable(number, path), "refused", reason)


def journal_of(events: Iterable[Event]) -> list[Event]:
    """The events of commands that change parameters, in the order of their effect."""
    acting = [
        event
        for event in events
        if event.kind == "command"
        and event.outcome == "applied"
        and (event.name == "set" or (event.name == "step" and event.arguments.get("player") != "all"))
    ]
    return sorted(acting, key=lambda event: (event.step, event.seq))


def command_arguments(event: Event) -> Arguments:
    """The arguments of a recorded command."""
    return checked(event.name, event.arguments)


def _not_yet_played(journal: Iterable[Event], step: int, moves: int) -> Iterable[Event]:
    """The journal without single-player moves that the checkpoint already contains; all changes of keys remain."""
    for entry in journal:
        arguments = command_arguments(entry)
        if isinstance(arguments, StepArguments) and entry.step <= step:
            played = min(moves, arguments.count)
            moves -= played
            if played == arguments.count:
                continue
            entry = entry.model_copy(update={"arguments": {**entry.arguments, "count": arguments.count - played}})
        yield entry


def _readable(number: int, path: Path) -> Command:
    try:
        return read_command(number, path)
    except UserError:
        return Command(number, "", Arguments())


def _older_than_lock(writer: RunWriter) -> Callable[[Path], bool]:
    """Whether a command is older than the lock, which the process writes at its start; both times are the file
    system's.
    """
    taken = os.stat(writer.path / LOCK_FILE).st_mtime_ns
    return lambda path: os.stat(path).st_mtime_ns < taken
