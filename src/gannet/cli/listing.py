"""``gannet list``."""

from __future__ import annotations

from typing import Annotated

import typer


def list_components(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="recipes, losses, regularizers, games, networks, metrics, data, priors, encodings, augmentations"
        ),
    ],
) -> int:
    """Everything of one kind, with what it is."""
    from rich.console import Console
    from rich.table import Table

    from gannet.discovery import BASES, components
    from gannet.errors import UserError, did_you_mean

    if kind not in BASES:
        raise UserError(f"Cannot list {kind!r}.{did_you_mean(kind, BASES)}")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column()
    for component in components(kind).values():
        table.add_row(component.name, component.summary)
    Console(highlight=False, markup=False).print(table)
    return 0
