"""``gannet measure``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep


def measure(
    path: RunAtStep,
    keys: Repeated = None,
    metrics: Annotated[
        str | None,
        typer.Option(
            metavar="a,b",
            help="Names, such as w1,mmd or fd[mnist-cnn-v1] with an extractor; the default metrics if omitted.",
        ),
    ] = None,
    samples: Annotated[int | None, typer.Option(metavar="N", min=10, max=1_000_000, help="Generated samples.")] = None,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    recipe: RecipeFile = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", metavar="FILE.md|.csv|.tex", help="Write the cards as a table too; may be repeated."),
    ] = None,
) -> int:
    """Measure a run: score cards with a real-data reference.

    RUN is measured at its newest checkpoint, RUN@STEP at the checkpoint of that step. The reference is the same metric
    between two sets of real data. It is one random draw, so generated samples can be better than it by chance.
    """
    import json

    from rich.console import Console

    from gannet.cli.keys import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.errors import UserError
    from gannet.evaluation.table import render
    from gannet.reports.score_formats import require_suffix, save
    from gannet.reports.score_table import Method, score_table
    from gannet.runs.writer import append_scores
    from gannet.sessions.trained_run import TrainedRun

    for file in out or []:
        require_suffix(file)
    names = _names(metrics)
    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    with TerminalReporter(quiet=json_output) as reporter:
        for complaint in run.complaints:
            reporter.warned(f"{complaint}: using step {run.step}.")
        cards, skipped = run.measure(
            names, samples=samples, progress=reporter.work, announce=lambda cost: reporter.say(cost.sentence())
        )
    if names and not cards:
        raise UserError(*skipped)
    append_scores(run.path, cards)
    if out:
        title = f"Scores on {run.run.record.data.name} after {run.step:,} generator steps."
        name, seed = Path(run.run.record.recipe).stem, run.plan.settings.seed
        for file in out:
            save(score_table([Method(name, (seed,), (cards,))], title), file)
    if json_output:
        documents = [card.as_json() for card in cards]
        print(
            json.dumps({"run": run.run.name, "step": run.step, "cards": documents, "skipped": skipped}, allow_nan=False)
        )
    else:
        console = Console(highlight=False)
        console.print(render(cards))
        for sentence in skipped:
            console.print(sentence, markup=False)
    return 0


def _names(metrics: str | None) -> list[str] | None:
    from gannet.errors import UserError

    if metrics is None:
        return None
    # Without duplicates, in the given order.
    names = list(dict.fromkeys(name.strip() for name in metrics.split(",") if name.strip()))
    if not names:
        raise UserError("--metrics is empty: give names, such as --metrics w1,mmd, or omit it for the default metrics.")
    return names
