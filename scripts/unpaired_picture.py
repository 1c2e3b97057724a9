"""Held-out photos and what runs of `cyclegan` make of them: docs/pictures/unpaired.png.

usage: GANNET_DATA=FOLDER python scripts/unpaired_picture.py RUN=LABEL [RUN=LABEL ...]

Runs are those of benchmarks/unpaired_photos.py. For each direction the first images of the class in the test set of
CIFAR-10, and below them the outputs of every run. Images are not selected.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gannet.figures.grid import image_grid
from gannet.sessions.trained_run import TrainedRun

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "benchmarks"))
from unpaired_photos import images, translated  # noqa: E402

PICTURE = ROOT / "docs" / "pictures" / "unpaired.png"
SHOWN = 12


def main() -> None:
    if not sys.argv[1:]:
        raise SystemExit(__doc__)
    runs = [(TrainedRun(path), label) for path, _, label in (word.partition("=") for word in sys.argv[1:])]
    names = runs[0][0].form.class_names
    rows, labels = list[np.ndarray](), list[str]()
    for target, name in reversed(list(enumerate(names))):
        other = names[1 - target]
        inputs = images("cifar10-test.zip", other, SHOWN)
        rows.append(inputs)
        labels.append(other)
        for run, label in runs:
            rows.append(translated(run, inputs, target))
            labels.append(f"to {name}\n{label}")
    picture = image_grid(np.concatenate(rows), SHOWN, row_labels=labels, scale=2)
    picture.save(PICTURE, optimize=True)
    print(f"wrote {PICTURE}, {PICTURE.stat().st_size} bytes")


if __name__ == "__main__":
    main()
