"""Samples of the recommended recipe for images on three sets, docs/pictures/recommended.png.

usage: python scripts/recommended_picture.py MNIST_RUN FASHION_RUN CIFAR_OUT

The runs are those of docs/results/images.md (`gannet train path/to/mnist --steps 14000`; Fashion-MNIST, 6,000 steps);
CIFAR_OUT.npy has the samples of `benchmarks/cifar10.py train` (3,600 processor seconds, with class labels). Each column
is a class and no sample was chosen: the first two rows that the seed draws.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import gannet
from gannet.figures.comparison import comparison_sheet
from gannet.figures.grid import image_grid

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "pictures" / "recommended.png"
CLASSES = 10
ROWS = 2
COUNT = CLASSES * ROWS


def main() -> None:
    mnist, fashion, cifar = sys.argv[1:]
    named = [
        ("MNIST", gannet.load(mnist).sample(COUNT)[0]),
        ("Fashion-MNIST", gannet.load(fashion).sample(COUNT)[0]),
        ("CIFAR-10 (airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck)", np.load(f"{cifar}.npy")),
    ]
    rows = [(name, [image_grid(of_32(np.asarray(images)[:COUNT]), CLASSES, scale=2)]) for name, images in named]
    comparison_sheet(rows, ["one column for each class"]).save(PICTURE, optimize=True)


def of_32(images: np.ndarray) -> np.ndarray:
    """A black border around images of 28 x 28, whose background is black."""
    border = (32 - images.shape[1]) // 2
    return np.pad(images, [(0, 0), (border, border), (border, border), (0, 0)])


if __name__ == "__main__":
    main()
