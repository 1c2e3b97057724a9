"""A page for each comparison in benchmarks/results: all recipes in one table, best first."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gannet.comparison.result import Row, Summary, badness, summarise
from gannet.discovery import components
from gannet.evaluation.table import ARROWS, written
from gannet_dev.docs.measured import read_comparison, read_measured
from gannet_dev.docs.tables import NOTICE, sections_of

COLUMNS = {
    "points": ("modes", "high_quality", "reverse_kl", "spread", "sliced_w"),
    "images": ("fd", "is", "precision", "recall", "accuracy"),
}
"""Metrics of the table, if measured; the page of each method has all metrics."""
ORDER = {"points": "sliced_w", "images": "fd"}
"""The metric that orders the recipes."""


def comparisons(root: Path) -> list[Path]:
    """The files of comparisons."""
    return sorted((root / "benchmarks/results").glob("compare-*.json"))


def comparison_page(file: Path, root: Path) -> str:
    """The page of one comparison: protocol, table, sections from benchmarks/results/tables-*.json, and samples."""
    document = json.loads(file.read_text(encoding="utf-8"))
    kind, data = document["data"]["form"]["kind"], document["data"]["source"]
    rows = {m.recipe: list(m.rows) for m in read_comparison(document, file.name)}
    picture = f"{file.stem}.png"
    sections = [
        NOTICE,
        f"# {data}: {len(rows)} recipes, {len(document['seeds'])} seed{'s' if len(document['seeds']) > 1 else ''}",
        _protocol(document),
        _table(rows, document, kind),
        f"Ordered by the mean of {ORDER[kind]}. Each cell shows mean ± standard deviation over the seeds, and in "
        "brackets the worst seed or the number of runs with a value. `real data` is the real-data reference. All "
        f"values with their protocols: [{file.name}](../../benchmarks/results/{file.name}).",
    ]
    if again := document.get("replaced"):
        names = " and ".join(f"`{name}`" for name in again)
        sections.append(
            f"Trained again later, with another default: {names}. Data, seeds, measurement and the kind of machine are "
            "the same."
        )
    sections += sections_of(file.stem, file.parent, read_measured(file.parent))
    if (root / "docs/pictures" / picture).is_file():
        sections.append(f"![Samples of every recipe and seed](../pictures/{picture})")
    return "\n\n".join(sections) + "\n"


def _protocol(document: dict[str, Any]) -> str:
    environment, data = document["environment"], document["data"]
    names = ",".join(_named(entry["recipe"]) for entry in document["recipes"])
    keys = "".join(
        f" data.{key}={value}" for key, value in data["arguments"].items() if not isinstance(value, list | dict | None)
    )
    steps, batches = ({entry[name] for entry in document["recipes"]} for name in ("steps", "batch_size"))
    budget = f" --steps {steps.pop()}" if len(steps) == 1 else ""
    keys += f" batch_size={batches.pop()}" if len(batches) == 1 else ""
    seeds = ",".join(map(str, document["seeds"]))
    device = (
        f"{environment['device']} ({environment['cpu_capability']}), {environment['threads']} thread, torch "
        f"{environment['torch']}"
    )
    differ = document["budgets_differ_in"]
    budgets = (
        f"Other keys have the recipes' defaults, so budgets differ in {', '.join(differ)}."
        if differ
        else "Equal budgets."
    )
    return (
        f"```\ngannet compare {data['source']} --recipes {names} --seeds {seeds}{budget}{keys}\n```\n\n"
        f"Machine: {device}, shared with other work, so the seconds are overestimated. {budgets}"
    )


def _table(rows: dict[str, list[Row]], document: dict[str, Any], kind: str) -> str:
    summaries = summarise([row for mine in rows.values() for row in mine])
    by_key = {(s.recipe, s.metric): s for s in summaries}
    metrics = [metric for metric in COLUMNS[kind] if any(s.metric == metric for s in summaries)]
    examples = {metric: next(s for s in summaries if s.metric == metric) for metric in metrics}
    budgets = {entry["recipe"]: entry for entry in document["recipes"]}
    # A sample of most recipes costs one call of a network.
    costs = ["evaluations per sample"] if any(entry.get("evaluations", 1) > 1 for entry in budgets.values()) else []
    heads = [
        "recipe",
        "batch",
        "steps",
        *costs,
        *(f"{examples[m].label} {ARROWS[examples[m].better]}" for m in metrics),
        "seconds",
    ]
    lines = [f"| {' | '.join(heads)} |", "|" + "---|" * len(heads)]
    for recipe in sorted(rows, key=lambda name: _rank(by_key.get((name, ORDER[kind])))):
        entry = budgets[recipe]
        seconds = f"{entry['seconds']['mean']:.0f}" if entry["seconds"] else "-"
        cells = [_cell(by_key.get((recipe, metric))) for metric in metrics]
        line = [
            _name(recipe),
            str(entry["batch_size"]),
            str(entry["steps"]),
            *(str(entry.get("evaluations", 1)) for _ in costs),
            *cells,
            seconds,
        ]
        lines.append(f"| {' | '.join(line)} |")
    references = [_reference([s for s in summaries if s.metric == metric]) for metric in metrics]
    return "\n".join([*lines, f"| real data | | |{' |' * len(costs)} {' | '.join(references)} | |"])


def _named(recipe: str) -> str:
    """The recipe as an argument of `--recipes`: a recipe that is not part of Gannet is a file in benchmarks."""
    return recipe if recipe in components("recipes") else f"benchmarks/{recipe}.py"


def _name(recipe: str) -> str:
    """The name with a link to its page, if any."""
    return f"[`{recipe}`](../methods/{recipe}.md)" if recipe in components("recipes") else f"`{recipe}`"


def _rank(summary: Summary | None) -> tuple[int, float]:
    """Recipes with values for all runs first, then by the mean."""
    if summary is None or summary.mean is None:
        return 2, 0.0
    return int(summary.count < summary.runs), badness(summary.mean, summary.better, summary.reference)


def _cell(summary: Summary | None) -> str:
    if summary is None or summary.mean is None:
        return "-"
    mean = written(summary.mean, summary.n_fake)
    if summary.count < summary.runs:
        return f"{mean} ({summary.count} of {summary.runs})"
    worst = "-" if summary.worst.value is None else written(summary.worst.value, summary.n_fake)
    return f"{mean} ± {summary.deviation:.2g} ({worst})" if summary.deviation else mean


def _reference(summaries: Sequence[Summary]) -> str:
    references = [s.reference for s in summaries if s.reference is not None]
    return written(sum(references) / len(references), summaries[0].n_fake) if references else "-"
