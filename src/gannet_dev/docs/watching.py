"""The page about the cost of the live view, from benchmarks/results/watching-MODE.json of benchmarks/watching.py."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

from gannet_dev.docs.tables import NOTICE

RECORDING = "recording-cost.json"
PARTS = {
    "guard, events, control, checkpoints": ("guard", "record_terms", "control", "train", "save_checkpoints"),
    "frames": ("record_frames",),
    "health": ("watch_health",),
    "measuring": ("Scores",),
}
"""Column -> observers of the record."""
RECORDING_TEXT = """# The cost of recording

Processor time of what a training does besides its steps, in percent of the time of the steps, in one training with
default keys on one thread ({processor}, {kind}, {date}): `python benchmarks/recording_cost.py`. Source:
benchmarks/results/recording-cost.json. The guard checks the gradients of every turn for values that are not finite.
In the last column, short blocks of steps that record everything alternate with blocks that record nothing and have no
guard: median of the ratios and quartiles, in percent. A block with a measurement costs more than one without."""
HEAD = """# The cost of the live view

Measured on CPUs with 2 cores, with headless Chromium on the same machine, by `python benchmarks/watching.py MODE`.
Source: benchmarks/results/watching-MODE.json.

| mode | question | measured |
|---|---|---|
"""
REMARKS = (
    "The soak was measured before slow motion, forks and drawing were part of the page, while the machine did other "
    "work (24 steps per second)."
)


def watching_page(folder: Path) -> str:
    """A row for each mode."""
    rows = [f"| `{mode}` | {' | '.join(row(_read(folder, mode)))} |" for mode, row in MODES.items()]
    recording = _recording(json.loads((folder / RECORDING).read_text(encoding="utf-8")))
    return f"{NOTICE}\n\n{HEAD}" + "\n".join(rows) + f"\n\n{REMARKS}\n\n{recording}\n"


def _recording(found: dict[str, Any]) -> str:
    """What events, guard, checkpoints, frames, health checks and measuring cost in a whole training."""
    lines = [f"| recipe | data | steps | {' | '.join(PARTS)} | blocks |", "|---" * (len(PARTS) + 4) + "|"]
    for run in found["runs"]:
        sums = [sum(run["percent"].get(name, 0.0) for name in names) for names in PARTS.values()]
        low, high = run["alternating"]["percent_quartiles"]
        costs = " | ".join(f"{share:.1f}" for share in sums)
        blocks = f"{run['alternating']['percent_median']:.1f} ({low:.1f} to {high:.1f})"
        lines.append(f"| `{run['recipe']}` | {run['data']} | {run['steps']:,} | {costs} | {blocks} |")
    machine = found["machine"]
    text = RECORDING_TEXT.format(processor=machine["processor"], kind=machine["instruction_set"], date=found["date"])
    return f"{text}\n\n" + "\n".join(lines)


def _read(folder: Path, mode: str) -> dict[str, Any]:
    return json.loads((folder / f"watching-{mode}.json").read_text(encoding="utf-8"))


def _attached(found: dict[str, Any]) -> tuple[str, str]:
    alone, watched = found["steps_per_second"]["alone"], found["steps_per_second"]["watched"]
    question = (
        f"does an open page slow down training? `{found['recipe']}` on `{found['data']}`, alternately 8 s without and "
        f"with the page, {len(alone)} each"
    )
    measured = (
        f"step time {100 * found['step_time_change']:+.1f} % (medians {found['median']['alone']:.1f} and "
        f"{found['median']['watched']:.1f} steps per second; alone {_span(alone)}, watched {_span(watched)}); "
        f"processor time: server {_share(found, 'server')}, browser {_share(found, 'browser')} of a core"
    )
    return question, measured


def _share(found: dict[str, Any], name: str) -> str:
    return f"{100 * statistics.median(found['share_of_a_core'][name]):.0f} %"


def _history(found: dict[str, Any]) -> tuple[str, str]:
    seconds = ", ".join(f"{value:.1f}" for value in found["seconds"])
    question = f"how long does a new tab take to draw charts and frame of {found['steps']:,} steps?"
    return question, f"{seconds} s; {max(found['heap_megabytes']):.0f} MB of JavaScript memory"


def _soak(found: dict[str, Any]) -> tuple[str, str]:
    rows = found["memory_megabytes"]
    first, last, most = rows[0], rows[-1], max(row["page"] for row in rows)
    question = f"does memory grow in {found['minutes']:.0f} minutes of live training ({last['step']:,} steps)?"
    server = f"server {first['server']:.0f} MB at the start, {last['server']:.0f} MB at the end"
    return (
        question,
        f"{server}; page {first['page']:.0f} MB at the start, {last['page']:.0f} MB at the end, {most:.0f} MB at most",
    )


MODES = {"attached": _attached, "history": _history, "soak": _soak}


def _span(values: list[float], digits: int = 0) -> str:
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"
