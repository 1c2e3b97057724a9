"""Held-out images with what runs make of them: docs/pictures/image-to-image.png and the pictures of the recipes' pages.

usage: GANNET_DATA=FOLDER python scripts/image_to_image_picture.py [RUNS]
       GANNET_DATA=FOLDER python scripts/image_to_image_picture.py --page RUN [RUN ...]

RUNS is the folder runs/image-to-image that benchmarks/image_to_image.py wrote; the picture has a row for every task.
With --page, the picture is docs/pictures/RECIPE.png: input, output and target of eight images for every RUN, and
for super-resolution also bicubic interpolation.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from gannet.figures.grid import image_grid
from gannet.sessions.trained_run import TrainedRun

PICTURES = Path(__file__).parents[1] / "docs" / "pictures"
TASKS = {
    "horses-grayscale": "horses\ncolouring",
    "horses-mask": "horses\ninpainting",
    "horses-downscale": "horses, 4 times larger\npix2pix",
    "horses-super-resolution": "horses, 4 times larger\nsuper-resolution",
    "horses-blur": "horses\ndeblurring",
    "mnist-mask": "MNIST\ninpainting",
    "mnist-downscale": "MNIST\n4 times larger",
    "mnist-blur": "MNIST\ndeblurring",
}
OF_A_ROW = {
    "grayscale": ("grey input", "coloured", "original"),
    "mask": ("with a hole", "filled in", "original"),
    "blur": ("blurred input", "sharpened", "original"),
}
"""Labels of input, output and target on the pages of recipes."""
SHOWN, ON_A_PAGE = 4, 8
SIDE = 32


def all_tasks(runs: Path) -> None:
    """A row for every task."""
    _save(tasks_picture([_row(runs / f"{task}-0") for task in TASKS]), "image-to-image")


def tasks_picture(rows: list[np.ndarray]) -> Image.Image:
    """(3 * SHOWN, 32, 32, 3) for every task."""
    heads = ["input", "output", "target"] * SHOWN
    return image_grid(np.concatenate(rows), 3 * SHOWN, column_labels=heads, row_labels=list(TASKS.values()), scale=2)


def _row(path: Path) -> np.ndarray:
    """(3 * SHOWN, 32, 32, 3) uint8: input, output and target of each image."""
    columns = TrainedRun(path).translations(SHOWN, seed=3)
    return _padded(np.stack(list(columns.values()), axis=1).reshape(-1, *columns["input"].shape[1:]))


def _padded(images: np.ndarray) -> np.ndarray:
    """Grey images become colour, and smaller ones get a margin."""
    before = (SIDE - images.shape[1]) // 2
    sides = before, SIDE - images.shape[1] - before
    padded = np.pad(images, ((0, 0), sides, sides, (0, 0)))
    return np.broadcast_to(padded, (*padded.shape[:3], 3))


def page(paths: list[str]) -> None:
    """Rows of input, output and target for every run of one recipe."""
    runs = [TrainedRun(path) for path in paths]
    recipe = runs[0].plan.recipe_name
    assert all(run.plan.recipe_name == recipe for run in runs)
    rows, labels = list[np.ndarray](), list[str]()
    for run in runs:
        shown = run.translations(ON_A_PAGE, seed=3)
        names = OF_A_ROW.get(run.plan.values["recipe"].get("degradation", ""), tuple(shown))
        if run.game.factor > 1:
            names = "bicubic", "output", "original"
            rows, labels = [*rows, _padded(_blocks(shown["target"], run.game.factor))], [*labels, "input"]
        rows += [_padded(images) for images in shown.values()]
        labels += names
    _save(image_grid(np.concatenate(rows), ON_A_PAGE, row_labels=labels, scale=2), recipe)


def _blocks(images: np.ndarray, factor: int) -> np.ndarray:
    """The images reduced by the factor, with pixels as large as ``factor`` of the original."""
    count, height, width, channels = images.shape
    parts = images.reshape(count, height // factor, factor, width // factor, factor, channels)
    return np.rint(parts.mean(axis=(2, 4))).astype(np.uint8).repeat(factor, axis=1).repeat(factor, axis=2)


def _save(picture: Image.Image, name: str) -> None:
    path = PICTURES / f"{name}.png"
    picture.save(path, optimize=True)
    print(f"wrote {path}, {path.stat().st_size} bytes")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--page"]:
        page(sys.argv[2:])
    else:
        all_tasks(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/image-to-image"))
