"""What a person calls a run: a title and a line of description, in ``RUN/label.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from gannet.errors import UserError, one_line
from gannet.files import read_json, written_whole
from gannet.runs.records import Record
from gannet.runs.schema import LABEL_FILE

TITLE_AT_MOST, DESCRIPTION_AT_MOST = 80, 300
"""Characters."""


class Label(Record):
    """The title and the description of a run; both empty unless somebody gave them."""

    title: Annotated[str, Field(max_length=TITLE_AT_MOST)] = ""
    description: Annotated[str, Field(max_length=DESCRIPTION_AT_MOST)] = ""


def read_label(run: Path) -> Label:
    """The label of a run; empty if it has none or if the file is damaged."""
    try:
        return _checked(read_json(run / LABEL_FILE))
    except (OSError, ValueError, UserError):
        return Label()


def write_label(run: Path, label: dict[str, object]) -> None:
    """Keep a label in a run, also while it trains: training never reads it.

    Args:
        run: the run directory.
        label: ``title`` and ``description``, each one line of text.

    Raises:
        UserError: one of them is not a line of text or is too long, or the file cannot be written.
    """
    content = _checked(label).as_json()
    with written_whole(run / LABEL_FILE) as file:
        file.write(json.dumps(content, ensure_ascii=False).encode(errors="backslashreplace"))


def _checked(content: object) -> Label:
    try:
        label = Label.model_validate(content, strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "it"
        raise UserError(f"This is not a label of a run: {where}: {first['msg']}.") from None
    if any(one_line(text) != text for text in (label.title, label.description)):
        raise UserError("A title and a description are one line of text each.")
    return label
