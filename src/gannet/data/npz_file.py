"""Read samples and labels of NPZ and NPY files under their common names, without unpickling."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import numpy as np

from gannet.data.class_labels import classes_of_array, require_file_of_labels
from gannet.data.undecoded_images import Classes
from gannet.errors import UserError, did_you_mean

SAMPLE_KEYS = ("samples", "images", "x", "arr_0")
LABEL_KEYS = ("labels", "y")
MORE_SAMPLE_KEYS = ("X", "imgs", "image", "data", "features", "pixels")
MORE_LABEL_KEYS = ("label", "Y", "targets", "target", "classes", "arr_1")
IMAGES_IN_NAME, LABELS_IN_NAME = ("imgs", "images"), "labels"
"""KMNIST stores images and labels in two files: kmnist-train-imgs.npz and kmnist-train-labels.npz."""
LONGEST_REASON = 200
SPLIT_FORMS = ("x_{}", "X_{}", "{}_images", "{}_x", "{}_X", "{}_data"), ("y_{}", "Y_{}", "{}_labels", "{}_y", "{}_Y")


def read_npz(path: Path, split: str = "train", label: str | None = None) -> tuple[np.ndarray, Classes | None]:
    """Read the samples of a split, as stored, and their classes.

    Samples are looked for under samples, images, x, arr_0 and similar names, or x_train and x_test (Keras); labels
    under labels, y and similar names, y_train and y_test, or in the file next to it whose name has ``labels`` for
    ``imgs`` (KMNIST). An .npy file holds samples only. A file without splits is the split ``train``. ``label`` names
    another array of labels, or the number from 1 of a column of labels (N, K); empty for none.

    Raises:
        UserError: no such file, not an NPZ file, pickled objects, more than the memory holds, no array under a known
            name, or labels that do not fit.
    """
    if not path.is_file():
        raise UserError(f"{path} does not exist; give an .npz file.")
    try:
        if path.suffix.lower() == ".npy":
            with path.open("rb") as file:
                _refuse_large(path, file, os.stat(path).st_size)
            return _from_split(path, split, np.load(path, allow_pickle=False)), None
        with np.load(path, allow_pickle=False) as stored:
            keys = list(stored.keys())
            sample_key, label_key = _keys(path, keys, split)
            if label and not label.isdecimal():
                label_key = _chosen(path, label, [key for key in keys if key != sample_key])
            samples = _member(path, stored, sample_key)
            labels = _member(path, stored, label_key) if label_key and label != "" else None
    except UserError:
        raise
    except Exception as error:  # on damaged headers, numpy raises exceptions of many types
        raise UserError(_invalid(path, error)) from None
    count = len(samples) if samples.ndim else 0
    if labels is None and label != "":
        labels = _labels_next_to(path)
    if labels is None:
        if label:
            raise UserError(f"{path}: data.label={label} needs labels, and the file has none; leave data.label out.")
        return samples, None
    if labels.shape == (count, 1) or labels.ndim != 2:
        return samples, classes_of_array(labels, count, str(path))
    return samples, classes_of_array(_column(path, labels, label), count, str(path))


def has_split(path: Path, split: str) -> bool:
    """Whether a file has arrays of that split under names such as ``x_test``."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return any(key in _forms(SPLIT_FORMS[0], split) for key in stored)
    except Exception:  # what cannot be read is reported when the samples are read
        return False


def _keys(path: Path, keys: list[str], split: str) -> tuple[str, str | None]:
    options, label_options = (*SAMPLE_KEYS, *MORE_SAMPLE_KEYS), (*LABEL_KEYS, *MORE_LABEL_KEYS)
    of_split = next((key for key in _forms(SPLIT_FORMS[0], split) if key in keys), None)
    if of_split is not None:
        return of_split, next((key for key in _forms(SPLIT_FORMS[1], split) if key in keys), None)
    sample_key = next((key for key in options if key in keys), None)
    if sample_key is None or split == "test":
        wanted = ", ".join(SAMPLE_KEYS) if split == "train" else "x_test"
        raise UserError(f"{path} has no array called {wanted}; it holds {', '.join(keys) or 'nothing'}.")
    return sample_key, next((key for key in label_options if key in keys and key != sample_key), None)


def _chosen(path: Path, label: str, keys: list[str]) -> str:
    if label not in keys:
        raise UserError(f"{path}: data.label={label} is not an array of the file.{did_you_mean(label, keys)}")
    return label


def _column(path: Path, labels: np.ndarray, label: str | None) -> np.ndarray:
    """A column of labels (N, K) whose number is ``label``; all of them otherwise."""
    if label is None or not label.isdecimal():
        return labels
    if not 1 <= int(label) <= labels.shape[1]:
        raise UserError(f"{path}: data.label={label}; the labels have the columns 1 to {labels.shape[1]}.")
    return labels[:, int(label) - 1]


def _forms(forms: tuple[str, ...], split: str) -> list[str]:
    return [form.format(split) for form in forms]


def _from_split(path: Path, split: str, samples: np.ndarray) -> np.ndarray:
    if split == "test":
        raise UserError(f"{path} has no test split: an .npy file holds one array.")
    return samples


def _member(path: Path, stored: Any, key: str) -> np.ndarray:
    """One array, whose header is compared with the size of its member before memory is reserved."""
    name = key if key in stored.zip.namelist() else f"{key}.npy"
    with stored.zip.open(name) as file:
        _refuse_large(path, file, stored.zip.getinfo(name).file_size)
    return stored[key]


def _refuse_large(path: Path, file: Any, stored_bytes: int) -> None:
    """Raise a :class:`UserError` if the header announces more bytes than are stored or than the machine has."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    announced = int(np.prod(shape, dtype=object)) * dtype.itemsize
    if dtype.kind != "O" and announced > stored_bytes:
        raise UserError(f"{path} is damaged: an array announces {announced:,} bytes, and {stored_bytes:,} are stored.")
    if announced > memory_bytes():
        raise UserError(f"{path} unpacks to {announced:,} bytes, more than this machine's memory.")


def memory_bytes() -> int:
    """Bytes of memory of this machine."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows
        return 2**36


def _labels_next_to(path: Path) -> np.ndarray | None:
    """The labels in a separate file, as KMNIST has them."""
    for word in IMAGES_IN_NAME:
        name = re.sub(rf"(?<=[-_.]){word}(?=[-_.])", LABELS_IN_NAME, path.name)
        if name != path.name and os.path.lexists(other := path.with_name(name)):
            return _only_array(require_file_of_labels(other))
    return None


def _only_array(path: Path) -> np.ndarray:
    """The array of a file of labels."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            keys = list(stored.keys())
            key = next((key for key in (*LABEL_KEYS, *MORE_LABEL_KEYS, "arr_0") if key in keys), keys[0])
            return _member(path, stored, key)
    except UserError:
        raise
    except Exception as error:  # as in read_npz
        raise UserError(_invalid(path, error)) from None


def _invalid(path: Path, error: Exception) -> str:
    reason = (str(error).strip().partition("\n")[0] or type(error).__name__)[:LONGEST_REASON].rstrip(".")
    return f"{path} is not a valid .npz file of plain arrays: {reason}."
