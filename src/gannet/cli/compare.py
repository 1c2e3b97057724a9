"""``gannet compare``."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Annotated, Literal

import typer

from gannet.cli.places import from_here
from gannet.cli.train import Keys
from gannet.errors import UserError, one_line

FAILED = 1
"""Exit status if the process of a run ended too early; its row says why, and the same command tries it again."""
MOST_SEEDS = 1000


def compare(
    data: Annotated[
        str, typer.Argument(metavar="DATA", help="ring, grid, gmm, digits, mnist, a path, or hf:owner/name")
    ],
    recipes: Annotated[str, typer.Option(metavar="a,b,...", help="Names of recipes, or FILE.py.")],
    keys: Keys = None,
    seeds: Annotated[
        str, typer.Option(metavar="0,1,2|0-4", help="Every recipe is trained once with each seed.")
    ] = "0,1,2",
    steps: Annotated[
        int | None, typer.Option(metavar="N", help="Generator steps of every run; the recipe's default if omitted.")
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="a,b", help="Names as for gannet measure; the default metrics if omitted.")
    ] = None,
    samples: Annotated[
        int | None, typer.Option(metavar="N", min=10, max=1_000_000, help="Generated samples per run.")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=V1,V2", help="Train every value of a key; may be repeated: all combinations."),
    ] = None,
    jobs: Annotated[
        str | None,
        typer.Option(metavar="N|auto", help="Runs side by side, each in its own process; auto: one per core."),
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(metavar="ray|ADDRESS", help="Train on Ray: a local cluster, or ray://HOST:PORT, HOST:PORT, auto."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for RECIPE/seed-S; runs/compare-DATA if omitted.", callback=from_here),
    ] = None,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> int:
    """Train and measure several recipes and seeds alike.

    If the comparison is stopped, the same command continues it.
    """
    import json

    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.cli.terminal import Terminal
    from gannet.comparison.engines import engine_of
    from gannet.comparison.plan import Measurement, prepare
    from gannet.comparison.table import budget_table, recipe_table, remarks
    from gannet.comparison.telling import Interrupted
    from gannet.comparison.variants import parse_sweep, sweep_advice
    from gannet.comparison.work import carry_out
    from gannet.reports.comparison import PICTURE_FILE
    from gannet.reports.comparison_document import RESULT_FILE

    swept = parse_sweep(sweep or [])
    given = parse_keys(keys or [], steps=steps)
    measurement = Measurement(_names(metrics) if metrics is not None else None, samples)
    numbers = [seed for word in _names(seeds) for seed in _seeds(word)]
    engine, at_once = engine_of(_jobs(jobs), on)
    with TerminalReporter() as reporter:
        try:
            with _signals_raise(Interrupted):
                comparison = prepare(
                    data,
                    _names(recipes),
                    seeds=numbers,
                    given=given,
                    measurement=measurement,
                    out=out,
                    progress=reporter.work,
                    jobs=at_once,
                    sweep=swept,
                )
                result = carry_out(comparison, reporter, engine, at_once=at_once)
        except UserError as error:
            if advice := sweep_advice(error.problems, given):
                raise UserError(*error.problems, *advice) from None
            raise
        except Interrupted as stop:
            reporter.warned("Stopped. The same command continues from here.")
            return 128 + stop.signal
    if json_output:
        print(json.dumps(result.as_json(), allow_nan=False))
    else:
        console = Terminal()
        console.print(budget_table(result), "", recipe_table(result))
        for sentence in remarks(result):
            console.print(one_line(sentence), soft_wrap=True)
        written = f"{result.path / RESULT_FILE}, {PICTURE_FILE}, compare.md, compare.csv and compare.tex"
        console.print(one_line(f"wrote {written}"), soft_wrap=True)
    if all(row.status == "stopped" for row in result.rows):
        return 3
    return 0 if result.complete else FAILED


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _seeds(word: str) -> range:
    """``3`` or ``0-4``."""
    first, dash, last = word.partition("-")
    ends = [first, last] if dash else [first, first]
    if not all(end.isascii() and end.isdigit() for end in ends) or int(ends[0]) > int(ends[1]):
        raise UserError(
            f"--seeds: {word!r} is not a seed; give whole numbers of at least 0, such as --seeds 0,1,2 or --seeds 0-4."
        )
    if int(ends[1]) - int(ends[0]) >= MOST_SEEDS:
        raise UserError(f"--seeds {word} is more than {MOST_SEEDS:,} seeds.")
    return range(int(ends[0]), int(ends[1]) + 1)


def _jobs(word: str | None) -> int | Literal["auto"] | None:
    if word is None or word == "auto":
        return word
    if not word.isascii() or not word.isdigit() or int(word) == 0:
        raise UserError(
            f"--jobs {word}: give the number of runs to train side by side, at least 1, or auto for one per core."
        )
    return int(word)


@contextmanager
def _signals_raise(error: type[BaseException]) -> Iterator[None]:
    """SIGINT and SIGTERM end decoding and measuring at once; training handles them itself and stops between two
    steps.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        raise error(number)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
