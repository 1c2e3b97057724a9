"""One row of images for every task of benchmarks/image_to_image.py: input, output, target of held-out images.

usage: GANNET_DATA=FOLDER python scripts/image_to_image_picture.py [RUNS]

RUNS is the folder runs/image-to-image that benchmarks/image_to_image.py wrote; the picture is
docs/pictures/image-to-image.png.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gannet.figures.grid import image_grid
from gannet.sessions.trained_run import TrainedRun

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "image-to-image.png"
TASKS = (
    "horses-grayscale",
    "horses-mask",
    "horses-downscale",
    "horses-blur",
    "mnist-mask",
    "mnist-downscale",
    "mnist-blur",
)
SHOWN = 4
SIDE = 32


def main(runs: Path) -> None:
    rows = [_row(runs / f"{task}-0") for task in TASKS]
    picture = image_grid(np.concatenate(rows), 3 * SHOWN, column_labels=["input", "output", "target"] * SHOWN, scale=2)
    picture.save(PICTURE)
    print(f"wrote {PICTURE}")


def _row(path: Path) -> np.ndarray:
    """(3 * SHOWN, 32, 32, 3) uint8: input, output and target of each image."""
    columns = TrainedRun(path).translations(SHOWN, seed=3)
    images = np.stack(list(columns.values()), axis=1).reshape(-1, *columns["input"].shape[1:])
    missing = SIDE - images.shape[1]
    padded = np.pad(
        images, ((0, 0), (missing // 2, missing - missing // 2), (missing // 2, missing - missing // 2), (0, 0))
    )
    return np.broadcast_to(padded, (*padded.shape[:3], 3))


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs/image-to-image"))
