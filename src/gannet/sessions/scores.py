"""Score cards while a run trains: which metrics are measured when, and what follows from them: the best checkpoint and
the end at a goal.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

from torch import Tensor

from gannet.config.build import open_held_out
from gannet.config.plan import Plan
from gannet.data.base import silent
from gannet.errors import in_shell
from gannet.games.base import Translates
from gannet.runs.best import METRIC, best_card
from gannet.runs.reader import Run
from gannet.runs.records import ScoreCard
from gannet.runs.schema import CHECKPOINTS_FOLDER, checkpoint_name
from gannet.runs.writer import RunWriter
from gannet.sessions.goal import Goal
from gannet.training.observers import Observer
from gannet.training.trainer import Trainer

QUICK_METRICS = [METRIC, "class_histogram"]
"""What is measured of images by default."""
REPORTED = [*QUICK_METRICS, "precision", "recall", "modes", "high_quality", "w1"]
"""JSON names of the metrics that are reported while a run trains."""
MOST_OTHERS = 3
"""Number of reported metrics if none of these was measured."""
QUICK_SAMPLES, FEWEST_SAMPLES = 1_000, 100
"""Samples of such a measurement: half of the data, at most 1,000; with fewer than 100, nothing is measured."""
MAX_MEASUREMENTS = 40
"""Maximum number of such measurements in a training."""
TRAINED_PER_SAMPLE = 20
"""Between two such measurements, training takes at least this many real samples per measured sample. The cost with the
networks of ``dcgan`` is in docs/results/watching.md.
"""
PASSES_TRAINED = 3
"""A training sample costs about three forward passes. A game whose samples cost more is measured less often."""


def measured_every(plan: Plan, trainer: Trainer) -> int:
    """Steps between two measurements of a training; 0 for none."""
    if plan.settings.measure.every is not None:
        return plan.settings.measure.every
    samples = _num_samples(trainer)
    is_image = trainer.dataset.form.kind == "images" and not isinstance(trainer.game, Translates)
    if not is_image or samples < FEWEST_SAMPLES:
        return 0
    cost = max(1.0, trainer.game.evaluations / PASSES_TRAINED)
    fewest = ceil(TRAINED_PER_SAMPLE * samples * cost / trainer.batch_size)
    measurements = min(MAX_MEASUREMENTS, trainer.steps // fewest)
    return trainer.steps // measurements if measurements else 0


def _num_samples(trainer: Trainer) -> int:
    size = trainer.dataset.size
    return QUICK_SAMPLES if size is None else min(QUICK_SAMPLES, size // 2)


def reported(cards: list[ScoreCard], goal: Goal | None) -> list[ScoreCard]:
    """The cards that people look at first, and that of the goal; the run keeps all."""
    known = [*REPORTED, *([goal.metric] if goal else [])]
    return [card for card in cards if card.metric in known] or cards[:MOST_OTHERS]


class Interrupted(Exception):
    """A signal asks the training to stop, so a measurement ends at its next chunk of samples or metric."""


class Scores:
    """The measurements of one session.

    Args:
        plan: the plan of the run.
        trainer: the training that is measured; nothing of it changes.
        writer: writer of the run.
        goal: ends the training; None if nothing does.
        measured: called with the step and the cards of each measurement.

    Raises:
        UserError: a goal that this training does not measure.
    """

    def __init__(
        self,
        plan: Plan,
        trainer: Trainer,
        writer: RunWriter,
        goal: Goal | None,
        measured: Callable[[int, list[ScoreCard]], None],
    ) -> None:
        self._plan, self._trainer, self._writer = plan, trainer, writer
        self._goal, self._measured = goal, measured
        self._cards = Run(writer.path).scores()
        self._measure: Callable[[int], tuple[list[ScoreCard], list[str]]] | None = None
        self._is_quick = plan.settings.measure.every is None
        self.is_interrupted: Callable[[], bool] = lambda: False
        """Whether a measurement has to end early, so that the training can stop."""
        self.every = measured_every(plan, trainer)
        """Steps between two measurements; 0 for none."""
        if goal is not None:
            goal.require(self._names() if 0 < self.every <= trainer.steps else [])
        self.reached = "" if goal is None else goal.reached(self._cards)
        """Why the training ends before its last step; empty if it continues."""

    def best(self) -> ScoreCard | None:
        """The card of the checkpoint with the lowest FD; None if there is none."""
        folder = self._writer.path / CHECKPOINTS_FOLDER
        return best_card(self._cards, lambda step: (folder / checkpoint_name(step)).is_dir())

    def is_owed(self, observer: Observer) -> bool:
        """Whether a resumed run lacks the measurement of the step that it begins at: an earlier session was stopped or
        killed in it.
        """
        parent, step = Run(self._writer.path).record.parent, self._trainer.step
        begins_here = step == 0 or (parent is not None and step == parent.step)
        return not begins_here and observer.due(step) and all(card.step != step for card in self._cards)

    def observer(self, save: Callable[[dict[str, Tensor]], None]) -> Observer:
        """Measures when it is due, and calls ``save`` if the FD has never been lower."""

        def act(terms: dict[str, Tensor]) -> None:
            step = self._trainer.step
            if self._measure is None:
                self._measure = self._measurer()
            try:
                cards, _ = self._measure(step)
            except Interrupted:
                if step == self._trainer.steps:  # other steps are measured by the next session
                    again = f"`{in_shell('gannet', 'measure', self._writer.path)}`"
                    text = f"Not measured: the training was asked to stop. {again} measures it."
                    self._writer.event("warning", step, text=text)
                return
            self._writer.scores(cards)
            self._cards += cards
            self._measured(step, reported(cards, self._goal))
            best = best_card(self._cards)
            # The last step is saved in any case.
            if best is not None and best.step == step < self._trainer.steps:
                save(terms)
            if self._goal is not None:
                self.reached = self._goal.reached(self._cards)
                self._goal.require([card.metric for card in self._cards])

        early = (self._trainer.steps,) if self._is_quick and self.every else ()
        return Observer(self.every, act, at_end=False, early=early)

    def until_reached(self, may_continue: Callable[[], bool]) -> Callable[[], bool]:
        """A function that is false once the goal is reached, and until then returns what ``may_continue`` returns."""
        return lambda: not self.reached and may_continue()

    def _names(self) -> list[str]:
        from gannet.evaluation.choice import default_names

        kind = self._trainer.dataset.form.kind
        return QUICK_METRICS if self._is_quick else default_names(kind, truth=self._trainer.dataset.truth)

    def _measurer(self) -> Callable[[int], tuple[list[ScoreCard], list[str]]]:
        from gannet.evaluation.measure import answers_questions, measurer

        game = self._trainer.average.game
        if self._is_quick:
            how: dict[str, Any] = {"samples": _num_samples(self._trainer), "metrics": QUICK_METRICS}
        else:
            how = {"held_out": open_held_out(self._plan, silent) if answers_questions(game) else None}
        return measurer(
            game,
            self._trainer.dataset,
            seed=self._plan.settings.seed,
            run=self._writer.path.name,
            weights="ema",
            progress=self._continue,
            **how,
        )

    def _continue(self, *_: object) -> None:
        if self.is_interrupted():
            raise Interrupted
