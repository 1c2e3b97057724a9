"""Read samples and labels of an NPZ file under their common names, without unpickling."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np

from gannet.data.undecoded_images import Classes
from gannet.errors import UserError

SAMPLE_KEYS = ("samples", "images", "x", "arr_0")
LABEL_KEYS = ("labels", "y")


def read_npz(path: Path) -> tuple[np.ndarray, Classes | None]:
    """Read the samples, as stored, and their classes.

    Raises:
        UserError: no such file, not an NPZ file, pickled objects, no array under a known key, or labels that do not
        fit.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist; give an .npz file.")
    try:
        with np.load(path, allow_pickle=False) as stored:
            keys = list(stored.keys())
            sample_key = next((key for key in SAMPLE_KEYS if key in keys), None)
            if sample_key is None:
                raise UserError(
                    f"{path} has no array called {', '.join(SAMPLE_KEYS)}; it holds {', '.join(keys) or 'nothing'}."
                )
            label_key = next((key for key in LABEL_KEYS if key in keys), None)
            samples = stored[sample_key]
            labels = stored[label_key] if label_key else None
    except (OSError, ValueError, EOFError, AttributeError, TypeError, zipfile.BadZipFile, zlib.error) as error:
        raise UserError(f"{path} is not a valid .npz file of plain arrays: {error}.") from None
    return samples, None if labels is None else _classes(path, labels, len(samples) if samples.ndim else 0)


def _classes(path: Path, labels: np.ndarray, num_samples: int) -> Classes:
    if labels.shape != (num_samples,):
        raise UserError(
            f"{path}: labels of shape {labels.shape} for {num_samples} samples; each sample needs one label."
        )
    if labels.dtype.kind not in "iu" or (num_samples and labels.min() < 0):
        raise UserError(f"{path}: labels must be whole numbers from 0.")
    if num_samples and labels.max() > 100_000:
        raise UserError(f"{path}: the label {labels.max()} is too large; number the classes from 0.")
    return Classes(labels.astype(np.int64), tuple(str(i) for i in range(int(labels.max(initial=0)) + 1)))
