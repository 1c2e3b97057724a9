"""Follow the events of a run while they are written; each byte is read once."""

from __future__ import annotations

import math
import os
import threading
import time
from array import array
from bisect import bisect_right
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypedDict
from zlib import crc32

import numpy as np

from gannet.dashboard.history import shown_indices
from gannet.files import open_regular
from gannet.runs.reader import parse_line
from gannet.runs.records import Event
from gannet.runs.schema import EVENTS_FILE

POINTS_PER_SERIES = 2000
NAMES_AT_MOST = 400
"""Maximum number of terms, more than any game has, so that a damaged file cannot fill the memory."""
LISTED_AT_MOST = 2000
REFRESH_SECONDS = 0.08
CHUNK_BYTES = 1 << 22
CURVES = {"terms": "", "vitals": "vitals/"}
"""Kinds of events whose values are curves, and the prefix of their names."""
DRAWN = (*CURVES, "frame")
"""Kinds of events that are shown as curves and frames; the others are listed."""


@dataclass(frozen=True)
class Delta:
    """Events after a cursor."""

    events: list[Event]
    cursor: str
    """``SEQ.CHECK`` of the newest event; CHECK is the checksum of its line. "" without events."""
    reset: bool
    """True if the event of the cursor is no longer in the file, so that all earlier data must be discarded."""
    more: bool


class Series(TypedDict):
    """One curve, as the page gets it."""

    name: str
    steps: list[int]
    values: list[float | None]
    """None where not finite."""


