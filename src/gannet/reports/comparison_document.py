"""``compare.json``, the result of ``gannet compare``: checked when it is read, because it may be damaged or hostile."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gannet.errors import UserError
from gannet.files import read_json
from gannet.runs.records import ScoreCard

RESULT_FILE = "compare.json"


class _Part(BaseModel):
    """Fields that readers use; others are ignored."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)


class _Run(_Part):
    seed: int
    path: str
    status: str
    text: str
    step: int
    seconds: float
    skipped: list[str] = []
    cards: list[dict[str, Any]]


class _Recipe(_Part):
    recipe: str
    base: str = ""
    changes: dict[str, str] = {}
    steps: int
    runs: list[_Run]


class _Data(_Part):
    source: str


class _Comparison(_Part):
    data: _Data
    seeds: list[int] = []
    sweep: dict[str, list[str]] | None = None
    budgets_differ_in: list[str] | None = None
    recipes: list[_Recipe] = Field(min_length=1)


def read_comparison(folder: Path) -> dict[str, Any]:
    """The document of a comparison.

    Raises:
        UserError: the file is missing or damaged.
    """
    path, again = folder / RESULT_FILE, "Repeat the `gannet compare` that made it."
    try:
        document = read_json(path)
    except (OSError, ValueError) as error:
        raise UserError(f"Cannot read {path}: {error}. {again}") from None
    if not isinstance(document, dict) or not isinstance(document.get("recipes"), list) or "data" not in document:
        raise UserError(f"{path} is not the result of a comparison. {again}")
    try:
        found = _Comparison.model_validate(document)
        for recipe in found.recipes:
            if missing := [key for key in found.sweep or {} if key not in recipe.changes]:
                raise UserError(f"{path} is damaged: {recipe.recipe} has no value of {missing[0]}. {again}")
            for card in (card for run in recipe.runs for card in run.cards):
                ScoreCard.model_validate(card)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise UserError(f"{path} is damaged: {where}: {problem['msg']}. {again}") from None
    return document
