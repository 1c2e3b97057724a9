"""Curves of a run as text in a terminal."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gannet.cli.terminal import Terminal, show
from gannet.errors import one_line

if TYPE_CHECKING:
    from gannet.dashboard.library import Watched

BARS = "▁▂▃▄▅▆▇█"
WIDTH, NARROWEST = 40, 6
NUMBERS = 37
"""Columns of the three numbers and the gaps of the table."""
SECONDS = 1.0
MAX_NOTES = 3


def sparkline(values: Sequence[float | None], width: int = WIDTH) -> str:
    """At most ``width`` bars, scaled from the lowest to the highest; each is the mean of a part of the values, or a
    space.
    """
    parts = min(width, len(values))
    means: list[float | None] = []
    for part in range(parts):
        chunk = values[part * len(values) // parts : (part + 1) * len(values) // parts]
        good = [value for value in chunk if value is not None and math.isfinite(value)]
        means.append(sum(good) / len(good) if good else None)
    known = [mean for mean in means if mean is not None]
    if not known:
        return " " * parts
    low, span = min(known), max(known) - min(known)
    return "".join(" " if mean is None else BARS[round((mean - low) / span * 7)] if span else BARS[3] for mean in means)


def follow(run: Watched) -> int:
    """Show a run until it ends or the user stops watching; print it once if the output is not a terminal."""
    console = Terminal()
    run.follower.refresh(at_once=True)
    if not console.is_terminal:
        console.print(_drawn(run, console.width))
        return 0
    try:
        live = Live(_drawn(run, console.width), console=console, auto_refresh=False)
        show(live)
        with live:
            live.refresh()
            while (state := run.state()).is_live or state.word == "empty":
                time.sleep(SECONDS)
                run.follower.refresh(at_once=True)
                live.update(_drawn(run, console.width), refresh=True)
            live.update(_drawn(run, console.width), refresh=True)  # the run may have ended since the last update
    except KeyboardInterrupt:
        print("Training continues.", file=sys.stderr)
    return 0


def _drawn(run: Watched, columns: int) -> Group:
    """The run as text; the bars take what the names and numbers leave of the terminal's columns."""
    about = run.summary()
    steps = f" of {about['steps']:,}" if about["steps"] else ""
    words = f"{about['name']}  {run.state()}, step {about['step']:,}{steps}  ({about['data']}, {about['recipe']})"
    head = Text(one_line(words), style="bold")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title, justify in (
        ("", "left"),
        ("first to now", "left"),
        ("now", "right"),
        ("lowest", "right"),
        ("highest", "right"),
    ):
        table.add_column(title, justify=justify, no_wrap=True)  # type: ignore[arg-type]
    shown = sorted((one_line(one["name"]), one["values"]) for one in run.follower.series(None, None))
    longest = max((len(name) for name, _ in shown), default=0)
    width = min(WIDTH, max(NARROWEST, columns - longest - NUMBERS))
    for name, values in shown:
        good = [value for value in values if value is not None]
        if good and name != "seconds":
            numbers = [f"{value:.4g}" for value in (good[-1], min(good), max(good))]
            table.add_row(name, sparkline(values, width), *numbers)
    notes = [event for event in run.follower.listed() if event.kind in ("health", "warning")][-MAX_NOTES:]
    return Group(
        head, table, *(Text(one_line(f"step {event.step:,}: {event.text}"), style="yellow") for event in notes)
    )
