"""The keys of a recipe as a Markdown table."""

from __future__ import annotations

from gannet.catalogue.key_help import keys_of_recipe
from gannet.catalogue.text import one_line
from gannet.recipes.base import Recipe


def argument_table(recipe: Recipe, described: str) -> str:
    """Every key of the recipe with its default.

    Args:
        recipe: the recipe.
        described: the Keys paragraph of its docstring, one ``name: help`` per line.
    """
    rows = ["| key | default | allowed | |", "|---|---|---|---|"]
    for key in keys_of_recipe(recipe, described):
        rows.append(f"| `{key.name}` | `{key.default}` | {one_line(key.allowed)} | {one_line(key.help)} |")
    return "\n".join(rows)