class Follower:
    """The events of one run directory. Safe to call from several threads.

    Only complete lines are read, damaged lines are skipped, and sequence numbers never decrease within a file. A file
    that was replaced or rewritten (a resume drops the events after its checkpoint) is read again from the start.
    """

    def __init__(self, run: Path) -> None:
        self._file = run / EVENTS_FILE
        self._guard = threading.RLock()
        self._looked = -math.inf
        self._forget()

    def _forget(self) -> None:
        self._identity: tuple[int, int] | None = None
        self._position = 0
        self._seqs, self._offsets, self._lengths, self._checks = array("q"), array("q"), array("q"), array("q")
        self._curves: dict[str, tuple[array[int], array[float]]] = {}
        self._listed: list[Event] = []
        self._newest: Event | None = None

    def refresh(self, *, at_once: bool = False) -> None:
        """Read the appended lines, at most once every ``REFRESH_SECONDS``.

        Raises:
            OSError: the file cannot be read (a run that was deleted).
        """
        with self._guard:
            if not at_once and time.monotonic() - self._looked < REFRESH_SECONDS:
                return
            self._looked = time.monotonic()
            with open_regular(self._file) as file:
                self._read(file)

    def _read(self, file: BinaryIO) -> None:
        status = os.fstat(file.fileno())
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._position or not self._is_same(file):
            self._forget()
            self._identity = identity
        file.seek(self._position)
        while chunk := file.read(CHUNK_BYTES):
            end = chunk.rfind(b"\n") + 1
            if end == 0:
                break  # one line that is still being written
            self._take(chunk[:end])
            file.seek(self._position)

    def _is_same(self, file: BinaryIO) -> bool:
        if not self._seqs:
            return self._position == 0
        file.seek(self._offsets[-1])
        return crc32(file.read(self._lengths[-1])) == self._checks[-1]

    def _take(self, block: bytes) -> None:
        for line in block.splitlines(keepends=True):
            event = parse_line(line, Event)
            if event is not None and (not self._seqs or event.seq > self._seqs[-1]):
                for column, number in (
                    (self._seqs, event.seq),
                    (self._offsets, self._position),
                    (self._lengths, len(line)),
                ):
                    column.append(number)
                self._checks.append(crc32(line))
                self._note(event)
            self._position += len(line)

    def _note(self, event: Event) -> None:
        if event.kind != "command":
            self._newest = event
        if event.kind in CURVES:
            self._note_values(event)
        elif event.kind not in DRAWN:
            self._listed.append(event)
            del self._listed[:-LISTED_AT_MOST]

    def _note_values(self, event: Event) -> None:
        prefix = CURVES[event.kind]
        named = {prefix + name: value for name, value in event.values.items()}
        if not prefix and event.seconds is not None:
            named["seconds"] = event.seconds
        for name, value in named.items():
            if name in self._curves or len(self._curves) < NAMES_AT_MOST:
                steps, numbers = self._curves.setdefault(name, (array("q"), array("d")))
                steps.append(event.step)
                numbers.append(math.nan if value is None or not math.isfinite(value) else value)

    def listed(self) -> list[Event]:
        """The newest ``LISTED_AT_MOST`` events that are neither terms nor frames."""
        with self._guard:
            return list(self._listed)

    def for_state(self) -> list[Event]:
        """The listed events and the newest event that is not a command, for :func:`gannet.runs.state.state_of`."""
        with self._guard:
            return [*self._listed, self._newest] if self._newest else list(self._listed)

    def cursor(self) -> str:
        """The cursor of the newest event."""
        with self._guard:
            return self._cursor(len(self._seqs))

    def _cursor(self, end: int) -> str:
        return f"{self._seqs[end - 1]}.{self._checks[end - 1]}" if end else ""

    def after(self, cursor: str, limit: int) -> Delta:
        """At most ``limit`` events after a cursor, which is "" for the beginning, ``SEQ`` or ``SEQ.CHECK``.

        Raises:
            ValueError: the text is not a cursor.
            OSError: the file cannot be read.
        """
        with self._guard:
            begin = self._place(cursor)
            reset = begin is None
            begin = begin or 0
            end = min(len(self._seqs), begin + limit)
            return Delta(self._lines(begin, end), self._cursor(end), reset, end < len(self._seqs))

    def _place(self, cursor: str) -> int | None:
        """Number of events up to the cursor; None if its event is gone."""
        seq, _, check = cursor.partition(".")
        number = int(seq) if seq else -1
        if number < 0:
            return 0
        place = bisect_right(self._seqs, number)
        found = place > 0 and self._seqs[place - 1] == number
        if check:
            return place if found and self._checks[place - 1] == int(check) else None
        return place if place < len(self._seqs) or found else None

    def _lines(self, begin: int, end: int) -> list[Event]:
        if begin >= end:
            return []
        with open_regular(self._file) as file:
            file.seek(self._offsets[begin])
            block = file.read(self._offsets[end - 1] + self._lengths[end - 1] - self._offsets[begin])
        first = self._offsets[begin]
        spans = [(self._offsets[i] - first, self._lengths[i]) for i in range(begin, end)]
        # A file that was replaced meanwhile gives lines that do not parse; the next refresh resets the reader.
        events = [parse_line(block[offset : offset + length], Event) for offset, length in spans]
        return [event for event in events if event is not None]

    def series(self, low: int | None = None, high: int | None = None) -> list[Series]:
        """Every term between two steps: ``{"name", "steps", "values"}``, thinned to ``POINTS_PER_SERIES``; None for
        values not finite.
        """
        with self._guard:
            curves = {
                name: (np.array(steps, np.int64), np.array(values)) for name, (steps, values) in self._curves.items()
            }
        found = []
        for name, (steps, values) in curves.items():
            wanted = (steps >= (steps.min() if low is None else low)) & (
                steps <= (steps.max() if high is None else high)
            )
            found.append(_as_series(name, steps[wanted], values[wanted]))
        return found


def _as_series(name: str, steps: np.ndarray, values: np.ndarray) -> Series:
    kept = shown_indices(values, POINTS_PER_SERIES)
    numbers = [value if math.isfinite(value) else None for value in values[kept].tolist()]
    return {"name": name, "steps": steps[kept].tolist(), "values": numbers}
