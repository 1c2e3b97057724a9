"""The runs in a folder, each with a permanent id."""

from __future__ import annotations

import os
import re
import threading
import time
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from gannet.dashboard.follower import Follower
from gannet.errors import UserError
from gannet.runs.finding import find_runs
from gannet.runs.reader import Run
from gannet.runs.schema import CHECKPOINTS_FOLDER, FRAMES_FOLDER, ORIGIN_FOLDER, RUN_FILE, SCORES_FILE, frame_name
from gannet.runs.state import RunState, state_of

SCAN_SECONDS = 1.0
FOLLOWED_AT_MOST = 24


class Watched:
    """One run directory. It is read again when it changes, and may disappear at any time."""

    def __init__(self, path: Path, name: str, identity: str) -> None:
        self.path, self.name, self.id = path, name, identity
        self.follower = Follower(path)
        self.used = 0.0
        self._run: tuple[int, Run] | None = None

    def run(self) -> Run:
        """The current record.

        Raises:
            UserError: the run is deleted or damaged.
        """
        try:
            changed = (self.path / RUN_FILE).stat().st_mtime_ns
        except OSError:
            raise UserError(f"The run {self.name} was deleted.") from None
        if self._run is None or self._run[0] != changed:
            self._run = changed, Run(self.path)
        return self._run[1]

    def frames(self) -> dict[int, tuple[Path, str]]:
        """Step -> file and version of its frame, in order of steps. Only these files are served."""
        found = {}
        if (self.path / FRAMES_FOLDER).is_symlink():
            return found
        for step, path in self.run().frames():
            version = "" if path.is_symlink() else file_version(path)  # a link may lead out of the run
            if version:
                found[step] = path, version
        return found

    def frame(self, step: int) -> tuple[Path, str] | None:
        """File and version of the frame of one step, as ``frames`` has it, without looking at the others: a page asks
        several times a second, of runs with many thousand frames.
        """
        path = self.path / FRAMES_FOLDER / frame_name(step, self.run().kind)
        if path.parent.is_symlink() or path.is_symlink():
            return None
        version = file_version(path)
        return (path, version) if version else None

    def points(self, frame: Path) -> dict[str, np.ndarray]:
        """The arrays of a frame.

        Raises:
            UserError: the file cannot be read, or is an image.
        """
        content = self.run().load_frame(frame)
        if not isinstance(content, dict):
            raise UserError(f"{self.name} is a run of images, not of points.")
        return content

    def checkpoints(self) -> list[int]:
        """Steps of checkpoints for forks, in order; they are verified only when they are used."""
        found = [
            path.name for folder in (CHECKPOINTS_FOLDER, ORIGIN_FOLDER) for path in (self.path / folder).glob("step-*")
        ]
        return sorted({int(name[5:]) for name in found if re.fullmatch(r"step-\d{1,20}", name)})

    def numbers(self) -> dict[str, float | None]:
        """Keys of the recipe with a floating-point number or None, which can be edited during training or in a fork."""
        arguments = self.run().record.arguments
        return {key: value for key, value in arguments.items() if value is None or isinstance(value, float)}

    def state(self) -> RunState:
        """The current state of the run."""
        with suppress(OSError):  # no event was written yet
            self.follower.refresh()
        return state_of(self.path, self.follower.for_state())

    def summary(self) -> dict[str, Any]:
        """The entry in the list of runs.

        Raises:
            UserError: the run is deleted or damaged.
        """
        record = self.run().record
        state = self.state()
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.run().kind,
            "title": self.run().label.title,
            "description": self.run().label.description,
            "data": record.data.name,
            "recipe": Path(record.recipe).stem,
            "state": "running" if state.is_live else state.word,
            "paused": state.word == "paused",
            "step": state.step,
            "steps": state.planned(record),
            "version": file_version(self.path / RUN_FILE),
            "scores": file_version(self.path / SCORES_FILE),
            "changed": state.seen,
            "alarms": self.alarms(),
        }

    def alarms(self) -> list[dict[str, Any]]:
        """The newest report of each health rule, alarms first."""
        newest = {event.rule: event for event in self.follower.listed() if event.kind == "health"}
        ordered = sorted(newest.values(), key=lambda event: (event.severity != "alarm", -event.step))
        return [{"rule": event.rule, "severity": event.severity, "step": event.step} for event in ordered]


class Library:
    """All runs in a folder, or one run. New runs appear, and deleted ones disappear.

    Args:
        root: a run directory, or a folder for runs.
    """

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self._guard = threading.Lock()
        self._scanned = -SCAN_SECONDS
        self._runs: dict[str, Watched] = {}
        self._added: set[Path] = set()

    @property
    def folder(self) -> Path:
        """The folder for new runs: the folder of runs, or the parent of the single run."""
        return self.root.parent if (self.root / RUN_FILE).is_file() else self.root

    def add(self, path: Path) -> str:
        """Watch a run that this view started, in any folder; returns its id."""
        with self._guard:
            self._added.add(path.resolve())
            self._scanned = -SCAN_SECONDS
        return identity_of(path.resolve())

    def runs(self) -> list[Watched]:
        """All runs sorted by name. The folder is searched at most once every ``SCAN_SECONDS``."""
        with self._guard:
            if time.monotonic() - self._scanned >= SCAN_SECONDS:
                there = {*find_runs(self.root), *(path for path in self._added if (path / RUN_FILE).is_file())}
                found = {identity_of(path): path for path in there}
                self._runs = {
                    key: self._runs.get(key) or Watched(path, self._name(path), key) for key, path in found.items()
                }
                self._let_go()
                self._scanned = time.monotonic()
            return sorted(self._runs.values(), key=lambda run: run.name)

    def get(self, identity: str) -> Watched | None:
        """The run with the given id."""
        self.runs()
        run = self._runs.get(identity)
        if run is not None:
            run.used = time.monotonic()
        return run

    def _let_go(self) -> None:
        # Runs that nobody views are removed from memory and read again on demand.
        for run in sorted(self._runs.values(), key=lambda run: run.used, reverse=True)[FOLLOWED_AT_MOST:]:
            run.follower = Follower(run.path)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix() if self.root in path.parents else path.name


def newest_run(root: Path) -> Watched:
    """The run at ``root``, or the run in that folder with the latest change.

    Raises:
        UserError: there is no run.
    """
    found = []
    for run in Library(root).runs():
        try:
            found.append((run.summary()["changed"], run.name, run))
        except (UserError, OSError):
            continue
    if not found:
        raise UserError(f"{root} is not a run and contains none. Give a run directory, or a folder with runs.")
    return max(found, key=lambda one: one[:2])[2]


def identity_of(path: Path) -> str:
    """Ten hex digits of a hash of the resolved path: equal in every server, and not usable as a path."""
    return blake2b(os.fsencode(path), digest_size=5).hexdigest()


def file_version(path: Path) -> str:
    """A version that changes with the file, so that cached data are never stale; "" without a file."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_mtime_ns:x}-{status.st_size:x}"


def frame_file(run: Path, name: str) -> Path | None:
    """The frame that an event names; None unless it is a plain file name."""
    return run / FRAMES_FOLDER / name if re.fullmatch(r"\d{1,20}\.(npz|png)", name) else None
