"""``gannet report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import RunAtStep


def report(
    path: RunAtStep,
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", metavar="report.html|sheet.png|numbers.csv", help="May be repeated; RUN/report[-STEP].html if omitted."),
    ] = None,
    gif: Annotated[Path | None, typer.Option(metavar="training.gif", help="Also write the animation.")] = None,
) -> int:
    """Write a self-contained HTML report of a run.

    The suffix of -o selects another format: a contact sheet (.png) or all numbers (.csv). RUN@STEP limits the report to the records up
    to that step, which needs no checkpoint.
    """
    from gannet.cli.progress import TerminalReporter
    from gannet.errors import UserError
    from gannet.reports.html import animate
    from gannet.reports.html import report as write_report
    from gannet.reports.snapshot import save_sheet
    from gannet.reports.table import save_table
    from gannet.runs.reader import Run as RunDirectory
    from gannet.runs.reader import parse_run

    writers = {".html": write_report, ".png": save_sheet, ".csv": save_table}
    folder, step = parse_run(path)
    targets = out or [folder / ("report.html" if step is None else f"report-{step}.html")]
    for target in targets:
        if target.suffix not in writers:
            raise UserError(f"-o {target}: write to a file that ends in .html (the report), .png (a contact sheet) or .csv (all numbers).")
    run = RunDirectory(folder, until=step)
    with TerminalReporter() as reporter:
        if gif is not None:
            animate(run, gif, reporter.work)
            reporter.say(f"wrote {gif}")
        for target in targets:
            writers[target.suffix](run, target)
            reporter.say(f"wrote {target}")
    return 0
