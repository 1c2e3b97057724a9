"""``gannet sample``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep

DIRECTIONS = ("codes", "sefa", "pca")
ROWS, COLUMNS = 3, 10
"""Of each direction of a traversal."""


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
    count: Annotated[
        int | None, typer.Option("-n", min=1, max=1_000_000, help="Number of samples; 64, or 16 in a walk.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", min=0)] = 0,
    label: Annotated[str | None, typer.Option(metavar="K", help="Sample only the class of this name.")] = None,
    caption: Annotated[str | None, typer.Option(metavar="TEXT", help="Draw this caption (text-to-image).")] = None,
    out: Annotated[
        str, typer.Option("-o", metavar="OUT", help="grid.png, folder/ (single images), samples.npz or points.csv.")
    ] = "samples.png",
    interpolate: Annotated[
        bool,
        typer.Option("--interpolate", help="Each row interpolates between two latents; a moving walk in .gif, .mp4."),
    ] = False,
    traverse: Annotated[
        str | None,
        typer.Option(
            "--traverse", metavar="[codes|sefa|pca|DIM]", help="Each row varies one code, direction or coordinate."
        ),
    ] = None,
    truncate: Annotated[
        float | None, typer.Option(metavar="T", help="Typical samples: Gaussian latents from -T to T, or styles at T.")
    ] = None,
    recipe: RecipeFile = None,
) -> int:
    """Draw samples from a run's EMA generator.

    OUT selects the format: a figure (.png), a folder of single PNG images, arrays (.npz), or a table of points (.csv).
    With --interpolate, .gif, .webp and .mp4 are a moving walk through the latents. RUN is sampled at its newest
    checkpoint, RUN@STEP at the checkpoint of that step, RUN@best at that of the lowest FD measured while it trained.
    """
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import reporter_for
    from gannet.sessions.sample_files import MOVING, save_samples, save_traversal, save_walk
    from gannet.sessions.trained_run import TrainedRun
    from gannet.sessions.traversal import rows_in_words

    target = Path(out).expanduser()
    as_folder = out.endswith("/") or not target.suffix or target.is_dir()
    walk = "--interpolate" if interpolate else "--traverse" if traverse is not None else None
    _check_combination(interpolate, traverse, truncate, label, caption)
    _check_target(target, as_folder, walk, MOVING)
    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    with reporter_for(run) as reporter:
        if walk and target.suffix in MOVING:
            save_walk(run, target, count=count or 16, seed=seed, progress=reporter.work)
        elif traverse is not None:
            directions = save_traversal(run, traverse, target, rows=ROWS, columns=COLUMNS, seed=seed)
            reporter.say(rows_in_words(run.game, traverse, directions, ROWS))
        elif walk:
            run.save_picture(run.interpolate(seed=seed), target, columns=10, are_paths=True)
        else:
            how = {"seed": seed, "label": label, "caption": caption, "truncate": truncate}
            save_samples(run, count or 64, target, as_folder=as_folder, progress=reporter.work, **how)
        reporter.say(f"wrote {target}{'/' if as_folder else ''}")
    return 0


def _check_combination(
    interpolate: bool, traverse: str | None, truncate: float | None, label: str | None, caption: str | None
) -> None:
    from gannet.errors import UserError

    walks = {"--interpolate": interpolate, "--traverse": traverse is not None}
    for one_of in (walks, {"--label": label is not None, "--caption": caption is not None}):
        if all(one_of.values()):
            raise UserError(f"{' and '.join(one_of)} cannot be combined: give one of them.")
    if not any(walks.values()):
        return
    if truncate is not None:
        raise UserError("--truncate applies to independent samples: omit --interpolate and --traverse.")
    if label is not None or caption is not None:
        flag = "--interpolate" if interpolate else "--traverse"
        raise UserError(f"{flag} draws all classes or captions: omit --label and --caption.")


def _check_target(out: Path, as_folder: bool, walk: str | None, moving: tuple[str, ...]) -> None:
    from gannet.errors import UserError

    allowed = (".png", ".npz", ".csv") if walk is None else (".png", *moving) if walk == "--interpolate" else (".png",)
    if walk is not None and (as_folder or out.suffix not in allowed):
        more = ", or a moving walk to a .gif, .webp or .mp4 file" if walk == "--interpolate" else ""
        raise UserError(f"-o {out}: {walk} draws into an image: write to a .png file{more}.")
    if not as_folder and out.suffix not in allowed:
        more = " With --interpolate, it is a moving walk." if out.suffix in moving else ""
        raise UserError(
            f"-o {out}: write to a file that ends in .png (an image), .npz (arrays) or .csv (points), or to a folder/ "
            f"(single images).{more}"
        )
    if out.parent != Path() and not out.parent.is_dir():
        raise UserError(f"-o {out}: the folder {out.parent} does not exist.")
