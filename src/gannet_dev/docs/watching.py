"""The page about the cost of the live view, from benchmarks/results/watching-MODE.json of benchmarks/watching.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from gannet_dev.docs.tables import NOTICE

HEAD = """# The cost of the live view

Measured on a CPU with 2 cores (AVX512), with headless Chromium on the same machine, by `python benchmarks/watching.py
MODE`. Source: benchmarks/results/watching-MODE.json.

| mode | question | measured |
|---|---|---|
"""
REMARKS = (
    "The soak was measured before slow motion, forks and drawing were part of the page, while the machine did other "
    "work (24 steps per second). With events every 0.1 s instead of 0.2 s, the step time increased by 2.2 %."
)


def watching_page(folder: Path) -> str:
    """A row for each mode."""
    rows = [f"| `{mode}` | {' | '.join(row(_read(folder, mode)))} |" for mode, row in MODES.items()]
    return f"{NOTICE}\n\n{HEAD}" + "\n".join(rows) + f"\n\n{REMARKS}\n"


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
        f"{found['median']['watched']:.1f} steps per second; alone {_span(alone)}, watched {_span(watched)})"
    )
    return question, measured


def _recording(found: dict[str, Any]) -> tuple[str, str]:
    def shares(*names: str) -> list[float]:
        return [sum(run["percent"][name] for name in names) for run in found["runs"]]

    drawn = ", ".join(
        f"{share:.1f} % (`{run['recipe']}`)"
        for share, run in zip(shares("record_frames", "record_terms"), found["runs"], strict=True)
    )
    health, control = _span(shares("watch_health"), 1), _span(shares("Control"), 1)
    question = (
        "which share of the training loop's processor time do frames, terms, health checks and control take by default?"
    )
    return question, f"frames and terms {drawn}; health {health} %, control {control} %"


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


MODES = {"attached": _attached, "recording": _recording, "history": _history, "soak": _soak}


def _span(values: list[float], digits: int = 0) -> str:
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"
