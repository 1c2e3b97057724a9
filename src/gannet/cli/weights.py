"""``gannet weights``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Add and list user-supplied weights of extractors.", no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="inception or dinov2.")],
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The public weight file; `gannet weights list` shows its address.")
    ],
) -> int:
    """Check the weights in FILE and store them for measuring.

    FILE is checked by its hash. Nothing is downloaded.
    """
    from gannet.errors import in_shell
    from gannet.features import user_weights

    stored = user_weights.add(name, file)
    print(
        f"{name}: {stored.variant}, sha256 {stored.sha256[:8]}, self-test passed, stored at "
        f"{user_weights.stored_at(name)}"
    )
    print(f"use it with: {in_shell('gannet', 'measure', 'RUN', '--metrics', f'fd[{name}]')}")
    return 0


@app.command("list")
def list_weights() -> int:
    """List extractors with user-supplied weights.

    Shows whether the weights are present, their sha256, and their public address.
    """
    from gannet.errors import UserError
    from gannet.features import user_weights

    for name, known in user_weights.USER_SUPPLIED.items():
        try:
            stored = user_weights.find(name)
        except UserError:
            state = "damaged: add it again"
        else:
            expected = " or ".join(f"{variant} {digits[:8]}" for digits, variant in known.files.items())
            state = (
                f"missing (sha256 of {expected})"
                if stored is None
                else f"present: {stored.variant}, sha256 {stored.sha256[:8]}"
            )
        print(f"{name}\n  what     {known.what}\n  weights  {state}\n  source   {known.source}")
    return 0
