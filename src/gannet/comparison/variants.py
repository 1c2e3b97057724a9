"""What is compared: recipes, and with ``--sweep`` every combination of values of some keys."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from gannet.errors import UserError

MOST_COMBINATIONS = 400


@dataclass(frozen=True)
class Variant:
    """A recipe, with the values of swept keys."""

    recipe: str
    """As typed."""
    changes: tuple[tuple[str, str], ...] = ()

    @property
    def recipe_name(self) -> str:
        """Name of the recipe, or of the user's file without its ending."""
        return Path(self.recipe).stem if self.recipe.endswith(".py") else self.recipe.replace("_", "-")

    @property
    def name(self) -> str:
        """What tables call it: ``gan batch_size=16 lr=0.001``."""
        return " ".join([self.recipe_name, *(f"{key}={value}" for key, value in self.changes)])

    @property
    def folder(self) -> str:
        """Name of the folder of its runs."""
        return self.name.replace("/", "_").replace(" ", ",")


def variants(recipes: Sequence[str], sweep: Mapping[str, Sequence[Any]], given: Mapping[str, Any]) -> list[Variant]:
    """Every recipe with every combination of swept values, the last key changing fastest.

    Raises:
        UserError: nothing to compare, something twice, a swept key that is also given, or too many combinations.
    """
    once("--recipes", [Variant(recipe).recipe_name for recipe in recipes])
    values = {key: [canonical_value(value) for value in of_key] for key, of_key in sweep.items()}
    for key, of_key in values.items():
        once(f"--sweep {key}", of_key)
        if key in given:
            option = " (or --steps)" if key == "steps" else ""
            raise UserError(f"{key} is given and swept: leave out {key}={given[key]}{option}, or --sweep {key}.")
    combinations = list(product(*([(key, value) for value in of_key] for key, of_key in values.items())))
    if len(combinations) > MOST_COMBINATIONS:
        raise UserError(
            f"--sweep: {len(combinations):,} combinations are more than {MOST_COMBINATIONS}. Give fewer values."
        )
    return [Variant(recipe, combination) for recipe in recipes for combination in combinations]


def parse_sweep(words: Sequence[str]) -> dict[str, list[str]]:
    """``["batch_size=16,64", "lr=1e-4,1e-3"]`` as keys and values. A comma in brackets separates no values.

    Raises:
        UserError: a word that is not KEY=V1,V2, or a key given twice.
    """
    sweep: dict[str, list[str]] = {}
    for word in words:
        key, sign, values = word.partition("=")
        if not key or not sign:
            raise UserError(f"--sweep {word!r} is not KEY=VALUE,VALUE: write for example --sweep batch_size=16,64.")
        if key in sweep:
            raise UserError(f"--sweep {key} is given twice: give all its values at once.")
        sweep[key] = _split(values)
    return sweep


def sweep_advice(problems: Sequence[str], given: Mapping[str, str]) -> list[str]:
    """What to write instead of ``lr=1e-3,1e-4``, for every key with several values that one of the problems names."""
    several = {key: value for key, value in given.items() if "," in value}
    return [
        f"To train every value of {key}: --sweep {key}={value}."
        for key, value in several.items()
        if any(value in problem for problem in problems)
    ]


def canonical_value(value: Any) -> str:
    """One spelling of a number, so that ``1e-3`` and ``0.001`` are the same run."""
    text = str(value).strip()
    try:
        number = float(text)
    except ValueError:
        return text
    return str(int(text)) if text.lstrip("+-").isdigit() else f"{number:.12g}"


def once(flag: str, values: Sequence[Any]) -> None:
    """Raise a :class:`UserError` if a list is empty or holds a value more than once."""
    if not values:
        raise UserError(f"{flag} is empty: give at least one.")
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        raise UserError(f"{flag} holds {', '.join(twice)} more than once.")


def _split(text: str) -> list[str]:
    parts, depth = [""], 0
    for letter in text:
        depth += (letter in "([") - (letter in ")]")
        if letter == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]
