"""The handwritten digits that scikit-learn contains."""

from __future__ import annotations

import gzip
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from gannet.data.base import Progress
from gannet.data.digest import digest_arrays
from gannet.data.image_source import ImageSource
from gannet.data.undecoded_images import Classes, ImageArray


@dataclass(frozen=True, kw_only=True)
class Digits(ImageSource):
    """1,797 real handwritten digits, grey, 8 x 8 pixels: built in, without a download.

    From the test part of the UCI optical digits (Alpaydin and Kaynak 1998, https://doi.org/10.24432/C50P49); levels
    0..16 become 0..255.
    """

    def read(self, progress: Progress) -> ImageArray:
        """The images with the classes 0 to 9."""
        levels, targets = _table()
        pixels = np.rint(levels * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
        labels = targets.astype(np.int64)
        names = tuple(str(i) for i in range(10))
        return ImageArray("digits", digest_arrays([pixels, labels], names), Classes(labels, names), pixels)


def _table() -> tuple[np.ndarray, np.ndarray]:
    """Levels (1797, 64) and targets (1797,): the file of ``sklearn.datasets.load_digits``, without importing
    scikit-learn (1.5 s).
    """
    found = find_spec("sklearn")
    assert found is not None
    assert found.submodule_search_locations is not None
    [folder] = found.submodule_search_locations
    with gzip.open(Path(folder, "datasets", "data", "digits.csv.gz"), "rt", encoding="ascii") as file:
        rows = np.loadtxt(file, delimiter=",")
    return rows[:, :-1], rows[:, -1]
