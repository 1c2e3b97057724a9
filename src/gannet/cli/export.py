"""``gannet export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep


def export(
    path: RunAtStep,
    keys: Repeated = None,
    kind: Annotated[
        str, typer.Option("--format", metavar="torch|onnx|safetensors", help="onnx needs the extra [export].")
    ] = "torch",
    part: Annotated[
        str | None,
        typer.Option(
            "--part", metavar="NAME", help="generator, encoder, classifier or translator; if omitted, what draws."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("-o", metavar="FOLDER", help="A new folder; below RUN if omitted.")
    ] = None,
    recipe: RecipeFile = None,
) -> int:
    """Write a run's EMA generator for programs without Gannet.

    The folder holds the network, a model card (README.md) and a script of a few lines that runs it (load.py). The batch
    size is free, class labels are an input, and the file is compared with PyTorch on 64 samples before it is written.
    """
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import reporter_for
    from gannet.export.export import export as export_run
    from gannet.sessions.trained_run import TrainedRun

    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    with reporter_for(run) as reporter:
        folder = export_run(run, out, kind=kind, part=part)
        reporter.say(f"wrote {folder}/: {', '.join(sorted(file.name for file in folder.iterdir()))}")
    return 0
