"""Class labels from any values: texts, numbers that need not begin with 0, one-hot rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gannet.data.undecoded_images import Classes
from gannet.errors import UserError

NUM_NAMED = 5
WHOLE = re.compile(r"[+-]?\d+(?:\.0*|,0)?")
NUMBER = re.compile(r"[+-]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?")
FEWEST_FOR_MANY = 10
"""A column is not a class if it has more different values than this and than half of the rows."""
# fmt: off
EMPTY = frozenset({
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A", "NA",
    "NULL", "NaN", "None", "n/a", "nan", "null",
})
# fmt: on
"""Texts that stand for a missing label: those of ``pandas.read_csv``."""


def is_class_like(cells: Sequence[str]) -> bool:
    """Whether a column can be a class: texts or whole numbers, of which at least some occur more than once."""
    present = set(cells) - EMPTY
    are_numbers = all(NUMBER.fullmatch(cell) for cell in present)
    if are_numbers and (not are_whole(present) or len(present) == len(cells)):
        return False
    return len(present) <= max(FEWEST_FOR_MANY, len(cells) // 2)


def are_whole(cells: Iterable[str]) -> bool:
    """Whether all are whole numbers, such as 7 and 7.0."""
    return all(WHOLE.fullmatch(cell) for cell in cells)


def classes_of_texts(texts: Sequence[str]) -> Classes:
    """The classes that occur, in the order of numbers if all are integers, else in the order of texts.

    If all are whole numbers, 1.0 is called 1: a table with gaps stores integers so.
    """
    stored = np.array(texts, dtype=object).astype(str)
    names, labels = np.unique(stored, return_inverse=True)
    if any(not name.lstrip("+-").isdecimal() for name in names) and are_whole(names):
        names, labels = np.unique(np.array([re.split("[.,]", name)[0] for name in names])[labels], return_inverse=True)
    order = in_order(names.tolist())
    rank = np.empty(len(order), dtype=np.int64)
    rank[order] = np.arange(len(order))
    return Classes(rank[labels.reshape(-1)], tuple(str(names[i]) for i in order))


def in_order(names: Sequence[str]) -> list[int]:
    """Positions of names, sorted as numbers if all are integers, else as texts."""
    is_number = all(re.fullmatch(r"[+-]?\d+", name) for name in names)
    return sorted(range(len(names)), key=(lambda i: (int(names[i]), names[i])) if is_number else (lambda i: names[i]))


def classes_of_array(labels: np.ndarray, num_samples: int, origin: str, known: Iterable[str] = ()) -> Classes:
    """Classes from an array of one label per sample: integers, whole floats, booleans or texts; (N,), (N, 1), or
    one-hot (N, K).

    The classes are the values that occur, here or in ``known``.

    Raises:
        UserError: another number of labels, numbers with a fraction, or -1 next to other classes, which stands for a
        missing label in many data sets.
    """
    flat = _flat(labels, num_samples, origin)
    if flat.dtype.kind in "SU":
        texts = [
            value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in flat.tolist()
        ]
        if any(text in EMPTY for text in texts):
            raise UserError(
                f"{origin}: {sum(text in EMPTY for text in texts)} labels are empty; each sample needs one."
            )
    else:
        texts = list(map(str, _whole_numbers(flat, origin).tolist()))
    classes = classes_of_texts([*texts, *known])
    return Classes(classes.labels[:num_samples], classes.names)


def _flat(labels: np.ndarray, num_samples: int, origin: str) -> np.ndarray:
    if labels.shape in ((num_samples,), (num_samples, 1)):
        return labels.reshape(-1)
    if labels.ndim == 2 and len(labels) == num_samples and labels.dtype.kind in "biuf":
        if ((labels == 0) | (labels == 1)).all() and (labels.sum(axis=1) == 1).all():
            return labels.argmax(axis=1)
        raise UserError(
            f"{origin}: labels of shape {labels.shape} are not one-hot rows; each sample needs one label. Store the "
            f"column that you want as (N,), or give its number in an .npz file: data.label=1 to {labels.shape[1]}."
        )
    raise UserError(f"{origin}: labels of shape {labels.shape} for {num_samples} samples; each sample needs one label.")


def _whole_numbers(labels: np.ndarray, origin: str) -> np.ndarray:
    if labels.dtype.kind not in "biuf":
        raise UserError(f"{origin}: labels of type {labels.dtype}; labels must be whole numbers or texts.")
    if labels.dtype.kind == "f" and not (np.isfinite(labels).all() and (labels == np.rint(labels)).all()):
        raise UserError(f"{origin}: labels must be whole numbers or texts, and these are numbers with a fraction.")
    whole = labels.astype(np.int64)
    if len(whole) and whole.min() < 0 and set(np.unique(whole).tolist()) != {-1, 1}:
        raise UserError(
            f"{origin}: {int((whole < 0).sum())} labels are negative, which often means unknown; labels must be whole "
            f"numbers from 0 (or -1 and 1), or texts."
        )
    return whole


def require_file_of_labels(path: Path) -> Path:
    """The path, if a file is there.

    Raises:
        UserError: something else has the name of the labels: without this sentence, the images would have no classes.
    """
    if not path.is_file():
        raise UserError(
            f"{path} has the name of the labels, but is not a regular file: replace it by the file, or move it away "
            "to use the images without classes."
        )
    return path
