"""``gannet sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep

DIRECTIONS = ("codes", "sefa", "pca")


class SampleCommand(TyperCommand):
    """``gannet sample``; ``--traverse`` alone means ``--traverse codes``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Add the value that is left out."""
        following = [*args[1:], ""]
        is_alone = [
            word == "--traverse" and not (n in DIRECTIONS or n.isdecimal())
            for word, n in zip(args, following, strict=False)
        ]
        return super().parse_args(
            ctx,
            [w for word, bare in zip(args, is_alone, strict=True) for w in ([word, DIRECTIONS[0]] if bare else [word])],
        )


def sample(
    path: RunAtStep,
    keys: Repeated = None,
    count: Annotated[int, typer.Option("-n", min=1, max=1_000_000, help="Number of samples.")] = 64,
    seed: Annotated[int, typer.Option(metavar="S", min=0)] = 0,
    label: Annotated[str | None, typer.Option(metavar="K", help="Sample only the class of this name.")] = None,
    caption: Annotated[str | None, typer.Option(metavar="TEXT", help="Draw this caption (text-to-image).")] = None,
    out: Annotated[Path, typer.Option("-o", metavar="grid.png|samples.npz")] = Path("samples.png"),
    interpolate: Annotated[
        bool, typer.Option("--interpolate", help="Each row interpolates between two latents.")
    ] = False,
    traverse: Annotated[
        str | None,
        typer.Option(
            "--traverse", metavar="[codes|sefa|pca|DIM]", help="Each row varies one code, direction or coordinate."
        ),
    ] = None,
    truncate: Annotated[
        float | None, typer.Option(metavar="T", help="Draw Gaussian latents from -T to T only.")
    ] = None,
    recipe: RecipeFile = None,
) -> int:
    """Draw samples from a run's EMA generator.

    Writes an image (.png) or arrays (.npz). RUN is sampled at its newest checkpoint, RUN@STEP at the checkpoint of that
    step.
    """
    from gannet.cli.keys import parse_keys
    from gannet.cli.progress import TerminalReporter
    from gannet.errors import UserError
    from gannet.sessions.trained_run import TrainedRun
    from gannet.sessions.translation import save_translations, translates

    is_walk = interpolate or traverse is not None
    _check(out, one_of={"--interpolate": interpolate, "--traverse": traverse is not None})
    if is_walk and truncate is not None:
        raise UserError("--truncate applies to independent samples: omit --interpolate and --traverse.")
    if is_walk and (label is not None or caption is not None or out.suffix == ".npz"):
        flag = "--interpolate" if interpolate else "--traverse"
        raise UserError(
            f"{flag} draws all classes or captions into an image: omit --label and --caption, and write to a .png file."
        )
    _check(out, one_of={"--label": label is not None, "--caption": caption is not None})
    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    with TerminalReporter() as reporter:
        for complaint in run.complaints:
            reporter.warned(f"{complaint}: using step {run.step}.")
        if interpolate:
            run.save_picture(run.interpolate(seed=seed), out, columns=10, are_paths=True)
        elif traverse is not None:
            run.save_picture(run.traverse(traverse, seed=seed), out, columns=10)
        elif translates(run) and out.suffix == ".png":
            save_translations(run, count, out, seed=seed)
        else:
            samples, labels = run.sample(count, seed=seed, label=label, caption=caption, truncate=truncate)
            if out.suffix == ".npz":
                run.save_arrays(samples, labels, out)
            else:
                run.save_picture(samples, out, columns=run.columns(count, label, caption), labels=labels)
        reporter.say(f"wrote {out}")
    return 0


def _check(out: Path, *, one_of: dict[str, bool]) -> None:
    from gannet.errors import UserError

    if out.suffix not in (".png", ".npz"):
        raise UserError(f"-o {out}: write to a file that ends in .png (an image) or .npz (arrays).")
    if out.parent != Path() and not out.parent.is_dir():
        raise UserError(f"-o {out}: the folder {out.parent} does not exist.")
    if all(one_of.values()):
        raise UserError(f"{' and '.join(one_of)} cannot be combined: give one of them.")
