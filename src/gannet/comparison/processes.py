"""Runs side by side: a process for each, a few at a time. The end of one, whatever its cause, is a row and not the
end of the others.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from queue import Empty, Queue
from typing import Any

from gannet.comparison.existing import threads_of
from gannet.comparison.job import job_of
from gannet.comparison.one_run import failed_row
from gannet.comparison.plan import Entry, Measurement
from gannet.comparison.result import Row
from gannet.comparison.telling import Interrupted, Narrator

REPORT_SECONDS = 0.5
"""Between two reports of all runs that train."""


def in_processes(
    jobs: int,
) -> Callable[[Sequence[Entry], Measurement, Narrator, Callable[[Entry], None]], Iterator[Row]]:
    """The engine of ``gannet compare --jobs N``: at most ``jobs`` processes at a time."""

    def engine(
        entries: Sequence[Entry], measurement: Measurement, narrator: Narrator, begins: Callable[[Entry], None]
    ) -> Iterator[Row]:
        waiting = [(entry, job_of(entry, measurement)) for entry in entries]
        messages: Queue[tuple[_Worker, dict[str, Any] | None]] = Queue()
        running: list[_Worker] = []
        try:
            while waiting or running:
                while waiting and len(running) < jobs:
                    entry, job = waiting.pop(0)
                    begins(entry)
                    running.append(_Worker(entry, job, messages))
                with suppress(Empty):
                    worker, message = messages.get(timeout=REPORT_SECONDS)
                    if message is None:
                        running.remove(worker)
                        yield worker.row()
                    else:
                        worker.hear(message, narrator)
                narrator.running({worker.label: (worker.step, worker.steps) for worker in running})
        except BaseException as stop:
            _stop(running, stop.signal if isinstance(stop, Interrupted) else signal.SIGTERM)
            raise
        narrator.running({})

    return engine


class _Worker:
    """The process of one run, and what it has answered.

    Args:
        entry: the run.
        job: what the process is to do.
        messages: gets every message with its worker, and None at its end.
    """

    def __init__(
        self, entry: Entry, job: dict[str, Any], messages: Queue[tuple[_Worker, dict[str, Any] | None]]
    ) -> None:
        self.entry, self.step, self.steps = entry, 0, entry.plan.values["recipe"]["steps"]
        self._answer: dict[str, Any] = {}
        # A file, which unlike a pipe never fills up.
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115
        threads = str(threads_of(entry))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "gannet.comparison.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads},
            start_new_session=True,  # Ctrl-C reaches it through us alone, once
            text=True,
        )
        assert self.process.stdin is not None
        with suppress(BrokenPipeError):  # it is dead already, and its row says so
            self.process.stdin.write(json.dumps(job) + "\n")
            self.process.stdin.close()
        threading.Thread(target=self._listen, args=(messages,), daemon=True).start()

    def _listen(self, messages: Queue[tuple[_Worker, dict[str, Any] | None]]) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with suppress(ValueError):  # torn by its death, or printed by a user's own component
                message = json.loads(line)
                if isinstance(message, dict):
                    messages.put((self, message))
        self.process.wait()
        messages.put((self, None))

    @property
    def label(self) -> str:
        """Name of the run, for its progress."""
        return f"{self.entry.name}, measuring" if self.step >= self.steps else self.entry.name

    def hear(self, message: dict[str, Any], narrator: Narrator) -> None:
        """Remember a message, or pass it on."""
        self.step = message.get("step", self.step)
        if "warned" in message:
            narrator.warned(f"{self.entry.name}: {message['warned']}")
        if "said" in message:
            narrator.say(message["said"])
        self._answer |= {name: message[name] for name in ("row", "problems") if name in message}

    def row(self) -> Row:
        """Of the ended process."""
        status = self.process.returncode
        if "row" in self._answer:
            return Row.from_json(self.entry, self._answer["row"])
        if "problems" in self._answer:
            return failed_row(self.entry, self._answer["problems"])
        number = -status if status < 0 else status - 128 if status > 128 else None
        if number is not None:
            hint = " (often: not enough memory)" if number == signal.SIGKILL else ""
            return failed_row(self.entry, [f"Its process was stopped by {_name(number)}{hint}."])
        self._errors.seek(0)
        last = (self._errors.read().decode("utf-8", "replace").strip().splitlines() or ["no message"])[-1]
        return failed_row(self.entry, [f"Its process ended with status {status}: {last}."])


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _stop(workers: Sequence[_Worker], number: int) -> None:
    """Stop trainings with a checkpoint; if another signal comes meanwhile, at once."""
    try:
        for worker in workers:
            with suppress(ProcessLookupError):
                worker.process.send_signal(number)
        for worker in workers:
            worker.process.wait()
    except BaseException:
        for worker in workers:
            worker.process.kill()
        raise
