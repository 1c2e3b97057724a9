"""Progress of a training in Python: one line on stderr, and a Python warning for each alarm."""

from __future__ import annotations

import shutil
import sys
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from gannet.errors import GannetWarning, one_line

if TYPE_CHECKING:
    from gannet.config.plan import Plan
    from gannet.runs.records import ScoreCard
    from gannet.training.observers import Observer
    from gannet.training.own_observer import Moment
    from gannet.training.trainer import Trainer

LINE_SECONDS = 5.0
"""Seconds between two lines if a line cannot be updated in place."""
UPDATE_SECONDS = 0.2
WIDTH = 110
"""Maximum length of a line that is updated in place, because a wrapped line cannot be overwritten."""


class Reporter(Protocol):
    """Receives what a session reports to the user."""

    def work(self, what: str, done: int, total: int) -> None:
        """Report long work before training, such as decoding data."""

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Report that training begins."""

    def advanced(self, step: int) -> None:
        """Report the number of steps done; called often."""

    def terms(self, step: int, values: dict[str, float]) -> None:
        """Report the terms of a step."""

    def measured(self, step: int, cards: Sequence[ScoreCard]) -> None:
        """Report the score cards of a measurement."""

    def warned(self, sentence: str) -> None:
        """Report a warning."""

    def observers(self, trainer: Trainer) -> Sequence[Observer]:
        """More observers of this training."""
        return ()


class PythonReporter:
    """Progress: a bar in a notebook, one line updated in place on a terminal, else a line on stderr every few seconds.

    Alarms and warnings are :class:`gannet.GannetWarning`, even if ``quiet``. ``observe`` is called every
    ``observe_every`` steps, see :class:`gannet.training.own_observer.Moment`.
    """

    def __init__(
        self, *, quiet: bool = False, observe: Callable[[Moment], object] | None = None, observe_every: int = 100
    ) -> None:
        self.quiet, self._observe, self._observe_every = quiet, observe, observe_every
        self._bar: NotebookBar | None = None
        self._prints_all = False
        self._total, self._text = 0, ""
        self._shown_at = -LINE_SECONDS
        self._length = 0
        self._began = time.monotonic()
        self._step_at_start = 0

    def __enter__(self) -> PythonReporter:
        return self

    def __exit__(self, *_: object) -> None:
        self._end_line()

    def observers(self, trainer: Trainer) -> Sequence[Observer]:
        """The observer of the user's own function, if any."""
        from gannet.training.own_observer import own_observer

        return [own_observer(trainer, self._observe, self._observe_every)] if self._observe is not None else []

    def work(self, what: str, done: int, total: int) -> None:
        """Show the progress of decoding or measuring."""
        self._show(f"{what}: {done:,} of {total:,}")

    def started(self, path: Path, plan: Plan, trainer: Trainer) -> None:
        """Print which run begins."""
        self._end_line()
        self._total, self._text = trainer.steps, ""
        self._began, self._step_at_start = time.monotonic(), trainer.step
        self._shown_at = self._began
        if plan.note:
            self.say(plan.note)
        name = f"{Path(plan.recipe_name).stem} on {plan.data_name}, seed {plan.settings.seed}"
        self._prints_all = plan.settings.log.every is not None
        if not self.quiet and in_notebook():
            self._bar = NotebookBar(name, path, trainer.steps)
            self._bar.show(trainer.step, "")
            return
        size = trainer.ranks.size
        where = f"{trainer.precision.device}" + (f", {size} processes" if size > 1 else "")
        self.say(f"{name}: {trainer.steps:,} steps on {where}, writing {path}")

    def advanced(self, step: int) -> None:
        """Update the bar or the progress line."""
        if self._bar is None:
            self._show(self._progress(step))
        elif step >= self._total or time.monotonic() - self._shown_at > UPDATE_SECONDS:
            self._shown_at = time.monotonic()
            self._bar.show(step, self._progress(step))

    def terms(self, step: int, values: dict[str, float]) -> None:
        """Store the newest losses; those of the last step are always shown."""
        shown = {
            name: value for name, value in values.items() if not name.endswith(("steps_per_second", "gradient_norm"))
        }
        self._text = "  ".join(f"{name} {value:.3g}" for name, value in shown.items())
        if self._prints_all:
            self.say(f"step {step:,} of {self._total:,}  {self._text}")
        elif step >= self._total and self._bar is None:
            self._show(self._progress(step), at_once=True)

    def measured(self, step: int, cards: Sequence[ScoreCard]) -> None:
        """Print the values of a measurement with their real-data references."""
        from gannet.runs.score_cards import phrases_of

        self.say("  ".join([f"step {step:,} of {self._total:,}", *phrases_of(cards)]))

    def running(self, steps: Mapping[str, tuple[int, int]]) -> None:
        """Show the steps of the runs of a comparison that train side by side."""
        if steps:
            self._show("; ".join(f"{name}: step {step:,} of {total:,}" for name, (step, total) in steps.items()))

    def _progress(self, step: int) -> str:
        speed = (step - self._step_at_start) / max(time.monotonic() - self._began, 1e-9)
        left = f"  {(self._total - step) / speed:,.0f} s left" if speed and step < self._total else ""
        return f"step {step:,} of {self._total:,}{left}  {self._text}"

    def warned(self, sentence: str) -> None:
        """Issue a Python warning that points to the user's code that called Gannet."""
        self._end_line()
        warnings.warn(one_line(sentence), GannetWarning, stacklevel=_outside())

    def say(self, sentence: str) -> None:
        """Print a permanent line."""
        self._end_line()
        if not self.quiet:
            print(one_line(sentence), file=sys.stderr, flush=True)

    def _show(self, text: str, *, at_once: bool = False) -> None:
        now = time.monotonic()
        in_place = _can_update()
        text = one_line(text)
        if self.quiet or (not at_once and now - self._shown_at < (UPDATE_SECONDS if in_place else LINE_SECONDS)):
            return
        self._shown_at = now
        if not in_place:
            print(text.rstrip(), file=sys.stderr, flush=True)
            return
        text = text.rstrip()[: min(WIDTH, shutil.get_terminal_size().columns - 1)]
        print("\r" + text.ljust(self._length), end="", file=sys.stderr, flush=True)
        self._length = len(text)

    def _end_line(self) -> None:
        if self._length:
            print(file=sys.stderr, flush=True)
            self._length = 0


