"""``gannet table``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def table(
    runs: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN ...",
            help="Measured runs: paths, names in ./runs, RUN@STEP, or the folder of a comparison. Seeds of one method "
            "are one row.",
        ),
    ],
    out: Annotated[
        list[Path] | None,
        typer.Option("-o", metavar="FILE.md|.csv|.tex", help="May be repeated; Markdown on stdout if omitted."),
    ] = None,
    metrics: Annotated[
        str | None, typer.Option(metavar="a,b", help="Metrics to show; all that were measured if omitted.")
    ] = None,
) -> int:
    """Put the score cards of runs into one table.

    Scores that were measured in different ways, or on different data, are refused.
    """
    from gannet.errors import one_line
    from gannet.reports.existing_runs import table_of_runs
    from gannet.reports.score_formats import markdown, require_suffix, save

    for path in out or []:
        require_suffix(path)
    wanted = None if metrics is None else [name.strip() for name in metrics.split(",") if name.strip()]
    made = table_of_runs(runs, wanted)
    for path in out or []:
        save(made, path)
        print(f"wrote {one_line(str(path))}")
    if not out:
        print(markdown(made), end="")
    return 0
