"""``gannet invert``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep


def invert(
    path: RunAtStep,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="An image of your own.")],
    keys: Repeated = None,
    out: Annotated[
        Path, typer.Option("-o", metavar="OUT.png", help="Picture; the latent is written next to it as .npz.")
    ] = Path("inverted.png"),
    label: Annotated[
        str | None, typer.Option(metavar="K", help="The class of the image; all classes are tried if omitted.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="S", min=0)] = 0,
    json_output: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    recipe: RecipeFile = None,
) -> int:
    """Find the latent whose sample is nearest to your image.

    Writes the image with its reconstruction, and the latent. The error stands next to that of real held-out images: an
    image like the data that the generator covers well has a similar error.
    """
    import json

    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import reporter_for
    from gannet.errors import UserError
    from gannet.sessions.inverting import invert_file
    from gannet.sessions.trained_run import TrainedRun

    if out.suffix != ".png":
        raise UserError(f"-o {out}: write to a file that ends in .png; the latent is written next to it as .npz.")
    if out.parent != Path() and not out.parent.is_dir():
        raise UserError(f"-o {out}: the folder {out.parent} does not exist.")
    if out.resolve() == file.resolve():
        raise UserError(f"-o {out}: this is the image itself; choose another name.")
    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    with reporter_for(run, quiet=json_output) as reporter:
        found = invert_file(run, file, seed=seed, label=label, progress=reporter.work)
        written = found.save(out)
        reporter.say(found.sentence())
        reporter.say(f"wrote {' and '.join(map(str, written))}")
    if json_output:
        name = None if found.label is None else run.form.class_names[found.label]
        document = {
            "run": run.run.name,
            "step": run.step,
            "error": found.error,
            "label": name,
            "latent": found.latent.tolist(),
        }
        print(
            json.dumps(
                document | {"reference": found.reference, "reference_errors": found.reference_errors}, allow_nan=False
            )
        )
    return 0
