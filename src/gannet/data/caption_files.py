"""Captions of the images of a folder or zip file: ``metadata.jsonl``, ``metadata.csv`` or ``captions.csv``.

The convention is that of Hugging Face image folders: the field or column ``file_name``, relative to the folder of the
file, and ``text``.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from gannet.data.archives import members
from gannet.data.captions import words_of
from gannet.data.decode import BadImage
from gannet.data.listing import Listing
from gannet.errors import UserError

NAMES = ("metadata.jsonl", "metadata.csv", "captions.csv")
FILE, TEXT = "file_name", "text"
NUM_NAMED = 5
LONGEST_LINE = 2**20


def has_captions(path: Path) -> bool:
    """Whether a folder or zip file contains a file of captions, at its top or in a folder there.

    Only the first line of each candidate is read. A file without the field ``text`` is not a file of captions.
    """
    try:
        if path.is_dir():
            return any(
                _names_text(file.name, _first_line(file))
                for name in NAMES
                for file in (path / name, *path.glob(f"*/{name}"))
            )
        names, read = members(path)
        inside = [name for name in names if name.count("/") <= 1 and name.rpartition("/")[2] in NAMES]
        return any(_names_text(name, read(name).partition(b"\n")[0]) for name in inside)
    except (OSError, UserError, BadImage):
        return False  # what cannot be read is reported when the images are read


def captions_of(found: Listing) -> list[str]:
    """One caption per image, in the order of ``found.images``.

    Raises:
        UserError: images without a caption, captions without an image, or a file that cannot be read; all problems at
        once.
    """
    captions: dict[str, str] = {}
    problems: list[str] = []
    for name in (name for name in found.others if name.rpartition("/")[2] in NAMES):
        folder = name.rpartition("/")[0]
        for where, entry in _entries(found, name):
            if (problem := _problem(entry)) is not None:
                problems.append(f"{found.origin}/{name}, {where}: {problem}")
                continue
            image = f"{folder}/{entry[FILE]}" if folder else entry[FILE]
            if image in captions:
                problems.append(
                    f"{found.origin}/{name}, {where}: {entry[FILE]} has a second caption; keep one of them."
                )
            captions[image] = entry[TEXT]
    if problems:
        raise UserError(*_first_few(problems))
    known = set(found.images)
    absent = [image for image in captions if image not in known]
    silent = [image for image in found.images if image not in captions]
    problems += _about(
        found,
        absent,
        len(captions),
        "captions name a file that does not exist",
        "Correct file_name, or delete the lines.",
    )
    problems += _about(
        found, silent, len(known), "images have no caption", "Add a line for each image, or move the images elsewhere."
    )
    if problems:
        raise UserError(*problems)
    return [captions[image] for image in found.images]


def _about(found: Listing, names: Sequence[str], total: int, what: str, advice: str) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - NUM_NAMED} more" if len(names) > NUM_NAMED else ""
    return [f"{found.origin}: {len(names)} of {total} {what} ({', '.join(names[:NUM_NAMED])}{more}). {advice}"]


def _first_few(problems: list[str]) -> list[str]:
    more = len(problems) - NUM_NAMED
    return problems if more <= 0 else [*problems[:NUM_NAMED], f"There are {more} more such lines."]


def _problem(entry: Any) -> str | None:
    """What is wrong with an entry, if anything."""
    if not isinstance(entry, dict) or not all(
        isinstance(entry.get(key), str) and entry[key].strip() for key in (FILE, TEXT)
    ):
        return (
            f"expected {FILE} and {TEXT}, both text, such as "
            f"{json.dumps({FILE: 'a.png', TEXT: 'a red seven on green'})}."
        )
    if not words_of(entry[TEXT]):
        return f"the caption {entry[TEXT]!r} contains no words."
    return None


def _entries(found: Listing, name: str) -> Iterator[tuple[str, Any]]:
    """(place, fields) of every line that is not empty; of a broken line, None."""
    try:
        text = found.read(name).decode("utf-8-sig")
    except (OSError, BadImage, UnicodeDecodeError) as error:
        raise UserError(
            f"{found.origin}/{name} cannot be read as text: {getattr(error, 'strerror', None) or error}."
        ) from None
    if name.endswith(".jsonl"):
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                yield f"line {number}", _json(line)
        return
    reader = csv.DictReader(io.StringIO(text, newline=""))
    try:
        missing = [key for key in (FILE, TEXT) if key not in (reader.fieldnames or ())]
        if missing:
            columns = ", ".join(reader.fieldnames or ()) or "none"
            raise UserError(
                f"{found.origin}/{name} has no column {' and no column '.join(missing)}; its columns are {columns}."
            )
        for entry in reader:
            yield f"line {reader.line_num}", entry
    except csv.Error as error:
        raise UserError(
            f"{found.origin}/{name}, line {reader.line_num}: not a table of comma-separated values ({error})."
        ) from None


def _json(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _first_line(file: Path) -> bytes:
    if not file.is_file():
        return b""
    with file.open("rb") as opened:
        return opened.readline(LONGEST_LINE)


def _names_text(name: str, line: bytes) -> bool:
    """Whether the first line of a file has the field or column ``text``, or is broken, which reading the captions
    reports.
    """
    text = line.decode("utf-8-sig", errors="replace").strip()
    if not text:
        return False
    if not name.endswith(".jsonl"):
        try:
            return TEXT in next(csv.reader([text]))
        except csv.Error:
            return True
    fields = _json(text)
    return TEXT in fields if isinstance(fields, dict) else True
