"""Samples of a trained run as files: a grid, single images, arrays, a table of points, or a moving walk."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gannet.data.base import Progress, silent
from gannet.errors import UserError
from gannet.figures.animation import FORMATS, require_encoder, save_animation
from gannet.figures.grid import image_grid
from gannet.files import whole_folder, written_whole
from gannet.sessions.trained_run import TrainedRun
from gannet.sessions.translation import save_translations, translates
from gannet.sessions.traversal import traverse

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS = 16_000_000
"""Of a grid; no screen shows more."""
MOVING = FORMATS
"""Suffixes of animations."""
WALK_SECONDS, WALK_FRAMES = 8, 120
UNSAFE = dict.fromkeys(map(ord, '/\\:*?"<>|\0'), "_")
"""Characters that no name of a folder should have."""


def save_samples(
    run: TrainedRun, count: int, path: Path, *, as_folder: bool = False, progress: Progress = silent, **how: Any
) -> None:
    """Write ``count`` samples in the format of the path: .png, .npz, .csv, or a folder of single images.

    Args:
        run: the trained run.
        count: number of samples.
        path: the file or folder, written completely or not at all.
        as_folder: whether the path is a folder.
        progress: called while a folder is written.
        **how: ``seed``, ``label``, ``caption`` and ``truncate``, see :meth:`TrainedRun.sample`.

    Raises:
        UserError: the format does not suit the samples, or the file cannot be written.
    """
    suffix = "" if as_folder else path.suffix
    if translates(run):
        _refuse_for_translations(how)
    if suffix == "" and run.form.kind == "points":
        raise UserError(f"-o {path}: points are not images: write them to a .csv, .npz or .png file.")
    if suffix == ".csv" and run.form.kind == "images":
        raise UserError(f"-o {path}: a .csv file holds points. Write images to a folder, a .npz or a .png file.")
    if suffix == "":
        save_folder(run, count, path, progress=progress, **how)
    elif suffix == ".png" and translates(run):
        _check_grid(run, count, round(count**0.5), path)
        save_translations(run, count, path, seed=how.get("seed", 0))
    else:
        columns = run.columns(count, how.get("label"), how.get("caption"))
        if suffix == ".png" and run.form.kind == "images":
            _check_grid(run, count, columns, path)
        samples, labels = run.sample(count, **how)
        if suffix == ".npz":
            run.save_arrays(samples, labels, path)
        elif suffix == ".csv":
            save_table(run, samples, labels, path)
        else:
            run.save_picture(samples, path, columns=columns, labels=labels)


def save_traversal(run: TrainedRun, what: str, path: Path, *, rows: int, columns: int, seed: int) -> int:
    """Write ``rows`` rows of samples for each direction as PNG; images have labels at their rows and columns.

    Returns:
        The number of directions.

    Raises:
        UserError: a game without latents or codes, an unknown direction, or the file cannot be written.
    """
    found = traverse(run.game, what, rows=rows, columns=columns, seed=seed)
    samples = run.form.decode(found.samples)
    if run.form.kind == "points":
        run.save_picture(samples, path, columns=columns)
    else:
        drawn = image_grid(samples, columns, column_labels=found.column_labels, row_labels=found.row_labels)
        with written_whole(path) as file:
            drawn.save(file, "PNG")
    return len(samples) // (rows * columns)


def _refuse_for_translations(how: dict[str, Any]) -> None:
    """A run that translates images draws neither latents nor conditions.

    Raises:
        UserError: one was asked for.
    """
    if given := [f"--{name}" for name in ("label", "caption", "truncate") if how.get(name) is not None]:
        raise UserError(
            f"{', '.join(given)}: this run translates images, and its samples are translations of real images; omit "
            "it. For your own images, use gannet apply."
        )


def save_folder(run: TrainedRun, count: int, folder: Path, *, progress: Progress = silent, **how: Any) -> None:
    """Write single PNG images, which ``gannet train FOLDER`` reads: those of a class in a folder with its name, and
    captions in ``metadata.jsonl``.

    Raises:
        UserError: the folder contains something, or it cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise UserError(f"-o {folder} exists and is not an empty folder; give another name for these samples.")
    try:
        with whole_folder(folder) as temporary:
            _fill(run, count, temporary, progress, how)
    except OSError as error:
        raise UserError(
            f"Cannot write {folder}: {error.strerror or error}. Choose another path, or free some space."
        ) from None


def _fill(run: TrainedRun, count: int, folder: Path, progress: Progress, how: dict[str, Any]) -> None:
    from PIL import Image

    digits, done, captions = len(str(count - 1)), 0, []
    for samples, labels in run.sample_chunks(count, **how):
        for index, image in enumerate(samples):
            name = f"{done:0{digits}d}.png"
            if labels is not None and labels.dtype.kind != "U":
                kind = run.form.class_names[int(labels[index])].translate(UNSAFE)
                (folder / kind).mkdir(exist_ok=True)
                name = f"{kind}/{name}"
            elif labels is not None:
                captions.append(json.dumps({"file_name": name, "text": str(labels[index])}, ensure_ascii=False))
            Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).save(folder / name)
            done += 1
        progress("writing images", done, count)
    if captions:
        (folder / "metadata.jsonl").write_text("\n".join(captions) + "\n", encoding="utf-8")


def save_table(run: TrainedRun, points: np.ndarray, labels: np.ndarray | None, path: Path) -> None:
    """Write points as CSV with the columns x, y and, of a class-conditional run, label.

    Raises:
        UserError: the file cannot be written.
    """
    with written_whole(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["x", "y", *([] if labels is None else ["label"])])
        names = [] if labels is None else [run.form.class_names[int(label)] for label in labels]
        for index, point in enumerate(points):
            table.writerow([*(f"{value:.7g}" for value in point), *names[index : index + 1]])
        text.detach()


def save_walk(run: TrainedRun, path: Path, *, count: int = 16, seed: int = 0, progress: Progress = silent) -> None:
    """Write a closed walk through the latents, a grid of ``count`` images that change, as .gif, .webp or .mp4.

    Raises:
        UserError: a run of points, a game without latents, no ffmpeg for .mp4, or the file cannot be written.
    """
    if run.form.kind == "points":
        raise UserError(f"-o {path}: a moving walk shows images. Write the paths of points to a .png file.")
    require_encoder(path)
    _check_grid(run, count, run.columns(count), path)
    save_animation(_walking(run, count, seed, progress), path, WALK_SECONDS, WALK_FRAMES, colours=255, hold_last=False)


def _walking(run: TrainedRun, count: int, seed: int, progress: Progress) -> Iterator[Image.Image]:
    from gannet.sessions.pictures import picture_of

    columns = run.columns(count)
    for done, samples in enumerate(run.walk(count, frames=WALK_FRAMES, seed=seed), 1):
        yield picture_of(run, samples, columns)
        progress("drawing the walk", done, WALK_FRAMES)


def _check_grid(run: TrainedRun, count: int, columns: int, path: Path) -> None:
    from gannet.figures.grid import size_of_grid

    width, height = size_of_grid(count, columns, run.form.shape[1], run.form.shape[2])
    if width * height > MOST_PIXELS:
        name = path.with_suffix("")
        raise UserError(
            f"-o {path}: a grid of {count:,} images has {width:,} x {height:,} pixels, too many to look at. Write "
            f"single images with -o {name}/, arrays with -o {name}.npz, or fewer samples with -n."
        )
