"""``gannet report``."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gannet.cli.resume import RunAtStep

if TYPE_CHECKING:
    from gannet.runs.reader import Run


def report(
    path: RunAtStep,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            "-o",
            metavar="FILE",
            help="report.html, sheet.png, numbers.csv, curves.svg|.pdf, training.gif|.webp|.mp4; may be repeated; "
            "RUN/report[-STEP].html if omitted.",
        ),
    ] = None,
    gif: Annotated[Path | None, typer.Option(metavar="training.gif", help="Also write the animation.")] = None,
) -> int:
    """Write a self-contained HTML report of a run or comparison.

    The suffix of -o selects another format: a contact sheet (.png), all numbers (.csv), the curves for a paper (.svg,
    .pdf) or an animation (.gif, .webp, .mp4). RUN@STEP limits the report to the records up to that step, which needs no
    checkpoint. Of a comparison's folder, .md, .csv and .tex are its table.
    """
    from gannet.cli.progress import TerminalReporter
    from gannet.errors import UserError
    from gannet.reports.comparison import is_comparison
    from gannet.reports.curves import save_curves
    from gannet.reports.pictures import MOVING, animate
    from gannet.reports.snapshot import save_sheet
    from gannet.reports.table import save_table
    from gannet.runs.reader import Run as RunDirectory
    from gannet.runs.reader import parse_run

    writers = {".html": _with_verdict, ".png": save_sheet, ".csv": save_table, ".svg": save_curves, ".pdf": save_curves}
    folder, step = parse_run(path)
    if is_comparison(folder) and not RunDirectory.is_at(folder):
        return _report_comparison(folder, out or [folder / "report.html"])
    targets = out or [folder / ("report.html" if step is None else f"report-{step}.html")]
    for target in targets:
        if target.suffix not in (*writers, *MOVING):
            raise UserError(
                f"-o {target}: write to a file that ends in .html (the report), .png (a contact sheet), .csv (all "
                "numbers), .svg or .pdf (the curves), .gif, .webp or .mp4 (an animation)."
            )
    if gif is not None and gif.suffix not in MOVING:
        raise UserError(f"--gif {gif}: write an animation to a file that ends in .gif, .webp or .mp4.")
    run = RunDirectory(folder, until=step)
    with TerminalReporter() as reporter:
        for target in targets if gif is None else [gif, *targets]:
            if target.suffix in MOVING:
                animate(run, target, reporter.work)
            else:
                writers[target.suffix](run, target)
            reporter.say(f"wrote {target}")
    return 0


def _with_verdict(run: Run, target: Path) -> int:
    """The report, with the verdict of `gannet doctor` on the whole run."""
    from gannet.doctor.diagnosis import diagnose
    from gannet.doctor.outcome import MEANINGS
    from gannet.reports.html import report as write_report
    from gannet.reports.verdict import Symptom, Verdict

    if run.until is not None:
        return write_report(run, target)
    diagnosis = diagnose(run.path)
    cause = diagnosis.cause
    found = [Symptom(c.rule, c.severity, c.text, c.steps[0]) for c in diagnosis.complaints]
    advice = "" if cause is None else f"Likely cause: {cause.name}. {cause.text}"
    command = "" if cause is None else cause.command
    verdict = Verdict(diagnosis.outcome, MEANINGS[diagnosis.outcome], found, advice, command)
    return write_report(run, target, verdict)


def _report_comparison(folder: Path, targets: Sequence[Path]) -> int:
    from gannet.errors import UserError, one_line
    from gannet.reports.comparison import report_comparison
    from gannet.reports.comparison_document import read_comparison
    from gannet.reports.score_formats import WRITERS, save
    from gannet.reports.score_table import of_comparison

    for target in targets:
        if target.suffix not in (".html", *WRITERS):
            raise UserError(
                f"-o {target}: write a comparison to a file that ends in .html (the report), .md, .csv or .tex (its "
                f"table)."
            )
    for target in targets:
        if target.suffix == ".html":
            report_comparison(folder, target)
        else:
            save(of_comparison(read_comparison(folder)), target)
        print(f"wrote {one_line(str(target))}")
    return 0
