"""A comparison as tables for the terminal: what each recipe was given, and how it did."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from gannet.comparison.result import Result, Row, Summary
from gannet.errors import one_line
from gannet.runs.rounding import written
from gannet.runs.score_cards import ARROWS

if TYPE_CHECKING:
    from rich.table import Table


def budget_table(result: Result) -> Table:
    """Steps, batch size, real samples seen, function evaluations for one sample, and seconds of training per run."""
    from rich.table import Table

    comparison = result.comparison
    seen = "images seen" if comparison.dataset.form.kind == "images" else "points seen"
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("recipe", "runs", "steps", "batch", seen, "evaluations per sample", "seconds per run"):
        table.add_column(heading, justify="left" if heading == "recipe" else "right")
    for contestant in comparison.contestants:
        rows = result.of(contestant)
        done = sum(row.status == "finished" for row in rows)
        runs = str(done) if done == len(rows) else f"{done} of {len(rows)}"
        seconds = _with_deviation(result.seconds(contestant))
        counts = (contestant.steps, contestant.batch_size, contestant.samples_seen, contestant.evaluations)
        table.add_row(one_line(contestant.recipe), runs, *(f"{count:,}" for count in counts), seconds)
    return table


def budget_sentence(result: Result) -> str:
    """A sentence that states whether all recipes had the same budget."""
    differences = result.comparison.budget_differences
    if len(result.comparison.contestants) == 1:
        return "One recipe: there is nothing to compare it with."
    if not differences:
        return "All recipes had the same steps, batch size and number of real samples; their seconds still differ."
    return (
        f"Budgets differ in {', '.join(differences)}: each recipe had its own. A better score may be a larger budget. "
        "--steps N and batch_size=N give all the same."
    )


def recipe_table(result: Result) -> Table:
    """For every metric a line for each recipe: mean and standard deviation over the seeds, the worst seed, real
    data.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for heading in ("metric", "", "recipe", "mean", "± sd", "worst (seed)", "real data"):
        table.add_column(heading, justify="left" if heading in ("metric", "", "recipe") else "right", no_wrap=True)
    for _, group in groupby(result.summaries(), key=lambda summary: summary.metric):
        for index, s in enumerate(group):
            names = (Text(one_line(s.label)), ARROWS[s.better]) if index == 0 else (Text(), "")
            deviation = "-" if s.deviation is None else f"{s.deviation:.2g}"
            table.add_row(*names, one_line(s.recipe), _mean(s), deviation, _worst(s), _written(s.reference, s))
        table.add_row()
    return table


def _mean(summary: Summary) -> str:
    value = _written(summary.mean, summary)
    return value if summary.count == summary.runs else f"{value} ({summary.count} of {summary.runs})"


def _worst(summary: Summary) -> str:
    return f"{_written(summary.worst.value, summary)} ({summary.worst.seed})"


def _written(value: float | None, summary: Summary) -> str:
    return "none" if value is None else written(value, summary.n_fake)


def _with_deviation(seconds: tuple[float, float | None] | None) -> str:
    if seconds is None:
        return "-"
    mean, deviation = seconds
    return f"{mean:.1f}" if deviation is None else f"{mean:.1f} ± {deviation:.1f}"


def remarks(result: Result) -> list[str]:
    """Whether budgets are equal, what was stopped or not measured, and what every reader of the cards must know,
    each said once.
    """
    failed = [
        f"{row.entry.recipe}, seed {row.entry.seed}: {row.text}" for row in result.rows if row.status != "finished"
    ]
    sayers: dict[str, list[Row]] = {}
    for row in result.rows:
        for sentence in dict.fromkeys((*(warning for card in row.cards for warning in card.warnings), *row.skipped)):
            sayers.setdefault(sentence, []).append(row)
    said = [f"{_who(rows, result)}{sentence}" for sentence, rows in sayers.items()]
    partial = any(summary.count < summary.runs for summary in result.summaries())
    means = ["A mean over fewer runs is of those that have a value; a run without one is the worst."] if partial else []
    return [budget_sentence(result), *failed, *means, *said]


def _who(rows: Sequence[Row], result: Result) -> str:
    """Whom a sentence is about: nobody in particular where all runs say it, recipes with all their runs, or single
    runs.
    """
    if len(rows) == len(result.rows):
        return ""
    names = []
    for contestant in result.comparison.contestants:
        seeds = [str(row.entry.seed) for row in rows if row.entry.recipe == contestant.recipe]
        if seeds:
            whole = len(seeds) == len(result.of(contestant))
            names.append(contestant.recipe if whole else f"{contestant.recipe} (seed {', '.join(seeds)})")
    return f"{', '.join(names)}: "
