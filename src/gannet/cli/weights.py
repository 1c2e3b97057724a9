"""``gannet weights``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Weights of feature extractors that you supply.", no_args_is_help=True, rich_markup_mode=None)


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="inception or dinov2.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The public weight file; `gannet weights list` says where it is.")],
) -> int:
    """Check the weights in FILE and keep them for measuring. FILE is checked by its hash; nothing is downloaded."""
    from gannet.errors import in_shell
    from gannet.features import user_weights as brought

    kept = brought.add(name, file)
    print(f"{name}: {kept.variant}, sha256 {kept.sha256[:8]}, self-test passed, kept at {brought.stored_at(name)}")
    print(f"use it with: {in_shell('gannet', 'measure', 'RUN', '--metrics', f'fd[{name}]')}")
    return 0


@app.command("list")
def list_weights() -> int:
    """List extractors with user-supplied weights. Says whether the weights are there, their sha256, and where to get them."""
    from gannet.errors import UserError
    from gannet.features import user_weights as brought

    for name, known in brought.BROUGHT.items():
        try:
            kept = brought.find(name)
        except UserError:
            state = "damaged: add it again"
        else:
            expected = " or ".join(f"{variant} {digits[:8]}" for digits, variant in known.files.items())
            state = f"missing (sha256 of {expected})" if kept is None else f"present: {kept.variant}, sha256 {kept.sha256[:8]}"
        print(f"{name}\n  what     {known.what}\n  weights  {state}\n  source   {known.source}")
    return 0
