"""What the folders of an image set mean: splits and classes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from gannet.data.undecoded_images import Classes
from gannet.errors import UserError

SYNONYMS = {
    "train": ("train", "training", "trainset", "train_set", "train-set"),
    "test": ("test", "testing", "testset", "test_set", "test-set"),
    "val": ("val", "valid", "validation", "validate", "dev", "val_set"),
}
CONTAINERS = {("images",), ("image",), ("imgs",), ("img",)}
"""A folder of such a name, alone in its split, holds all images and is not a class."""
DOMAIN = re.compile(r"(train|test|val)[-_]?([AB])")
"""Unpaired sets name the splits of two domains trainA, trainB, testA and testB."""
SPLIT_OF = {name: split for split, names in SYNONYMS.items() for name in names}


@dataclass(frozen=True)
class Structure:
    """The class and the split of every image."""

    classes: Classes | None
    """The label is -1 in a split without class folders."""
    splits: tuple[str, ...] | None


def split_name(text: str) -> str:
    """The usual name of a split: ``val`` for ``validation``; other names as they are."""
    return SPLIT_OF.get(text.casefold(), text)


def structure(path: Path, names: Sequence[str]) -> Structure:
    """What the folders of the relative ``names`` mean.

    Folders that contain everything else are skipped. Folders called train, test, val and the like are splits, above or
    below the folders of classes; trainA and trainB are the classes A and B of a split.

    Raises:
        UserError: images both in class folders and next to them.
    """
    parts = _with_domains([name.split("/") for name in names])
    splits = _splits(parts, 0)
    while splits is None and len({p[0] for p in parts}) == 1 and all(len(p) > 1 for p in parts):
        parts = _with_domains([p[1:] for p in parts])  # one folder that holds everything is not a class
        splits = _splits(parts, 0)
    level = 0
    if splits is None:
        splits, level = _splits(parts, 1), 1
    if splits is not None:
        parts = [p[:level] + p[level + 1 :] for p in parts]
    if splits is None:
        return Structure(_classes(path, names, parts), None)
    # A test split without labels may stand next to training images in class folders.
    inside = {
        split: {tuple(p[:1]) for s, p in zip(splits, parts, strict=True) if s == split and len(p) > 1}
        for split in set(splits)
    }
    in_folders = {split for split, folders in inside.items() if folders and not folders <= CONTAINERS}
    rows = [row for row, split in enumerate(splits) if split in in_folders]
    found = _classes(path, [names[row] for row in rows], [parts[row] for row in rows])
    if found is None:
        return Structure(None, splits)
    labels = np.full(len(names), -1, dtype=np.int64)
    labels[rows] = found.labels
    return Structure(Classes(labels, found.names), splits)


def _with_domains(parts: list[list[str]]) -> list[list[str]]:
    """trainA/x as train/A/x, if all folders are called so."""
    found = {name: DOMAIN.fullmatch(name) for name in {p[0] for p in parts}}
    if None in found.values() or any(len(p) == 1 for p in parts):
        return parts
    return [[*match.groups(), *p[1:]] for p in parts if (match := found[p[0]])]


def _splits(parts: Sequence[Sequence[str]], level: int) -> tuple[str, ...] | None:
    """The split of every image, if the folders at that level are splits: all of them have the name of one, or two of
    them are train and a held-out split.
    """
    if any(len(p) < level + 2 for p in parts):
        return None
    found = {split_name(p[level]) for p in parts}
    known = found & set(SYNONYMS)
    if found == known or (level == 0 and "train" in known and len(known) > 1):
        return tuple(split_name(p[level]) for p in parts)
    return None


def _classes(path: Path, names: Sequence[str], parts: Sequence[Sequence[str]]) -> Classes | None:
    depths = {len(p) > 1 for p in parts}
    if True not in depths:
        return None
    if len(depths) == 2:
        loose = next(name for name, p in zip(names, parts, strict=True) if len(p) == 1)
        raise UserError(
            f"{path} has images in class folders and next to them ({loose}); move all images into class folders, or "
            f"none."
        )
    class_names, labels = np.unique(np.array([p[0] for p in parts], dtype=object).astype(str), return_inverse=True)
    return Classes(labels.reshape(-1).astype(np.int64), tuple(str(name) for name in class_names))
