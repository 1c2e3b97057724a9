"""``gannet measure``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep

if TYPE_CHECKING:
    from gannet.runs.records import ScoreCard


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
    against: Annotated[
        str | None,
        typer.Option(metavar="DATA", help="The real data, if RUN is a folder or file of samples from anywhere."),
    ] = None,
    recipe: RecipeFile = None,
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", metavar="FILE.md|.csv|.tex", help="Write the cards as a table too; may be repeated."),
    ] = None,
) -> int:
    """Measure a run: score cards with a real-data reference.

    With --against DATA, RUN is a folder, zip, NPZ file or table of samples from anywhere, such as another program.
    Otherwise RUN is measured at its newest checkpoint, RUN@STEP at the checkpoint of that step, RUN@best at that of the
    lowest FD measured while it trained. The reference is the same metric between two sets of real data. It is one
    random draw, so samples can be better than it by chance.
    """
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import reporter_for
    from gannet.errors import UserError
    from gannet.reports.score_formats import require_suffix, save
    from gannet.reports.score_table import Method, score_table
    from gannet.runs.writer import append_scores
    from gannet.sessions.trained_run import TrainedRun

    for file in out or []:
        require_suffix(file)
    names = _names(metrics)
    if against is not None:
        return _measure_files(str(path), against, keys, names, samples, json_output, out or [])
    try:
        run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    except UserError as error:
        if not any("is not a run" in problem for problem in error.problems) or not Path(path).exists():
            raise
        raise UserError(f"{error} To measure the samples in it, add --against DATA, the real data.") from None
    with reporter_for(run, quiet=json_output) as reporter:
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
    _show(cards, skipped, {"run": run.run.name, "step": run.step} if json_output else None)
    return 0


def _measure_files(
    path: str,
    against: str,
    keys: list[str] | None,
    names: list[str] | None,
    samples: int | None,
    json_output: bool,
    out: list[Path],
) -> int:
    """Measure samples from files; nothing is recorded, because there is no run."""
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.errors import UserError
    from gannet.reports.score_formats import save
    from gannet.reports.score_table import Method, score_table
    from gannet.sessions.measuring_files import measure_files

    with TerminalReporter(quiet=json_output) as reporter:
        cards, skipped = measure_files(
            path,
            against,
            keys=parse_keys(keys or []),
            metrics=names,
            count=samples,
            progress=reporter.work,
            announce=lambda cost: reporter.say(cost.sentence()),
        )
    if names and not cards:
        raise UserError(*skipped)
    for file in out:
        save(score_table([Method(Path(path).name, (0,), (cards,))], f"Scores of {path} on {against}."), file)
    _show(cards, skipped, {"samples": path, "against": against} if json_output else None)
    return 0


def _show(cards: list[ScoreCard], skipped: list[str], head: dict[str, object] | None) -> None:
    """Print the cards: as one JSON document that begins with ``head``, or as a table."""
    import json

    from gannet.cli.terminal import Terminal
    from gannet.evaluation.table import render

    if head is not None:
        documents = [card.as_json() for card in cards]
        print(json.dumps({**head, "cards": documents, "skipped": skipped}, allow_nan=False))
        return
    console = Terminal()
    console.print(render(cards))
    for sentence in skipped:
        console.print(sentence)


def _names(metrics: str | None) -> list[str] | None:
    from gannet.errors import UserError

    if metrics is None:
        return None
    # Without duplicates, in the given order.
    names = list(dict.fromkeys(name.strip() for name in metrics.split(",") if name.strip()))
    if not names:
        raise UserError("--metrics is empty: give names, such as --metrics w1,mmd, or omit it for the default metrics.")
    return names
