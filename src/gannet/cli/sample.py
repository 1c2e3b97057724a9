"""``gannet sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep


def sample(
    path: RunAtStep,
    keys: Repeated = None,
    count: Annotated[int, typer.Option("-n", min=1, max=1_000_000, help="Number of samples.")] = 64,
    seed: Annotated[int, typer.Option(metavar="S", min=0)] = 0,
    label: Annotated[str | None, typer.Option(metavar="K", help="Sample only the class of this name.")] = None,
    caption: Annotated[str | None, typer.Option(metavar="TEXT", help="Draw this caption (text-to-image).")] = None,
    out: Annotated[Path, typer.Option("-o", metavar="grid.png|samples.npz")] = Path("samples.png"),
    interpolate: Annotated[bool, typer.Option("--interpolate", help="Each row interpolates between two latents.")] = False,
    traverse: Annotated[bool, typer.Option("--traverse", help="Each row varies one code over its range (infogan).")] = False,
    recipe: RecipeFile = None,
) -> int:
    """Draw samples from a run's EMA generator.

    Writes an image (.png) or arrays (.npz). RUN is sampled at its newest checkpoint, RUN@STEP at the checkpoint of that step.
    """
    from gannet.cli.keys import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.errors import UserError
    from gannet.sessions.trained_run import TrainedRun

    if out.suffix not in (".png", ".npz"):
        raise UserError(f"-o {out}: write to a file that ends in .png (an image) or .npz (arrays).")
    if out.parent != Path() and not out.parent.is_dir():
        raise UserError(f"-o {out}: the folder {out.parent} does not exist.")
    if interpolate and traverse:
        raise UserError("--interpolate and --traverse cannot be combined: give one of them.")
    if (interpolate or traverse) and (label is not None or caption is not None or out.suffix == ".npz"):
        flag = "--interpolate" if interpolate else "--traverse"
        raise UserError(f"{flag} draws all classes or captions into an image: omit --label and --caption, and write to a .png file.")
    if label is not None and caption is not None:
        raise UserError("--label and --caption cannot be combined: give one of them.")
    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    with TerminalReporter() as reporter:
        for complaint in run.complaints:
            reporter.warned(f"{complaint}: using step {run.step}.")
        if interpolate:
            run.save_picture(run.interpolate(seed=seed), out, columns=10, are_paths=True)
        elif traverse:
            run.save_picture(run.traverse(seed=seed), out, columns=10)
        else:
            samples, labels = run.sample(count, seed=seed, label=label, caption=caption)
            if out.suffix == ".npz":
                run.save_arrays(samples, labels, out)
            else:
                run.save_picture(samples, out, columns=run.columns(count, label, caption), labels=labels)
        reporter.say(f"wrote {out}")
    return 0
