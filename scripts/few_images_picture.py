"""Samples of trainings on few images above their nearest training images, docs/pictures/few-images-trained.png.

usage: python scripts/few_images_picture.py EXTRACTOR RUN [RUN ...]

The runs are those of docs/results/few-images.md (benchmarks/few_images.py). No sample was chosen: they are the first
that the seed draws. Nearest in the features of EXTRACTOR.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.spatial.distance import cdist

import gannet
from gannet.features.extractors import features
from gannet.figures.comparison import comparison_sheet
from gannet.figures.grid import image_grid

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "few-images-trained.png"
COLUMNS = 12


def main() -> None:
    extractor, *paths = sys.argv[1:]
    rows = []
    for path in paths:
        run = gannet.load(path)
        record = run.run.record
        files = sorted((Path(record.data.arguments["path"]) / "train").glob("*.png"))
        training = np.stack([np.asarray(Image.open(file).convert("RGB")) for file in files])
        samples = np.broadcast_to(np.asarray(run.sample(COLUMNS)[0]), (COLUMNS, *training.shape[1:]))
        near = training[cdist(features(extractor, samples), features(extractor, training)).argmin(1)]
        shown = image_grid(np.concatenate([samples, near]), COLUMNS, scale=2)
        about = f"{record.recipe}, {len(training):,} images, seed {record.settings['seed']}"
        rows.append((f"{about}; below: the nearest of them", [shown]))
    comparison_sheet(rows, [""]).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
