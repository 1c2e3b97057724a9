"""Labels of images in files next to them: dataset.json (StyleGAN), metadata.csv and metadata.jsonl (image folders),
labels.csv and list_attr_celeba (CelebA).
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from gannet.data.class_labels import EMPTY, classes_of_texts
from gannet.data.decode import BadImage
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


def labels_in(found: Listing, label: str | None) -> Classes | None:
    """The class of every image from the files of labels, or None without such files.

    Args:
        found: the files.
        label: the attribute that is the class; None for the only one or one called label; empty for none.

    Raises:
        UserError: a file that cannot be read, an unknown attribute, or images without a label.
    """
    if label == "":
        return None
    by_name: dict[str, str] = {}
    attributes: dict[str, None] = {}
    files = [name for name in found.others if name.rpartition("/")[2] in NAMES]
    for file in files:
        rows = list(_rows(found, file))
        columns = list(dict.fromkeys(key for row in rows for key in row))
        key = next((name for name in FILE_COLUMNS if name in columns), columns[0] if columns else "")
        options = [name for name in columns if name not in (key, *CAPTION_COLUMNS)]
        attributes |= dict.fromkeys(options)
        chosen = label if label in options else _default(options) if label is None else None
        folder = file.rpartition("/")[0]
        for row in rows if chosen is not None else ():
            name = row.get(key, "")
            by_name[f"{folder}/{name}" if folder else name] = row.get(chosen or "", "")
    if label is not None and label not in attributes:
        where = ", ".join(files) or "no file of labels, such as metadata.csv"
        raise UserError(f"{found.origin}: data.label={label} is not in {where}.{did_you_mean(label, attributes)}")
    return _classes(found, by_name, files) if by_name else None


def _default(options: list[str]) -> str | None:
    named = [name for name in LABEL_COLUMNS if name in options]
    return named[0] if named else options[0] if len(options) == 1 else None


def _classes(found: Listing, by_name: dict[str, str], files: list[str]) -> Classes:
    look_up = _finder(by_name)
    texts = [look_up(name) for name in found.images]
    without = [name for name, text in zip(found.images, texts, strict=True) if text is None or text in EMPTY]
    if without:
        more = f" and {len(without) - NUM_NAMED} more" if len(without) > NUM_NAMED else ""
        raise UserError(
            f"{found.origin}: {len(without)} of {len(texts)} images have no label in {', '.join(files)} "
            f"({', '.join(without[:NUM_NAMED])}{more}). Add them, or ignore the labels with data.label= and nothing "
            f"behind it."
        )
    return classes_of_texts([text for text in texts if text is not None])


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
        if len(blob) > MAX_BYTES:
            raise UserError(f"{found.origin}/{file} has more than {MAX_BYTES:,} bytes.")
        text = blob.decode("utf-8-sig")
        if file.endswith("dataset.json"):
            return _of_dataset_json(json.loads(text))
        if file.endswith(".jsonl"):
            entries = [json.loads(line) for line in text.split("\n") if line.strip()]
            return [_texts(entry) for entry in entries if isinstance(entry, dict)]
        return _of_table(text)
    except (BadImage, OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise UserError(f"{found.origin}/{file} cannot be read as text: {reason}.") from None
    except (ValueError, TypeError, RecursionError, csv.Error) as error:
        raise UserError(f"{found.origin}/{file} is not a valid file of labels: {error}.") from None


def _of_dataset_json(content: Any) -> list[dict[str, str]]:
    """``{"labels": [["00000/img.png", 6], ...]}``; the labels may be null."""
    labels = content.get("labels") if isinstance(content, dict) else None
    if isinstance(labels, dict):
        labels = list(labels.items())
    rows = []
    for name, value in labels or []:
        if isinstance(value, list):
            if sorted(value) != [0] * (len(value) - 1) + [1]:
                raise ValueError(f"the label of {name} is a list of numbers, but not one-hot")
            value = value.index(1)
        rows.append({"file_name": str(name), "label": _text(value)})
    return rows


def _of_table(text: str) -> list[dict[str, str]]:
    lines = text.splitlines()
    if lines and lines[0].strip().isdecimal():
        lines = lines[1:]  # list_attr_celeba.txt begins with the number of images, and names the attributes only
    if lines and "," not in lines[0] and ";" not in lines[0]:
        cells = [re.split(r"\s+", line.strip()) for line in lines if line.strip()]
        if not cells:
            return []
        header = cells[0] if len(cells) < 2 or len(cells[0]) == len(cells[1]) else ["image_id", *cells[0]]
        return [dict(zip(header, row, strict=False)) for row in cells[1:]]
    delimiter = ";" if lines and ";" in lines[0] else ","
    reader = csv.DictReader(io.StringIO("\n".join(lines), newline=""), delimiter=delimiter)
    return [_texts({key: value for key, value in row.items() if key}) for row in reader]


def _texts(entry: dict[str, Any]) -> dict[str, str]:
    return {str(key).strip(): _text(value) for key, value in entry.items()}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
