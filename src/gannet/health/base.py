"""What rules look at, what they answer, and where they are found."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, Protocol, cast

import numpy as np

from gannet.health import rules as folder

Severity = Literal["warning", "alarm"]
Series = tuple[np.ndarray, np.ndarray]
"""(steps int64 (T,), values float64 (T,))."""
NOTHING: Series = (np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True)
class Finding:
    """Something that a rule noticed."""

    rule: str
    severity: Severity
    text: str
    """One sentence with its evidence."""
    values: dict[str, float] = field(default_factory=dict)
    """The figures behind the sentence."""


@dataclass(frozen=True)
class History:
    """Everything recorded so far that rules may look at."""

    series: Mapping[str, Series]
    """Terms and vitals by name."""
    minimised: frozenset[str] = frozenset()
    """The terms that a player minimises; those only watched may stand still. Empty where it is not known."""
    finished: bool = False
    """Training is over: what has not come will not come."""

    def get(self, name: str) -> Series:
        """Steps and finite values of one series; empty where there is none."""
        steps, values = self.series.get(name, NOTHING)
        finite = np.isfinite(values)
        return steps[finite], values[finite]

    def named(self, ending: str) -> list[str]:
        """The names with that last part, sorted."""
        return sorted(name for name in self.series if name.rsplit("/", 1)[-1] == ending)


class Rule(Protocol):
    """A module of ``health/rules``. Pure: equal histories give equal answers."""

    def examine(self, history: History) -> Finding | None:
        """What is wrong, or None. Too short a history is healthy."""
        ...

    def advice(self, keys: Mapping[str, Any], values: Mapping[str, float]) -> str:
        """What to try, in the keys of the run: ``keys`` are the flat arguments of its recipe, ``values`` the finding's."""
        ...


@cache
def all_rules() -> dict[str, Rule]:
    """Every rule by name."""
    modules = {m.name: importlib.import_module(f"{folder.__name__}.{m.name}") for m in pkgutil.iter_modules(folder.__path__)}
    return {name.replace("_", "-"): cast(Rule, modules[name]) for name in sorted(modules)}


def examine(history: History) -> list[Finding]:
    """What every rule says, alarms first."""
    found = [finding for rule in all_rules().values() if (finding := rule.examine(history))]
    return sorted(found, key=lambda finding: finding.severity)  # "alarm" sorts before "warning"


def history_of(events: Iterable[Mapping[str, Any]], *, finished: bool = False) -> History:
    """The history that a run's events of kind terms and vitals tell; of two values at one step the later one counts."""
    found: dict[str, dict[int, float]] = {}
    minimised: set[str] = set()
    for event in events:
        if event["kind"] in ("terms", "vitals") and isinstance(event.get("values"), Mapping):
            for name, value in event["values"].items():
                found.setdefault(name, {})[event["step"]] = float(value) if isinstance(value, int | float) else np.nan
            minimised.update(event.get("minimised", ()))
    series = {name: _series(values) for name, values in found.items()}
    return History(series, frozenset(minimised), finished)


def _series(values: dict[int, float]) -> Series:
    steps = sorted(values)
    return np.asarray(steps, np.int64), np.asarray([values[step] for step in steps], np.float64)


def smoothed(values: np.ndarray, width: int = 3) -> np.ndarray:
    """(T,) -> (T - width + 1,) medians of ``width`` values in a row: one odd record moves nothing."""
    return np.median(np.lib.stride_tricks.sliding_window_view(values, width), axis=1)
