"""Which images of a source belong to a data set: its split, the held-out share, and the classes that the user names."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gannet.data.base import Progress
from gannet.data.folder_structure import split_name
from gannet.data.undecoded_images import Classes, UndecodedImages, for_every
from gannet.errors import UserError, counted, did_you_mean

FEWEST_HELD_OUT = 2


def split_rows(images: UndecodedImages, split: str | None, share: float | None, progress: Progress) -> np.ndarray:
    """Rows (M,) int64 of a split, in stored order.

    Args:
        images: of all splits.
        split: its name; None for train, or the only split.
        share: of the training images that are held out as the split ``test``: those with the smallest hashes of their
            content, at least two. Equal images are always on the same side, and new images move few others.
        progress: called as images are hashed.

    Raises:
        UserError: an unknown split, or a split without images.
    """
    rows = np.arange(len(images))
    if images.splits is not None:
        rows = _named_rows(images, None if share else split)
    elif not share and split is not None and split_name(split) != "train":
        raise UserError(f"{images.origin} has no folders train and test; leave data.split out, or set data.test=0.1.")
    if share:
        wanted = split_name(split or "train")
        if wanted not in ("train", "test"):
            raise UserError(f"data.split={split}: with data.test={share}, the splits are train and test.")
        digests, problems = for_every(len(rows), lambda i: images.digest(int(rows[i])), "hashing images", progress)
        bad = {row for row, _ in problems}
        found = iter(digests)
        points = [2**200 if i in bad else int(next(found), 16) for i in range(len(rows))]
        count = max(FEWEST_HELD_OUT, round(share * len(points)))
        limit = sorted(points)[min(count, len(points)) - 1]
        is_held_out = np.array([point <= limit for point in points])
        rows = rows[is_held_out if wanted == "test" else ~is_held_out]
    return rows


def _named_rows(images: UndecodedImages, split: str | None) -> np.ndarray:
    counts = Counter(images.splits or ())
    if split is None and "train" not in counts and len(counts) > 1:
        raise UserError(f"{images.origin} has the splits {', '.join(sorted(counts))}; choose one with data.split=NAME.")
    wanted = split_name(split) if split is not None else "train" if "train" in counts else next(iter(counts))
    if wanted not in counts:
        raise UserError(f"{images.origin} has no split {split!r}.{did_you_mean(str(split), counts)}")
    return np.flatnonzero(np.array(images.splits, dtype=object) == wanted)


def of_rows(classes: Classes | None, rows: np.ndarray) -> Classes | None:
    """The classes of some rows; None if these have none."""
    if classes is None or (classes.labels[rows] < 0).any():
        return None
    return Classes(classes.labels[rows], classes.names)


def select(
    origin: str, rows: np.ndarray, classes: Classes | None, text: str | None
) -> tuple[np.ndarray, Classes | None]:
    """Those of ``rows`` whose class is named in ``text`` (all if None), and their classes renumbered 0..K-1.

    Raises:
        UserError: an unknown class, images without classes, or fewer than two selected images.
    """
    if text is None:
        return rows, classes
    if classes is None:
        raise UserError(
            f"{origin}: classes={text} needs images with classes, and these have none; leave data.classes out."
        )
    wanted = sorted(_numbers(str(text), classes.names, origin))
    kept = np.flatnonzero(np.isin(classes.labels, wanted))
    if len(kept) < 2:
        raise UserError(f"{origin}: classes={text} selects {counted(len(kept), 'image')}; at least 2 are needed.")
    labels = np.searchsorted(wanted, classes.labels[kept])
    return rows[kept], Classes(labels.astype(np.int64), tuple(classes.names[i] for i in wanted))


def _numbers(text: str, names: tuple[str, ...], origin: str) -> set[int]:
    if text in names:  # a class name may contain a comma
        return {names.index(text)}
    by_name = {name.casefold(): i for i, name in reversed(list(enumerate(names)))}
    tokens = [token.strip() for token in text.split(",") if token.strip()]
    found = {token: _number(token, names, by_name) for token in tokens}
    unknown = [token for token, number in found.items() if number is None]
    if unknown or not tokens:
        shown = ", ".join(map(repr, unknown)) or "''"
        raise UserError(
            f"{origin}: no class {shown}.{did_you_mean(unknown[0] if unknown else '', names)} Or give label numbers, "
            f"0 to {len(names) - 1}."
        )
    return {number for number in found.values() if number is not None}


def _number(token: str, names: tuple[str, ...], by_name: dict[str, int]) -> int | None:
    if token in names:
        return names.index(token)
    if token.casefold() in by_name:
        return by_name[token.casefold()]
    return int(token) if token.isdecimal() and int(token) < len(names) else None
