"""Tables of measured runs: mean, smallest and largest over the seeds, and every seed, from the newest score cards of each run.

usage: python scripts/results_table.py OUT.md RUN [RUN ...]    (measure the runs first: gannet measure RUN)
"""

from __future__ import annotations

import json
import sys
from collections import defaultdict
from pathlib import Path
from statistics import mean

from gannet.runs.reader import Run

Row = dict[str, tuple[float, float | None]]


def newest_cards(run: Run) -> Row:
    return {card["metric"]: (card["value"], card["floor"]) for card in run.scores()}


def fingerprints(run: Run) -> set[tuple[str, str]]:
    return {(card["metric"], card["fingerprint"]) for card in run.scores()}


def seconds(run: Run) -> float:
    return max(event.get("seconds", 0.0) for event in run.events())


def table(runs: list[Run]) -> list[str]:
    names = sorted(newest_cards(runs[0]))
    differing = set.union(*map(fingerprints, runs)) - set.intersection(*map(fingerprints, runs))
    if differing:
        raise SystemExit(f"not the same measurement: {sorted(differing)}")
    lines = ["| seed | " + " | ".join(names) + " | seconds |", "|---|" + "---|" * (len(names) + 1)]
    cards = [newest_cards(run) for run in runs]
    for run, row in zip(runs, cards, strict=True):
        lines.append(f"| {run.record['settings']['seed']} | " + " | ".join(f"{row[n][0]:.4g}" for n in names) + f" | {seconds(run):.0f} |")
    spread = [f"{mean(r[n][0] for r in cards):.4g} ({min(r[n][0] for r in cards):.4g} to {max(r[n][0] for r in cards):.4g})" for n in names]
    lines.append("| **mean (range)** | " + " | ".join(spread) + f" | {mean(map(seconds, runs)):.0f} |")
    lines.append("| real data, mean | " + " | ".join(f"{mean(r[n][1] or 0.0 for r in cards):.4g}" for n in names) + " | |")
    return lines


def main(out: str, *paths: str) -> None:
    groups: dict[tuple[str, str, int], list[Run]] = defaultdict(list)
    for run in sorted(map(Run, paths), key=lambda r: r.record["settings"]["seed"]):
        record = run.record
        groups[record["data"]["source"], record["recipe"], record["arguments"]["steps"]].append(run)
    text = [
        "# Measured on points",
        "",
        "Every seed is shown. `real data` is the floor: the same metric between two sets of real points.",
        "",
    ]
    for (data, recipe, steps), runs in sorted(groups.items()):
        environment = runs[0].record["environment"]
        text += [
            f"## {data}, `{recipe}`, {steps:,} steps",
            "",
            f"`gannet train {data} --recipe {recipe} --steps {steps} --seed S`, then `gannet measure`.",
        ]
        text += [f"{environment['cpu_capability']}, {environment['threads']} thread, torch {environment['torch']}.", "", *table(runs), ""]
    Path(out).write_text("\n".join(text))
    documents = [{"run": r.name, "record": r.record, "cards": r.scores()} for runs in groups.values() for r in runs]
    Path("benchmarks/results").mkdir(exist_ok=True)
    Path("benchmarks/results/points.json").write_text(json.dumps(documents) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
