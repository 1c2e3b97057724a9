"""The interface of health rules: their input, their findings and advice, and their discovery."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Protocol, cast

import numpy as np
from pydantic import JsonValue

from gannet.health import rules as folder
from gannet.runs.records import Event, Severity

LEARNING_RATE = re.compile(r"optimizer\.(?P<player>\w+)\.lr")
Series = tuple[np.ndarray, np.ndarray]
"""(steps int64 (T,), values float64 (T,))."""
NOTHING: Series = (np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True)
class Finding:
    """A problem that a rule reports."""

    rule: str
    severity: Severity
    text: str
    """One sentence with its evidence."""
    values: dict[str, float] = field(default_factory=dict)
    """The numbers behind the sentence."""


@dataclass(frozen=True)
class History:
    """All recorded values that rules may use."""

    series: Mapping[str, Series]
    """Terms and vitals by name."""
    minimised: frozenset[str] = frozenset()
    """The terms that a player minimises; only-watched terms may be constant. Empty if not known."""
    finished: bool = False
    """Whether training has finished, so that nothing can improve any more."""

    def get(self, name: str) -> Series:
        """Steps and finite values of one series; empty if it does not exist."""
        steps, values = self.series.get(name, NOTHING)
        finite = np.isfinite(values)
        return steps[finite], values[finite]

    def named(self, ending: str) -> list[str]:
        """The names with that last part, sorted."""
        return sorted(name for name in self.series if name.rsplit("/", 1)[-1] == ending)


@dataclass(frozen=True)
class Case:
    """The configuration of a run, from which advice derives changes of keys."""

    keys: Mapping[str, JsonValue] = field(default_factory=dict)
    """Flat current arguments of its recipe, including live edits."""
    defaults: Mapping[str, JsonValue] = field(default_factory=dict)
    """The recipe's default values of the same keys; empty for a user's recipe file."""
    smoother: str | None = None
    """A recipe that keeps D smooth with a penalty or spectral normalisation, for such data; None if the run has such
    a term or no D.
    """

    def number(self, key: str) -> float | None:
        """The value of a key if it is a positive number."""
        return _positive(self.keys.get(key))

    def default(self, key: str) -> float | None:
        """The recipe's value of a key if it is a positive number."""
        return _positive(self.defaults.get(key))

    def learning_rates(self, factor: float, *players: str) -> dict[str, JsonValue]:
        """Learning rates of these players (of all by default), multiplied by ``factor``."""
        names = [f"optimizer.{player}.lr" for player in players] or [
            name for name in self.keys if LEARNING_RATE.fullmatch(name)
        ]
        return {name: rounded(factor * rate) for name in names if (rate := self.number(name)) is not None}

    def stronger_penalty(self) -> dict[str, JsonValue]:
        """Ten times the strength of the penalty on D."""
        return {
            name: rounded(10 * weight)
            for name in ("penalty.gamma", "penalty.weight")
            if (weight := self.number(name)) is not None
        }


def _positive(value: JsonValue) -> float | None:
    return (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < np.inf else None
    )


def rounded(value: float) -> float:
    """Round to three significant digits, as people write settings."""
    return float(f"{value:.3g}")


@dataclass(frozen=True)
class Advice:
    """A likely cause and one change to try."""

    cause: str
    """A name with hyphens."""
    text: str
    """Why this is the likely cause and what the change does, with numbers."""
    changes: Mapping[str, JsonValue] = field(default_factory=dict)
    """Keys of the run and their suggested values; ``steps`` alone means longer or shorter training."""
    recipe: str | None = None
    """Another recipe, instead of changes."""

    def after(self, evidence: str) -> Advice:
        """The same advice with its evidence before it."""
        return replace(self, text=f"{evidence} {self.text}")


class Rule(Protocol):
    """A module of ``health/rules``. Pure: equal histories give equal answers."""

    def examine(self, history: History) -> Finding | None:
        """The finding, or None; a history that is too short is healthy."""
        ...

    def advice(self, case: Case, values: Mapping[str, float]) -> Advice:
        """What to try; ``values`` are those of the finding. Changes are empty only if no key of the run can help."""
        ...


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by name."""
    modules = {
        m.name: importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)
    }
    return {name.replace("_", "-"): cast(Rule, modules[name]) for name in sorted(modules)}


def examine(history: History) -> list[Finding]:
    """The findings of all rules, alarms first."""
    found = [finding for rule in all_rules().values() if (finding := rule.examine(history))]
    return sorted(found, key=lambda finding: finding.severity)  # "alarm" sorts before "warning"


def history_of(events: Iterable[Event], *, finished: bool = False) -> History:
    """The history in a run's events ``terms`` and ``vitals``; of two values at one step, the later one counts."""
    found: dict[str, dict[int, float]] = {}
    minimised: set[str] = set()
    for event in events:
        if event.kind in ("terms", "vitals"):
            for name, value in event.values.items():
                found.setdefault(name, {})[event.step] = np.nan if value is None else value
            minimised.update(event.minimised)
    series = {name: _series(values) for name, values in found.items()}
    return History(series, frozenset(minimised), finished)


def _series(values: dict[int, float]) -> Series:
    steps = sorted(values)
    return np.asarray(steps, np.int64), np.asarray([values[step] for step in steps], np.float64)


def rising(values: np.ndarray, least: float) -> tuple[float, float] | None:
    """(before, now): medians of the last two thirds of a series that rises at its end by ``least``; None if it does
    not.

    The last median must be the highest: a series that only recovers from a loss does not rise.
    """
    third = len(values) // 3
    if third < 2:
        return None
    *early, before, now = (float(np.median(values[len(values) - (3 - part) * third :][:third])) for part in range(3))
    return (before, now) if now - before >= least and now >= max(early) else None


def running_medians(values: np.ndarray, width: int = 3) -> np.ndarray:
    """(T,) -> (T - width + 1,) running medians of ``width`` values, which ignore single outliers."""
    return np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1)
