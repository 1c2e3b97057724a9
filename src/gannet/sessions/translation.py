"""Translate a user's own images with a trained run: a file, or all images in a folder."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gannet.data.base import Progress, silent
from gannet.data.decode import BadImage
from gannet.data.listing import listing, read_file
from gannet.data.own_image import own_image
from gannet.errors import UserError
from gannet.figures.sheet import side_by_side
from gannet.files import written_whole
from gannet.games.base import Translates
from gannet.sessions.tiles import in_tiles
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating, translation_grid

MAX_PIXELS = 64_000_000
"""Of an output."""
FORMATS = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".bmp": "BMP",
    ".webp": "WEBP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
}
OPTIONS = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True, "exact": True}}
OPAQUE = frozenset({"JPEG", "BMP"})
"""Formats without transparency."""


def translates(run: TrainedRun) -> bool:
    """Whether the run turns images into images."""
    return isinstance(run.game, Translates)


def require_translator(run: TrainedRun) -> Translates:
    """The game of a run that translates images.

    Raises:
        UserError: it does not.
    """
    if not isinstance(run.game, Translates):
        raise UserError(
            f"{run.path} does not translate images: it generates them from noise. Train a run with --recipe pix2pix, "
            "super-resolution or cyclegan."
        )
    return run.game


def target_class(run: TrainedRun, name: str | None) -> int | None:
    """The number of the class to translate to; None if the run does not translate between classes.

    Raises:
        UserError: the class is missing, unknown, or not needed.
    """
    game = require_translator(run)
    names = ", ".join(run.form.class_names)
    if not game.num_targets:
        if name is not None:
            raise UserError(f"--to {name}: {run.path} does not translate between classes; omit --to.")
        return None
    if name not in run.form.class_names:
        given = "--to is missing" if name is None else f"--to {name}: no such class"
        raise UserError(f"{given}. {run.path} translates to one of its classes: {names}.")
    return run.form.class_names.index(name)


def save_translations(run: TrainedRun, count: int, path: Path, *, seed: int = 0) -> None:
    """Write a nearly square grid of about ``count`` images as PNG: inputs, outputs and targets of held-out images in
    columns.

    Raises:
        UserError: the data are missing, or the file cannot be written.
    """
    from gannet.figures.grid import image_grid

    shown, across = translation_grid(count)
    columns = run.translations(shown, seed=seed)
    picture = image_grid(side_by_side(columns), across * len(columns), column_labels=list(columns) * across)
    with written_whole(path) as file:
        picture.save(file, "PNG")


def find_images(path: Path, out: Path | None = None) -> list[Path]:
    """The file itself, or all files below the folder whose names end like an image, sorted. Hidden files, hidden
    folders and the folder ``out``, which holds earlier results, are left out.

    Raises:
        UserError: nothing there.
    """
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UserError(f"There is no file or folder at {path}.")
    found = [path / name for name in listing(path).images]
    earlier = None if out is None else out.resolve()
    if earlier is not None and earlier != path.resolve():
        found = [file for file in found if earlier not in file.resolve().parents]
    if not found:
        raise UserError(f"{path} contains no images: no name of a file ends in .png, .jpg, .webp, .tif or the like.")
    return found


def destinations(files: list[Path], given: Path, out: Path | None, made_by: str) -> dict[Path, Path]:
    """Where the image of each file is written; names stay as they are.

    A file goes to ``out``, by default ``NAME-MADE_BY.SUFFIX`` in the working directory; ``out`` can be a folder. The
    files of a folder go to the folder ``out``, by default ``FOLDER-MADE_BY``, at the same places below it. ``made_by``
    is the name of the run, and of the class that it translates to, if any. GIF becomes PNG.

    Raises:
        UserError: an input would be overwritten, two results would have one name, ``out`` is a file although ``given``
            is a folder, or ``out`` ends like no format that can be written.
    """
    if given.is_dir():
        if out is not None and out.exists() and not out.is_dir():
            raise UserError(f"-o {out}: this is a file, and the results of a folder need a folder.")
        base = folder_of(given, out, made_by)
        places = {file: _suited(base / file.relative_to(given)) for file in files}
    elif out is None or out.is_dir() or not out.suffix:
        name = f"{given.stem}-{_in_a_name(made_by)}{given.suffix}" if out is None else given.name
        places = {given: _suited((out or Path()) / name)}
    else:
        if out.suffix.lower() not in FORMATS:
            raise UserError(f"-o {out}: cannot write {out.suffix} files. Allowed: {', '.join(FORMATS)}, or a folder.")
        places = {given: out}
    inputs = {os.path.realpath(file) for file in files}
    for place in places.values():
        if os.path.realpath(place) in inputs:
            raise UserError(f"{place} is an input and would be overwritten: choose another place with -o.")
    first = {place: file for file, place in reversed(places.items())}
    for file, place in places.items():
        if first[place] != file:
            raise UserError(f"{first[place]} and {file} would both be written to {place}: rename one of them.")
    return places


def folder_of(given: Path, out: Path | None, made_by: str) -> Path:
    """Where the results of a folder go."""
    return out or Path(f"{given.resolve().name}-{_in_a_name(made_by)}")


def translate_file(
    run: TrainedRun, file: Path, out: Path, *, label: int | None = None, progress: Progress = silent
) -> str:
    """Translate one image file and write the result; returns its width and height and what was not used, in words.

    The image keeps its size (times the factor of super-resolution), its transparency and its colour profile; it is
    rotated by its EXIF orientation. It becomes grey if the run works on grey images, and has 8 bits. Of several frames
    or pages the first is used.

    Args:
        run: a run that translates.
        file: the image.
        out: where to write; the suffix determines the format.
        label: class to translate to, if the run translates between classes.
        progress: called during long work.

    Raises:
        UserError: the file is not a usable image, or the result cannot be written.
    """
    try:
        own = own_image(read_file(file))
    except BadImage as problem:
        raise UserError(f"{file}: {problem}.") from None
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror or error}).") from None
    try:
        made = translate_image(run, own.colours, own.alpha, label=label, progress=progress)
    except UserError as problem:
        raise UserError(f"{file} {problem}") from None
    format = FORMATS[out.suffix.lower()]
    if format in OPAQUE and made.mode in ("LA", "RGBA"):
        raise UserError(
            f"{file} is transparent, and {format} cannot store that: give this file alone, with -o NAME.png."
        )
    encoded = BytesIO()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot write {out}: {error.strerror}. Choose another place with -o.") from None
    try:
        profile = own.profile if made.mode in ("RGB", "RGBA") else None
        made.save(encoded, format, icc_profile=profile, **OPTIONS.get(format, {}))
    except (OSError, ValueError):  # WEBP and JPEG have a largest side
        raise UserError(
            f"{file}: {format} cannot store {made.width} x {made.height} pixels: give this file alone, with -o "
            "NAME.png."
        ) from None
    with written_whole(out) as target:
        target.write(encoded.getvalue())
    return ", ".join([f"{made.width} x {made.height}", *own.notes])


@torch.no_grad()
def translate_image(
    run: TrainedRun,
    image: Image.Image,
    alpha: Image.Image | None = None,
    *,
    label: int | None = None,
    progress: Progress = silent,
) -> Image.Image:
    """Translate an image of any size.

    Args:
        run: a run that translates.
        image: mode L or RGB.
        alpha: mode L of the same size, the opacity, if any. It is kept, except by runs that fill in what is
        transparent.
        label: class to translate to, if the run translates between classes.
        progress: called while tiles are translated.

    Raises:
        UserError: the run does not translate, or the image lacks what it needs: the end of a sentence about the image.
    """
    game, channels = require_translator(run), run.form.shape[0]
    pixels = np.array(image.convert("L" if channels == 1 else "RGB")).reshape(image.height, image.width, channels)
    opacity = None if alpha is None else torch.from_numpy(np.asarray(alpha).copy()).float()[None, None] / 255
    inputs = game.of_file(run.form.encode(pixels[None]), opacity)
    labels = None if label is None else torch.tensor([label])
    with evaluating(run.game):

        def translate(tiles: Tensor) -> Tensor:
            return game.translate(tiles, None if labels is None else labels.expand(len(tiles)))

        factor = game.factor
        if factor**2 * image.width * image.height > MAX_PIXELS:
            raise UserError(f"is too large: the result would have more than {MAX_PIXELS:,} pixels.")
        tile = (run.form.shape[1] // factor, run.form.shape[2] // factor)
        made = run.form.decode(game.corrected(in_tiles(translate, inputs, tile, progress), inputs))[0]
    result = Image.fromarray(made[:, :, 0] if channels == 1 else made)
    if alpha is not None and not game.fills_transparency:
        result.putalpha(alpha.resize(result.size, Image.Resampling.BICUBIC) if alpha.size != result.size else alpha)
    return result


def _in_a_name(made_by: str) -> str:
    """The name of a class can be any text."""
    return made_by.replace("/", "-")


def _suited(path: Path) -> Path:
    return path if path.suffix.lower() in FORMATS else path.with_name(f"{path.name}.png")
