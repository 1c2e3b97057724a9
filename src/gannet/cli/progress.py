"""Progress of a run on stderr: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import errno
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from gannet.cli.interruption import Interruption
from gannet.cli.output import write_with_controls
from gannet.cli.terminal import Terminal, show
from gannet.errors import one_line

if TYPE_CHECKING:
    from gannet.config.plan import Plan
    from gannet.runs.records import ScoreCard
    from gannet.sessions.trained_run import TrainedRun
    from gannet.training.observers import Observer
    from gannet.training.trainer import Trainer

PLAIN_LINE_SECONDS = 5.0
SILENT_SECONDS = 2.0
"""Shorter work is not reported."""


class _Speed(ProgressColumn):
    """Steps per second."""

    def render(self, task: Task) -> Text:
        return Text(
            f"{task.speed:,.0f} steps/s" if task.speed and task.speed >= 10 else f"{task.speed or 0:.1f} steps/s"
        )


class _StandardError:
    """Standard error whose reader may disappear. Text that cannot be written is dropped.

    If the reader is gone (a closed pipe, a lost terminal), SIGHUP is raised, which stops a training with a checkpoint
    like SIGTERM. Other work, such as measuring, and a training under ``nohup`` continue without output. A full disk
    only suppresses the output.
    """

    def __init__(self) -> None:
        # Stored because a progress bar replaces sys.stderr by a proxy of this object.
        self._file = sys.stderr

    @property
    def encoding(self) -> str:
        return self._file.encoding

    def isatty(self) -> bool:
        return self._file.isatty()

    def fileno(self) -> int:
        return self._file.fileno()

    def write(self, text: str) -> int:
        self._try(lambda: write_with_controls(self._file, text))
        return len(text)

    def flush(self) -> None:
        self._try(self._file.flush)

    def _try(self, act: Callable[[], object]) -> None:
        try:
            act()
        except OSError as error:
            is_gone = error.errno in (errno.EPIPE, errno.EIO)
            handler = signal.getsignal(signal.SIGHUP)
            if is_gone and callable(handler) and not isinstance(handler, Interruption):
                signal.raise_signal(signal.SIGHUP)


class TerminalReporter:
    """Reports to a person. ``quiet`` leaves only warnings."""

    def __init__(self, *, quiet: bool = False) -> None:
        self.console = Terminal(_StandardError())
        self.quiet = quiet
        self._bar: Progress | None = None
        self._task, self._work_task = None, None
        self._tasks: dict[str, TaskID] = {}
        self._work, self._work_began, self._work_shown = "", 0.0, False
        self._last_line = 0.0
        self._total, self._prints_all = 0, False

    def __enter__(self) -> TerminalReporter:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()

    def work(self, what: str, done: int, total: int) -> None:
        """Report progress of decoding, measuring or exporting."""
        if self.quiet:
            return
        now = time.monotonic()
        if what != self._work or done == 0:
            self._work, self._work_began, self._work_shown = what, now, False
        if now - self._work_began < SILENT_SECONDS and not self._work_shown:
            return
        if self.console.is_terminal:
            bar = self._open()
            if self._work_task is None:
                self._work_task = bar.add_task(one_line(what), total=total)
            bar.update(self._work_task, description=one_line(what), completed=done, total=total)
            if done >= total:
                bar.remove_task(self._work_task)
                self._work_task = None
        elif done == total or not self._work_shown or now - self._last_line > PLAIN_LINE_SECONDS:
            self._last_line = now
            left = (now - self._work_began) / max(done, 1) * (total - done)
            self._line(f"{what}: {done:,} of {total:,}, {_duration(left)} left")
        self._work_shown = True

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Report what is trained, where, and with which precision."""
        self._total, self._prints_all = trainer.steps, plan.settings.log.every is not None
        if self.quiet:
            return
        from gannet.sessions.space import in_units, writes_of

        if plan.note:
            self._line(plan.note)
        p = trainer.precision
        count = sum(tensor.numel() for tensor in trainer.game.parameters())
        form = trainer.dataset.form
        classes = f" ({form.num_classes} classes)" if form.num_classes else ""
        self._line(
            f"{plan.recipe_name} on {plan.data_name}{classes}, seed {plan.settings.seed}: {count:,} parameters, "
            f"{p.device}, {p.dtype} ({p.reason})"
        )
        if trainer.whole_step is not None:
            self._line(f"steps are {trainer.step_kind}")
        writes = writes_of(plan, trainer, frames_every=0)
        self._line(f"writing {path}, at most {writes.checkpoints} checkpoints of {in_units(writes.checkpoint_bytes)}")
        if self.console.is_terminal:
            self._task = self._open().add_task(
                one_line(f"{plan.recipe_name}, seed {plan.settings.seed}"), total=trainer.steps, completed=trainer.step
            )

    def advanced(self, step: int) -> None:
        """Update the bar."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=step)

    def running(self, steps: Mapping[str, tuple[int, int]]) -> None:
        """A bar for each run on a terminal, a line with all of them every few seconds elsewhere."""
        if self.quiet:
            return
        if self.console.is_terminal:
            bar = self._open()
            for name in self._tasks.keys() - steps.keys():
                bar.remove_task(self._tasks.pop(name))
            for name, (step, total) in steps.items():
                if name not in self._tasks:
                    self._tasks[name] = bar.add_task(one_line(name), total=total)
                bar.update(self._tasks[name], completed=step)
        elif steps and time.monotonic() - self._last_line > PLAIN_LINE_SECONDS:
            self._last_line = time.monotonic()
            self._line("; ".join(f"{name}: step {step:,} of {total:,}" for name, (step, total) in steps.items()))

    def terms(self, step: int, values: dict[str, float]) -> None:
        """Print the recorded terms: all of them if the user set ``log.every``, else a line every few seconds; the run
        records all of them.
        """
        if self.quiet:
            return
        now = time.monotonic()
        pause = 0.0 if self._prints_all else 0.5 if self.console.is_terminal else PLAIN_LINE_SECONDS
        if now - self._last_line < pause and step < self._total:
            return
        self._last_line = now
        speed = values.get("steps_per_second", 0.0)
        shown = {
            name: value for name, value in values.items() if not name.endswith(("steps_per_second", "gradient_norm"))
        }
        left = (self._total - step) / speed if speed else 0.0
        phrases = [f"{name} {value:.4g}" for name, value in shown.items()]
        phrases = [self._place(step), *phrases, f"{speed:.4g} steps/s", f"{_duration(left)} left"]
        # In a file, a line for each step is easier to search.
        self._lines(folded(phrases, self.console.width) if self.console.is_terminal else ["  ".join(phrases)])

    def measured(self, step: int, cards: Sequence[ScoreCard]) -> None:
        """Print the values of a measurement with their real-data references."""
        from gannet.runs.score_cards import phrases_of

        if not self.quiet:
            self._lines(folded([self._place(step), *phrases_of(cards)], self.console.width))

    def _place(self, step: int) -> str:
        return f"step {step:>{len(str(self._total))}} of {self._total}"

    def observers(self, trainer: Trainer) -> Sequence[Observer]:
        """None."""
        return ()

    def warned(self, sentence: str) -> None:
        """Print a warning, also if quiet."""
        self._line(f"gannet: {sentence}")

    def say(self, sentence: str) -> None:
        """Print a result, unless quiet."""
        if not self.quiet:
            self._line(sentence)

    def _line(self, text: str) -> None:
        self._lines([text])

    def _lines(self, lines: Sequence[str]) -> None:
        self.console.print("\n".join(map(one_line, lines)), soft_wrap=True)

    def _open(self) -> Progress:
        if self._bar is None:
            columns = (
                TextColumn("{task.description}", markup=False),
                BarColumn(),
                MofNCompleteColumn(),
                _Speed(),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self.console)
            show(self._bar)
        return self._bar

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def reporter_for(run: TrainedRun, *, quiet: bool = False) -> TerminalReporter:
    """A reporter that has said which damaged checkpoints were passed over."""
    reporter = TerminalReporter(quiet=quiet)
    for complaint in run.complaints:
        reporter.warned(f"{complaint}: using step {run.step}.")
    return reporter


def folded(phrases: Sequence[str], width: int) -> list[str]:
    """Phrases on lines of at most ``width`` columns; a phrase is never divided, and further lines are indented."""
    lines = [phrases[0]]
    for phrase in phrases[1:]:
        if len(lines[-1]) + 2 + len(phrase) <= width:
            lines[-1] += f"  {phrase}"
        else:
            lines.append(f"  {phrase}")
    return lines


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
