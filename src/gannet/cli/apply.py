"""``gannet apply``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gannet.cli.resume import RecipeFile, Repeated, RunAtStep


def apply(
    path: RunAtStep,
    images: Annotated[Path, typer.Argument(metavar="FILE|FOLDER", help="An image, or a folder of images.")],
    keys: Repeated = None,
    out: Annotated[
        Path | None,
        typer.Option("-o", metavar="OUT", help="A file or folder; by default NAME-RUN here, with --to NAME-RUN-CLASS."),
    ] = None,
    to: Annotated[
        str | None, typer.Option(metavar="CLASS", help="The class to translate to, for runs between classes.")
    ] = None,
    recipe: RecipeFile = None,
) -> int:
    """Translate your own images with an image-to-image run.

    Images of any size are translated in overlapping tiles. Names, size, transparency and orientation are kept, earlier
    results are replaced. A file that cannot be used is reported, the others are done, and the exit status is 2.
    """
    from gannet.cli.key_values import parse_keys
    from gannet.cli.progress import reporter_for
    from gannet.errors import Mistake, UserError, counted
    from gannet.sessions.trained_run import TrainedRun
    from gannet.sessions.translation import destinations, find_images, folder_of, target_class, translate_file

    run = TrainedRun(path, recipe_file=recipe, keys=parse_keys(keys or []))
    label = target_class(run, to)
    made_by = "-".join(filter(None, (run.run.name, to)))
    files = find_images(images, folder_of(images, out, made_by) if images.is_dir() else None)
    places = destinations(files, images, out, made_by)
    problems: list[Mistake] = []
    written = 0
    with reporter_for(run) as reporter:
        for file, place in places.items():
            try:
                what = translate_file(run, file, place, label=label, progress=reporter.work)
            except UserError as problem:
                problems += problem.mistakes
            else:
                written += 1
                reporter.say(f"wrote {place} ({what})")
        if images.is_dir():
            counts = f"{counted(written, 'image')} written to {folder_of(images, out, made_by)}"
            if problems:
                problems.append(f"{counts}, {counted(len(files) - written, 'file')} not: reasons above.")
            else:
                reporter.say(f"{counts}.")
    if problems:
        raise UserError(*problems)
    return 0
