"""Score cards of several runs as one table: a row for each method, a column for each metric, mean and spread over
the seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from statistics import mean, stdev
from typing import Any

from gannet.runs.comparable import require_comparable
from gannet.runs.records import ScoreCard


@dataclass(frozen=True)
class Column:
    """A metric, measured in one way for all rows."""

    metric: str
    label: str
    better: str
    """``lower``, ``higher``, ``one`` (1 is best) or ``real`` (the value of real data is best)."""
    reference: float | None
    """Mean over the runs of the value of real data against real data."""
    n_real: int
    n_fake: int
    weights: str
    fingerprint: str


@dataclass(frozen=True)
class Cell:
    """A metric of a method."""

    values: tuple[float, ...]
    """Of the runs that have one."""
    runs: int
    interval: tuple[float, float] | None = None
    """95 % interval of a single run."""

    @property
    def mean(self) -> float | None:
        """Over the runs; None without any value."""
        return mean(self.values) if self.values else None

    @property
    def spread(self) -> float | None:
        """Standard deviation over the runs, divisor n - 1; None below two values."""
        return stdev(self.values) if len(self.values) > 1 else None


@dataclass(frozen=True)
class Method:
    """What stands in one row.

    Attributes:
        name: as it is printed.
        seeds: of its runs.
        cards: of each of its runs; empty for a run that has none, such as one that was stopped.
        keys: values of keys that differ between the rows.
    """

    name: str
    seeds: tuple[int, ...]
    cards: tuple[Sequence[ScoreCard], ...]
    keys: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ScoreTable:
    """A table of methods and metrics, with the sentences that belong below it."""

    methods: tuple[Method, ...]
    columns: tuple[Column, ...]
    cells: Mapping[tuple[str, str], Cell]
    """By the name of the method and the metric."""
    title: str
    notes: tuple[str, ...]

    def is_best(self, method: Method, column: Column) -> bool:
        """Whether the mean, as printed, is the best of the column.

        A mean over fewer runs than the method has is never the best, and nothing is if all are equal.
        """
        cells = {other.name: self.cells[other.name, column.metric] for other in self.methods}
        whole = {name: cell for name, cell in cells.items() if cell.values and len(cell.values) == cell.runs}
        if method.name not in whole or len({_printed(cell) for cell in cells.values()}) < 2:
            return False
        best = min(whole.values(), key=lambda cell: _distance(cell, column))
        return _printed(whole[method.name]) == _printed(best)


def score_table(
    methods: Sequence[Method], title: str, metrics: Sequence[str] | None = None, notes: Sequence[str] = ()
) -> ScoreTable:
    """Put score cards side by side.

    Args:
        methods: the rows.
        title: what was done, in one sentence.
        metrics: names of metrics to show; all if None.
        notes: sentences that belong below the table.

    Raises:
        UserError: cards of one metric that were measured in different ways, with the fields that differ.
    """
    cards = [
        card for method in methods for run in method.cards for card in run if metrics is None or card.metric in metrics
    ]
    require_comparable(cards)
    order = list(dict.fromkeys(card.metric for card in cards))
    columns = tuple(_column([card for card in cards if card.metric == name]) for name in order)
    cells = {(method.name, column.metric): _cell(method, column) for method in methods for column in columns}
    return ScoreTable(tuple(methods), columns, cells, title, (*_protocol(methods, columns), *notes))


def of_comparison(document: Mapping[str, Any]) -> ScoreTable:
    """The table of a comparison's ``compare.json``.

    Raises:
        UserError: see :func:`score_table`.
    """
    methods = [
        Method(
            entry["recipe"],
            tuple(run["seed"] for run in entry["runs"]),
            tuple([ScoreCard.model_validate(card) for card in run["cards"]] for run in entry["runs"]),
            entry.get("changes", {}),
        )
        for entry in document["recipes"]
        if entry["runs"]
    ]
    ends = [
        f"{e['recipe']}, seed {run['seed']}: {run['text']}"
        for e in document["recipes"]
        for run in e["runs"]
        if run["status"] != "finished"
    ]
    differ = document.get("budgets_differ_in") or []
    budget = [f"Budgets differ in {', '.join(differ)}."] if differ else []
    steps = sorted({entry["steps"] for entry in document["recipes"]})
    trained = f"{steps[0]:,}" if len(steps) == 1 else f"{steps[0]:,} to {steps[-1]:,}"
    title = f"Scores on {document['data']['source']} after {trained} generator steps."
    return score_table(methods, title, notes=[*budget, *ends])


def _column(cards: Sequence[ScoreCard]) -> Column:
    first, references = cards[0], [card.reference for card in cards if card.reference is not None]
    return Column(
        metric=first.metric,
        label=first.label,
        better=first.better,
        reference=mean(references) if references else None,
        n_real=first.n_real,
        n_fake=first.n_fake,
        weights=first.weights,
        fingerprint=first.fingerprint,
    )


def _cell(method: Method, column: Column) -> Cell:
    found = [card for run in method.cards for card in run if card.metric == column.metric and isfinite(card.value)]
    interval = found[0].ci95 if len(method.cards) == 1 and found else None
    return Cell(tuple(card.value for card in found), len(method.cards), interval)


def _printed(cell: Cell) -> str:
    return "" if cell.mean is None else f"{cell.mean:.3g}"


def _distance(cell: Cell, column: Column) -> float:
    """How far a mean is from the best value."""
    value = mean(cell.values)
    if column.better == "lower":
        return value
    if column.better == "higher":
        return -value
    return abs(value - (1.0 if column.better == "one" else column.reference or 0.0))


def _protocol(methods: Sequence[Method], columns: Sequence[Column]) -> list[str]:
    several = any(len(method.seeds) > 1 for method in methods)
    seeds = list(dict.fromkeys(tuple(method.seeds) for method in methods))
    what = (
        "Mean ± standard deviation (divisor n - 1) over the seeds"
        if several
        else "One run of each row; in brackets its 95 % interval; seed"
    )
    of = (
        ", ".join(map(str, seeds[0]))
        if len(seeds) == 1
        else "; ".join(f"{m.name}: {', '.join(map(str, m.seeds))}" for m in methods)
    )
    best = " The best mean of each metric is bold." if len(methods) > 1 else ""
    ways: dict[str, list[Column]] = {}
    for column in columns:
        way = (
            f"{column.n_fake:,} generated and {column.n_real:,} real samples, {column.weights} weights"
            if column.n_fake and column.n_real
            else ""
        )
        ways.setdefault(way, []).append(column)
    measured = [
        f"{', '.join(f'{c.label} [{c.fingerprint}]' for c in group)}{': ' + way if way else ''}"
        for way, group in ways.items()
    ]
    return [f"{what} {of}.{best}", f"Protocol, with the fingerprint of each metric: {'; '.join(measured)}."]
