"""What a comparison will train: every recipe with every seed on one set of data. All that is wrong is found here,
before any training.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import torch

from gannet.comparison.variants import Variant, once, variants
from gannet.config.build import build, open_data, run_record
from gannet.config.plan import Plan, plan
from gannet.data.base import Dataset, Progress
from gannet.errors import Mistake, Unknown, UserError
from gannet.evaluation.choice import require_measurable
from gannet.evaluation.measure import protocol_of
from gannet.runs.comparable import differing
from gannet.runs.records import RunRecord
from gannet.sessions.trained_run import TrainedRun
from gannet.training.precision import with_threads

T = TypeVar("T")

FLAGS = {
    "seed": "give the seeds of a comparison with --seeds (in Python seeds=...).",
    "device": "a comparison trains on the device that `auto` finds.",
    "precision": "a comparison trains in the arithmetic that `auto` finds.",
}
"""Keys of a single run that a comparison decides for all runs."""


@dataclass(frozen=True)
class Measurement:
    """How every run is measured."""

    metrics: list[str] | None = None
    """Names as ``gannet measure`` takes them; None for the default metrics of the data."""
    samples: int | None = None
    """Generated samples; None for the default number."""

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"metrics": self.metrics, "samples": self.samples}


@dataclass(frozen=True)
class Typed:
    """What the user typed of every run, from which another process can plan the same run."""

    data: str
    given: Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """One recipe with one seed: an ordinary run, made or still to be made."""

    recipe: str
    """Name, or the name of the user's file without its ending."""
    seed: int
    plan: Plan
    path: Path
    record: RunRecord
    """What its run.json says, or must say."""
    source: str
    """The recipe's source code."""
    typed: Typed
    threads: int
    """Processor threads that it trains with: equal bits need equal threads."""
    changes: tuple[tuple[str, str], ...] = ()
    """Swept keys and their values."""

    @property
    def name(self) -> str:
        """What messages call it."""
        return f"{self.recipe}, seed {self.seed}"

    @property
    def recipe_file(self) -> str | None:
        """The user's own recipe file, which has to be named again to open the run."""
        return self.plan.recipe_name if self.plan.recipe_name.endswith(".py") else None

    def open(self) -> TrainedRun:
        """The run at its newest checkpoint."""
        return TrainedRun(self.path, recipe_file=self.recipe_file, keys=self.plan.repeated)


@dataclass(frozen=True)
class Contestant:
    """A recipe, what it may spend, and its runs."""

    recipe: str
    """Its name in tables, with the values of swept keys."""
    base: str
    """The recipe alone."""
    changes: Mapping[str, str]
    """Swept keys and their values."""
    steps: int
    batch_size: int
    samples_seen: int
    """Real samples that it is shown in all, repeats of a row counted."""
    evaluations: int
    """Function evaluations for one generated sample."""
    entries: tuple[Entry, ...]
    """One for each seed."""


@dataclass(frozen=True)
class Comparison:
    """Everything that is to be done."""

    path: Path
    dataset: Dataset
    seeds: tuple[int, ...]
    measurement: Measurement
    contestants: tuple[Contestant, ...]
    sweep: Mapping[str, Sequence[str]]
    """Swept keys and all their values; empty without ``--sweep``."""

    @property
    def entries(self) -> list[Entry]:
        """Every run, a seed of all recipes before the next seed, so that what is there early can be compared."""
        return [contestant.entries[i] for i in range(len(self.seeds)) for contestant in self.contestants]

    @property
    def budget_differences(self) -> list[str]:
        """What the recipes do not have in common of steps, batch size and real samples seen."""
        seen = "images seen" if self.dataset.form.kind == "images" else "points seen"
        values = {"steps": "steps", "batch_size": "batch size", "samples_seen": seen}
        return [words for name, words in values.items() if len({getattr(c, name) for c in self.contestants}) > 1]


