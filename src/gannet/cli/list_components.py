"""``gannet list``."""

from __future__ import annotations

from typing import Annotated

import typer


def list_components(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND",
            help=(
                "recipes, losses, regularizers, games, networks, metrics, data or datasets, priors, encodings, "
                "augmentations, degradations, extractors"
            ),
        ),
    ],
) -> int:
    """List all components of one kind with a summary.

    `gannet describe NAME` explains one of them.
    """
    from rich.table import Table

    from gannet.catalogue.kinds import summaries
    from gannet.cli.terminal import Terminal

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for name, summary in summaries(kind).items():
        table.add_row(name, summary)
    Terminal().print(table)
    return 0