def in_notebook() -> bool:
    """Whether the code runs in a Jupyter notebook."""
    shell = sys.modules.get("IPython")
    running = shell.get_ipython() if shell is not None else None
    return running is not None and getattr(running, "kernel", None) is not None


class NotebookBar:
    """A progress bar in a notebook with the path of the run below it."""

    def __init__(self, name: str, path: Path, total: int) -> None:
        from IPython.display import HTML, display  # pyright: ignore[reportMissingImports]

        self._name, self._path, self._total, self._html = name, path, total, HTML
        self._handle: Any = display(HTML(""), display_id=True)

    def show(self, step: int, text: str) -> None:
        """Move the bar to a step."""
        self._handle.update(
            self._html(
                f'<div><strong>{escape(self._name)}</strong> <progress value="{step}" max="{self._total}" '
                f'style="width:18em;vertical-align:middle"></progress> {escape(text)}<br>'
                f"<code>{escape(str(self._path))}</code></div>"
            )
        )


def _can_update() -> bool:
    """Whether stderr is a terminal or a notebook, which both support carriage returns."""
    return sys.stderr.isatty() or type(sys.stderr).__module__.startswith("ipykernel")


def _outside() -> int:
    """``stacklevel`` for ``warnings.warn`` in the caller, so that it points to the first frame outside this package."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("gannet."):
        level, frame = level + 1, frame.f_back
    return level
