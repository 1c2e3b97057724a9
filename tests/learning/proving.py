"""What a learning test is: a recipe, what it reaches with one seed, and the bounds that a broken method misses."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gannet
from gannet.sessions.trained_run import TrainedRun

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
Figures = dict[str, float]


@dataclass(frozen=True)
class Proof:
    """One recipe on one set of data."""

    recipe: str
    data: str
    figures: Callable[[TrainedRun], Figures]
    least: Mapping[str, float] = field(default_factory=dict)
    """Figure -> the smallest value that a seed may have."""
    most: Mapping[str, float] = field(default_factory=dict)
    """Figure -> the largest value that a seed may have."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """Where the recipe's defaults would take too long."""
    prepare: Callable[[Path], Path] | None = None
    """Writes data into a folder, where ``data`` only names them in the record."""
    about: str = ""
    """What it looks at, where a recipe has several proofs on the same data."""
    seeds: int = 3
    needed: int = 2
    """Seeds that must be within all bounds."""

    @property
    def name(self) -> str:
        return "-".join(filter(None, (self.recipe, self.data, self.about)))

    @property
    def rule(self) -> str:
        bounds = [f"{n} >= {v:g}" for n, v in self.least.items()] + [f"{n} <= {v:g}" for n, v in self.most.items()]
        return f"{', '.join(bounds)} in {self.needed} of {self.seeds} seeds"

    def row(self, seed: int) -> dict[str, Any]:
        """Train and measure one seed; never the same folder twice."""
        started = time.process_time()
        with TemporaryDirectory() as folder:
            data = str(self.prepare(Path(folder) / "data")) if self.prepare else self.data
            run = gannet.train(data, recipe=self.recipe, seed=seed, out=Path(folder) / "run", keys=dict(self.keys))
            figures = self.figures(run)
        return {
            "seed": seed,
            **figures,
            "good": self.is_good(figures),
            "cpu_seconds": round(time.process_time() - started, 1),
        }

    def is_good(self, figures: Figures) -> bool:
        """A figure that is not a number is within no bound."""
        least = all(figures[name] >= bound for name, bound in self.least.items())
        return least and all(figures[name] <= bound for name, bound in self.most.items())

    def holds(self, rows: list[dict[str, Any]]) -> bool:
        return sum(row["good"] for row in rows) >= self.needed

    def record(self, rows: list[dict[str, Any]]) -> None:
        document = {"recipe": self.recipe, "data": self.data, "keys": dict(self.keys), "rule": self.rule, "seeds": rows}
        RESULTS.mkdir(parents=True, exist_ok=True)
        (RESULTS / f"learn-{self.name}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def cards(*metrics: str, samples: int | None = None) -> Callable[[TrainedRun], Figures]:
    """Score cards by name; ``sliced_w`` divided by its real-data reference, because its unit is that of the data."""

    def figures(run: TrainedRun) -> Figures:
        found, _ = run.measure(list(metrics), samples=samples)
        return {
            "sliced_w / reference" if c.metric == "sliced_w" else c.metric: _value(c.metric, c.value, c.reference)
            for c in found
        }

    return figures


def _value(metric: str, value: float, reference: float | None) -> float:
    if metric != "sliced_w":
        return value
    assert reference
    return value / reference


def together(*parts: Callable[[TrainedRun], Figures]) -> Callable[[TrainedRun], Figures]:
    """All figures of several functions."""
    return lambda run: {name: value for part in parts for name, value in part(run).items()}