def prepare(
    data: str,
    recipes: Sequence[str],
    *,
    seeds: Sequence[int],
    given: Mapping[str, Any],
    measurement: Measurement,
    out: Path | None,
    progress: Progress,
    jobs: int = 1,
    threads: int | None = None,
    sweep: Mapping[str, Sequence[Any]] | None = None,
) -> Comparison:
    """Read every key, open the data and build every recipe once.

    Args:
        data: the DATA argument: a built-in name, a path, or ``hf:owner/name``.
        recipes: names or files.
        seeds: of the runs of each recipe.
        given: keys as typed; every recipe is given all of them.
        measurement: how every run is measured.
        out: where runs and results go; ``runs/compare-DATA`` if None, so that the same command finds its runs again.
        progress: receives the progress of decoding.
        jobs: runs side by side, which share the processor's threads.
        sweep: key -> values; every combination is trained like a separate recipe.
        threads: of each run; this process's, divided by ``jobs``, if None. Points always take one.

    Raises:
        UserError: all that is wrong, at once: keys, recipes that do not suit the data or cannot be compared, metrics.
    """
    sweep = sweep or {}
    wanted = variants(recipes, sweep, given)
    once("--seeds", list(seeds))

    def planned(variant: Variant) -> list[Plan]:
        keys = {**given, **dict(variant.changes)}
        return [plan(data, recipe=variant.recipe, given=keys, flags=_flags(seed), advice=FLAGS) for seed in seeds]

    plans = _for_each(wanted, planned, keys_of=lambda plans: plans[0].keys)
    _all_different(plans)
    _same_data({variant.name: of_seeds[0] for variant, of_seeds in plans.items()})
    first = plans[wanted[0]][0]
    dataset = open_data(first, progress)
    require_measurable(measurement.metrics, dataset.form.kind, dataset.truth)
    folder = out or Path("runs") / f"{'sweep' if sweep else 'compare'}-{first.source_name}"
    typed, share = Typed(data, given), threads or max(1, torch.get_num_threads() // min(jobs, len(wanted) * len(seeds)))
    built = _for_each(wanted, lambda variant: _build(variant, plans[variant], dataset, folder, typed, share))
    _same_protocol({contestant.recipe: protocol for contestant, protocol in built.values()})
    swept = {key: list(dict.fromkeys(dict(variant.changes)[key] for variant in wanted)) for key in sweep}
    return Comparison(
        folder, dataset, tuple(seeds), measurement, tuple(contestant for contestant, _ in built.values()), swept
    )


def _flags(seed: int) -> dict[str, Any]:
    return {"seed": seed, "device": "auto", "precision": "auto"}


def _for_each(
    wanted: Sequence[Variant], make: Callable[[Variant], T], keys_of: Callable[[T], Collection[str]] | None = None
) -> dict[Variant, T]:
    """``make`` of everything that is compared; the mistakes of all together, one that several of them make reported
    once.
    """
    made: dict[Variant, T] = {}
    errors: dict[Variant, UserError] = {}
    for variant in wanted:
        try:
            made[variant] = make(variant)
        except UserError as error:
            errors[variant] = error
    if not errors:
        return made
    # Every recipe is given every key, so the keys that all of them know are allowed.
    lists = [
        set(m.allowed)
        for error in errors.values()
        for m in error.mistakes
        if isinstance(m, Unknown) and m.kind == "key"
    ]
    lists += [set(keys_of(one)) for one in made.values()] if keys_of else []
    keys = tuple(sorted(set.intersection(*lists))) if lists else ()
    makers: dict[Mistake, dict[str, None]] = {}
    for variant, error in errors.items():
        for mistake in error.mistakes:
            if isinstance(mistake, Unknown) and mistake.kind == "key":
                mistake = replace(mistake, allowed=keys)
            makers.setdefault(mistake, {})[variant.recipe_name] = None
    everyone = {variant.recipe_name for variant in wanted}
    raise UserError(*(_said_by(list(by), mistake, everyone=by.keys() == everyone) for mistake, by in makers.items()))


def _said_by(recipes: Sequence[str], mistake: Mistake, *, everyone: bool) -> Mistake:
    # A recipe whose name is wrong is named in the sentence.
    if everyone or (isinstance(mistake, Unknown) and mistake.kind == "recipe"):
        return mistake
    names = ", ".join(recipes) + ": "
    return names + mistake if isinstance(mistake, str) else replace(mistake, sentence=names + mistake.sentence)


def _all_different(plans: Mapping[Variant, Sequence[Plan]]) -> None:
    """Two spellings of one value would train the same run twice."""
    seen: dict[str, Variant] = {}
    for variant, of_seeds in plans.items():
        what = json.dumps([variant.recipe_name, of_seeds[0].values], sort_keys=True, default=str)
        if what in seen:
            raise UserError(f"--sweep: {seen[what].name} and {variant.name} are the same run. Give each value once.")
        seen[what] = variant


def _same_data(plans: Mapping[str, Plan]) -> None:
    """Recipes preset keys of the data; with different ones they would not be trained on the same thing."""
    (first, reference), *others = plans.items()
    for name, other in others:
        fields = differing(reference.values["data"], other.values["data"])
        if fields:
            named = _named({f"data.{field}": values for field, values in fields.items()}, first, name)
            again = " ".join(f"data.{field}=VALUE" for field in fields)
            raise UserError(
                f"These recipes cannot be compared: their data would differ in {named}. Give {again} for all of them."
            )


def _same_protocol(protocols: Mapping[str, Mapping[str, Any]]) -> None:
    (first, reference), *others = protocols.items()
    for name, other in others:
        fields = differing(reference, other)
        if fields:
            named = _named(fields, first, name)
            raise UserError(
                f"These recipes cannot be compared: their samples would be measured differently, in {named}."
            )


def _named(fields: Mapping[str, tuple[Any, Any]], first: str, second: str) -> str:
    shown = {field: ["none" if value is None else value for value in values] for field, values in fields.items()}
    return ", ".join(f"{field} ({one} for {first}, {two} for {second})" for field, (one, two) in shown.items())


def _build(
    variant: Variant, plans: Sequence[Plan], dataset: Dataset, folder: Path, typed: Typed, threads: int
) -> tuple[Contestant, dict[str, Any]]:
    experiment, precision = build(plans[0], dataset.form)
    source = plans[0].recipe.source()
    with with_threads(threads), precision.applied() as precision:
        threads = torch.get_num_threads()
        records = [run_record(each, dataset, precision) for each in plans]
    entries = tuple(
        Entry(
            variant.name,
            each.settings.seed,
            each,
            folder / variant.folder / f"seed-{each.settings.seed}",
            record,
            source,
            typed,
            threads,
            variant.changes,
        )
        for each, record in zip(plans, records, strict=True)
    )
    batches = max(turn.repeats for turn in experiment.game.turns())
    seen = experiment.steps * batches * experiment.batch_size
    game = experiment.game
    budget = (experiment.steps, experiment.batch_size, seen, game.evaluations)
    return Contestant(variant.name, variant.recipe_name, dict(variant.changes), *budget, entries), protocol_of(
        game, dataset
    )
