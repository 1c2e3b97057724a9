"""What a comparison found: every run, and each metric over the seeds of a recipe. The numbers behind table and JSON."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import mean, stdev
from typing import Any, Literal

from gannet.comparison.plan import Comparison, Contestant, Entry
from gannet.runs.comparable import require_comparable
from gannet.runs.records import ScoreCard
from gannet.runs.rounding import written

VERSION = 1
Status = Literal["finished", "stopped", "unmeasured", "failed"]
"""``stopped``: by the guard. ``unmeasured``: trained to the end, but its samples cannot be measured. ``failed``: it
ended before the last step (killed, out of memory, an error in a turn); the same command tries it again."""


@dataclass(frozen=True)
class Row:
    """One run: one recipe with one seed."""

    entry: Entry
    status: Status
    step: int
    seconds: float
    """Of training."""
    cards: tuple[ScoreCard, ...] = ()
    skipped: tuple[str, ...] = ()
    """Sentences about metrics that do not apply."""
    text: str = ""
    """Why it was stopped, failed or was not measured."""

    def as_json(self) -> dict[str, object]:
        """Plain values, without the entry."""
        return {
            "status": self.status,
            "step": self.step,
            "seconds": self.seconds,
            "text": self.text,
            "skipped": list(self.skipped),
            "cards": [card.as_json() for card in self.cards],
        }

    @classmethod
    def from_json(cls, entry: Entry, document: Mapping[str, Any]) -> Row:
        """The row that :meth:`as_json` wrote."""
        plain = {name: document[name] for name in ("status", "step", "seconds", "text")}
        return cls(
            entry,
            **plain,
            cards=tuple(map(ScoreCard.model_validate, document["cards"])),
            skipped=tuple(document.get("skipped", ())),
        )


@dataclass(frozen=True)
class Worst:
    """The seed that did worst."""

    seed: int
    value: float | None
    """None where that run has no value: it was stopped, or could not be measured."""


@dataclass(frozen=True)
class Summary:
    """One metric of one recipe over its seeds."""

    recipe: str
    metric: str
    label: str
    better: str
    runs: int
    count: int
    """Runs that have a value; mean, standard deviation and reference are of these only."""
    mean: float | None
    """None where no run has a value."""
    deviation: float | None
    """Standard deviation over the seeds, divisor n - 1; None below two values."""
    worst: Worst
    """The first run without a value, where there is one."""
    reference: float | None
    """Mean over the seeds of the real-data reference."""
    n_fake: int


def badness(value: float, better: str, reference: float | None) -> float:
    """Larger is worse: how far a value is on the bad side, by the metric's own direction.

    ``real`` means that the real-data reference is the best value; without a reference, 0 is taken.
    """
    if better == "lower":
        return value
    if better == "higher":
        return -value
    return abs(value - (1.0 if better == "one" else reference or 0.0))


def summarise(rows: Sequence[Row]) -> list[Summary]:
    """All metrics of all recipes, in the order of the cards, each for every recipe that was measured by it.

    A run that was stopped, or whose samples are too bad for a metric, must not vanish from the mean silently: it counts
    as the worst.
    """
    examples = {card.metric: card for row in reversed(rows) for card in reversed(row.cards)}
    by_recipe: dict[str, list[Row]] = {}
    for row in rows:
        by_recipe.setdefault(row.entry.recipe, []).append(row)
    return [
        _summary(examples[metric], mine)
        for metric in dict.fromkeys(card.metric for row in rows for card in row.cards)
        for mine in by_recipe.values()
        if any(_was_asked(row, metric) for row in mine)
    ]


def _was_asked(row: Row, metric: str) -> bool:
    """False for what only other games can answer: that is not even tried, and leaves no sentence."""
    return (
        row.status != "finished"
        or _card_of(row, metric) is not None
        or any(s.startswith(f"{metric} left out: ") for s in row.skipped)
    )


def _card_of(row: Row, metric: str) -> ScoreCard | None:
    return next((card for card in row.cards if card.metric == metric), None)


def _summary(example: ScoreCard, rows: Sequence[Row]) -> Summary:
    pairs = [(row, card) for row in rows if (card := _card_of(row, example.metric)) is not None]
    missing = [row for row in rows if _card_of(row, example.metric) is None]
    values = [card.value for _, card in pairs]
    references = [card.reference for _, card in pairs if card.reference is not None]
    if missing:
        worst = Worst(missing[0].entry.seed, None)
    else:
        row, card = max(pairs, key=lambda pair: badness(pair[1].value, pair[1].better, pair[1].reference))
        worst = Worst(row.entry.seed, card.value)
    return Summary(
        recipe=rows[0].entry.recipe,
        metric=example.metric,
        label=example.label,
        better=example.better,
        runs=len(rows),
        count=len(values),
        mean=mean(values) if values else None,
        deviation=stdev(values) if len(values) > 1 else None,
        worst=worst,
        reference=mean(references) if references else None,
        n_fake=example.n_fake,
    )


@dataclass(frozen=True)
class Result:
    """Every run of a comparison that is done, and what follows from them."""

    comparison: Comparison
    rows: tuple[Row, ...]

    def __post_init__(self) -> None:
        require_comparable([card for row in self.rows for card in row.cards])

    def __repr__(self) -> str:
        comparison = self.comparison
        seeds = ", ".join(map(str, comparison.seeds))
        head = f"{self.path}: seeds {seeds}, {len(self.rows)} of {len(comparison.entries)} runs"
        lines = [f"  {s.label}  {s.recipe}  {_mean_and_spread(s)}" for s in self.summaries()]
        return "\n".join([f"<Result {head}", *lines]) + ">"

    def _repr_html_(self) -> str:
        from gannet.comparison.notebook import result_html

        return result_html(self)

    @property
    def path(self) -> Path:
        """The folder that holds the runs, compare.json and samples.png."""
        return self.comparison.path

    @property
    def complete(self) -> bool:
        """Whether every run is there, and none has to be tried again."""
        return len(self.rows) == len(self.comparison.entries) and all(row.status != "failed" for row in self.rows)

    def of(self, contestant: Contestant) -> list[Row]:
        """The rows of one recipe, in the order of the seeds."""
        mine = {row.entry.seed: row for row in self.rows if row.entry.recipe == contestant.recipe}
        return [mine[seed] for seed in self.comparison.seeds if seed in mine]

    def summaries(self) -> list[Summary]:
        """Every metric of every recipe, a metric of all recipes together."""
        return summarise([row for contestant in self.comparison.contestants for row in self.of(contestant)])

    def seconds(self, contestant: Contestant) -> tuple[float, float | None] | None:
        """Mean and standard deviation of the seconds of training of the runs that came to their end; None without
        any.
        """
        values = [row.seconds for row in self.of(contestant) if row.status not in ("stopped", "failed")]
        if not values:
            return None
        return mean(values), stdev(values) if len(values) > 1 else None

    def as_json(self) -> dict[str, object]:
        """The document of compare.json and of ``--json``."""
        comparison = self.comparison
        entry = comparison.entries[0]
        return {
            "version": VERSION,
            "complete": self.complete,
            "data": entry.record.data.as_json(),
            "environment": dict(entry.record.environment),
            "seeds": list(comparison.seeds),
            "sweep": {key: list(values) for key, values in comparison.sweep.items()},
            "measurement": comparison.measurement.as_json(),
            "budgets_differ_in": comparison.budget_differences,
            "recipes": [self._recipe(contestant) for contestant in comparison.contestants],
        }

    def _recipe(self, contestant: Contestant) -> dict[str, object]:
        rows = self.of(contestant)
        seconds = self.seconds(contestant)
        return {
            "recipe": contestant.recipe,
            "base": contestant.base,
            "changes": dict(contestant.changes),
            "arguments": contestant.entries[0].record.arguments,
            "steps": contestant.steps,
            "batch_size": contestant.batch_size,
            "samples_seen": contestant.samples_seen,
            "evaluations": contestant.evaluations,
            "seconds": None if seconds is None else {"mean": seconds[0], "deviation": seconds[1]},
            "metrics": [asdict(summary) for summary in self.summaries() if summary.recipe == contestant.recipe],
            "runs": [self._run(row) for row in rows],
        }

    def _run(self, row: Row) -> dict[str, object]:
        return {
            "seed": row.entry.seed,
            "path": str(row.entry.path.relative_to(self.path)),
            **row.as_json(),
        }


def _mean_and_spread(summary: Summary) -> str:
    if summary.mean is None:
        return "none"
    spread = "" if summary.deviation is None else f" ± {summary.deviation:.2g}"
    reference = "" if summary.reference is None else f", real data {written(summary.reference, summary.n_fake)}"
    return f"{written(summary.mean, summary.n_fake)}{spread} ({summary.count} of {summary.runs} runs{reference})"


def finite(cards: Sequence[ScoreCard]) -> tuple[tuple[ScoreCard, ...], tuple[str, ...]]:
    """The cards whose value is a number, and a sentence for each of the others."""
    good = tuple(card for card in cards if math.isfinite(card.value))
    return good, tuple(
        f"{card.metric} left out: its value is not finite." for card in cards if not math.isfinite(card.value)
    )
