"""Labels of images in files next to them: dataset.json (StyleGAN), metadata.csv and metadata.jsonl (image folders),
labels.csv and list_attr_celeba (CelebA).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from gannet.data.class_labels import EMPTY, classes_of_texts, is_class_like
from gannet.data.decode import SUFFIXES, BadImage
from gannet.data.text_table import text_of
from gannet.data.undecoded_images import Classes
from gannet.errors import UserError, did_you_mean

if TYPE_CHECKING:
    from gannet.data.listing import Listing

TABLES = ("metadata.csv", "metadata.jsonl", "labels.csv", "list_attr_celeba.csv", "list_attr_celeba.txt")
NAMES = ("dataset.json", "captions.csv", *TABLES)
FILE_COLUMNS = ("file_name", "filename", "file", "image", "image_id", "path", "name", "id")
LABEL_COLUMNS = ("label", "labels", "class", "target", "category")
CAPTION_COLUMNS = ("text", "caption")
MAX_BYTES = 512 * 2**20
NUM_NAMED = 3


@dataclass(frozen=True)
class FileLabels:
    """What the files of labels say."""

    classes: Classes | None = None
    """The label is -1 in a split whose images have no labels."""
    notes: tuple[str, ...] = ()
    """Sentences about attributes that are not used."""


def labels_in(found: Listing, label: str | None, splits: Sequence[str] | None, *, has_folders: bool) -> FileLabels:
    """The class of every image from the files of labels.

    A file in a folder of images is about these; another file is about all images.

    Args:
        found: the files.
        label: the attribute that is the class; None for one called label, or, without class folders, the only one;
            empty for none.
        splits: the split of every image, if any.
        has_folders: the images are in class folders, which count unless the files have a label for every image.

    Raises:
        UserError: a file that cannot be read, an unknown attribute, or images without a label.
    """
    if label == "":
        return FileLabels()
    texts: dict[str, str] = {}
    attributes: dict[str, list[str]] = {}
    files = [name for name in found.others if name.rpartition("/")[2] in NAMES]
    folded = None if label is None else label.casefold()
    for file in files:
        rows = list(_rows(found, file))
        columns = list(dict.fromkeys(key for row in rows for key in row))
        key = next((name for name in FILE_COLUMNS if name in columns), columns[0] if columns else "")
        values = {
            name: [row.get(name, "") for row in rows] for name in columns if name not in (key, *CAPTION_COLUMNS, "")
        }
        attributes |= values
        named = [name for name in values if name == label] or [name for name in values if name.casefold() == folded]
        chosen = _default(values, has_folders) if label is None else named[0] if len(named) == 1 else None
        if chosen is not None:
            texts |= _of_images(found, file, [row.get(key, "") for row in rows], values[chosen])
    where = ", ".join(files) or "no file of labels, such as metadata.csv"
    if label is not None and folded not in {name.casefold() for name in attributes}:
        raise UserError(f"{found.origin}: data.label={label} is not in {where}.{did_you_mean(label, attributes)}")
    if not texts:
        return FileLabels(notes=_unused(found, where, attributes))
    return _labels(found, texts, where, splits, fall_back=has_folders and label is None)


def _default(values: dict[str, list[str]], has_folders: bool) -> str | None:
    """A column called label, or without class folders the only one, unless nearly all its values differ."""
    named = [name for name in LABEL_COLUMNS if name in values]
    options = named[:1] or ([] if has_folders or len(values) != 1 else list(values))
    return next((name for name in options if is_class_like(values[name])), None)


def _unused(found: Listing, where: str, attributes: dict[str, list[str]]) -> tuple[str, ...]:
    if not attributes:
        return ()
    names = list(attributes)
    shown = ", ".join(names[:NUM_NAMED]) + (f" and {len(names) - NUM_NAMED} more" if len(names) > NUM_NAMED else "")
    return (f"{found.origin}: no class is read from {where} ({shown}); data.label=NAME chooses one.",)


def _labels(
    found: Listing, texts: dict[str, str], where: str, splits: Sequence[str] | None, *, fall_back: bool
) -> FileLabels:
    labels = [texts.get(name, "") for name in found.images]
    labelled = {split for split, text in zip(splits or (), labels, strict=False) if text not in EMPTY}
    must = [row for row in range(len(labels)) if splits is None or splits[row] in labelled]
    without = [found.images[row] for row in must if labels[row] in EMPTY]
    if without or not must:
        if fall_back:
            some = f"{found.origin}: {where} has no label for {len(without)} of {len(labels)} images"
            return FileLabels(notes=(f"{some}, so the folders are the classes.",))
        shown = without or list(found.images)
        more = f" and {len(shown) - NUM_NAMED} more" if len(shown) > NUM_NAMED else ""
        raise UserError(
            f"{found.origin}: {len(shown)} of {len(labels)} images have no label in {where} "
            f"({', '.join(shown[:NUM_NAMED])}{more}). Add them, or ignore the labels with data.label= and nothing "
            f"behind it."
        )
    classes = classes_of_texts([labels[row] for row in must])
    numbers = np.full(len(labels), -1, dtype=np.int64)
    numbers[must] = classes.labels
    return FileLabels(Classes(numbers, classes.names))


def _of_images(found: Listing, file: str, names: list[str], values: list[str]) -> dict[str, str]:
    """The values by images: those below the folder of the file, else all."""
    prefix = file.rpartition("/")[0] + "/" if "/" in file else ""
    images = [name for name in found.images if name.startswith(prefix)] or list(found.images)
    look_up = _finder({prefix + name.replace("\\", "/"): value for name, value in zip(names, values, strict=True)})
    return {name: text for name in images if (text := look_up(name)) is not None}


def _finder(by_name: dict[str, str]) -> Callable[[str], str | None]:
    """Labels by the path of an image, else by its name, else by its name without suffix, where these are unique."""
    by_file = _unique((PurePosixPath(name).name, text) for name, text in by_name.items())
    by_stem = _unique((PurePosixPath(name).stem, text) for name, text in by_name.items())

    def look_up(name: str) -> str | None:
        path = PurePosixPath(name)
        places = (by_name, name), (by_file, path.name), (by_stem, path.stem)
        return next((labels[key] for labels, key in places if key in labels), None)

    return look_up


def _unique(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    doubled = set()
    for key, text in pairs:
        if found.setdefault(key, text) != text:
            doubled.add(key)
    return {key: text for key, text in found.items() if key not in doubled}


def _rows(found: Listing, file: str) -> Iterable[dict[str, str]]:
    """The entries of a file as texts."""
    try:
        blob = found.read(file)
    except (BadImage, OSError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{found.origin}/{file} cannot be read as text: {reason}.") from None
    if len(blob) > MAX_BYTES:
        raise UserError(f"{found.origin}/{file} has more than {MAX_BYTES:,} bytes.")
    text = text_of(blob)
    if text is None:
        raise UserError(f"{found.origin}/{file} cannot be read as text: it contains control characters.")
    try:
        if file.endswith("dataset.json"):
            return _of_dataset_json(json.loads(text))
        if file.endswith(".jsonl"):
            entries = [json.loads(line) for line in text.split("\n") if line.strip()]
            return [_texts(entry) for entry in entries if isinstance(entry, dict)]
        return _of_table(text)
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise UserError(f"{found.origin}/{file} is not a valid file of labels: {error}.") from None


def _of_dataset_json(content: Any) -> list[dict[str, str]]:
    """``{"labels": [["00000/img.png", 6], ...]}``; the labels may be null."""
    labels = content.get("labels") if isinstance(content, dict) else None
    if isinstance(labels, dict):
        labels = list(labels.items())
    return [{"file_name": str(name), "label": _text(value)} for name, value in labels or []]


def _of_table(text: str) -> list[dict[str, str]]:
    lines = text.splitlines()
    if lines and lines[0].strip().isdecimal():
        lines = lines[1:]  # list_attr_celeba.txt begins with the number of images, and names the attributes only
    separator = max(",;\t", key=lambda mark: lines[0].count(mark)) if lines else ","
    if lines and separator not in lines[0]:
        cells = [re.split(r"\s+", line.strip()) for line in lines if line.strip()]
    else:
        cells = list(csv.reader(io.StringIO("\n".join(lines), newline=""), delimiter=separator))
    cells = [row for row in cells if any(row)]
    if not cells:
        return []
    header = cells[0] if len(cells) < 2 or len(cells[0]) == len(cells[1]) else ["image_id", *cells[0]]
    if PurePosixPath(header[0]).suffix.lower() in SUFFIXES:  # no line of column names
        header, cells = ["file_name", "label"] if len(header) == 2 else ["file_name", *header[1:]], [[], *cells]
    return [_texts(dict(zip(header, row, strict=False))) for row in cells[1:]]


def _texts(entry: dict[str, Any]) -> dict[str, str]:
    return {str(key).strip(): _text(value) for key, value in entry.items()}


def _text(value: Any) -> str:
    """A label as text; the position of the 1 of a one-hot list."""
    if isinstance(value, list):
        if sorted(value) != [0] * (len(value) - 1) + [1]:
            raise ValueError(f"the label {value} is a list, but not one-hot; each image needs one label")
        value = value.index(1)
    return "" if value is None else str(value).strip()
