"""``gannet report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import Run


def report(
    path: Run,
    out: Annotated[Path | None, typer.Option("-o", metavar="report.html", help="RUN/report.html if left out.")] = None,
    gif: Annotated[Path | None, typer.Option(metavar="training.gif", help="Write the animation too.")] = None,
) -> int:
    """One self-contained HTML file about a run, and its frames as an animation."""
    from gannet.cli.progress import TerminalReporter
    from gannet.runs.reader import Run as RunDirectory
    from gannet.runs.report import animate
    from gannet.runs.report import report as write_report

    run = RunDirectory(path)
    target = out or path / "report.html"
    with TerminalReporter() as reporter:
        animation = gif or path / "training.gif"
        animate(run, animation, reporter.work)
        reporter.say(f"wrote {animation}")
        write_report(run, target, gif=animation)
        reporter.say(f"wrote {target}")
    return 0
