"""The components of a recipe, and the data that it supports."""

from __future__ import annotations

from gannet.config.arguments import Root, read
from gannet.discovery import Component, components
from gannet.games.base import Game
from gannet.recipes.base import Chosen, Recipe

SUITS = {"points": "points", "images": "images", "any": "points and images"}


def suits(recipe: Recipe) -> str:
    """One sentence about the data that the recipe supports."""
    labels = " with labels" if recipe.labels else ""
    preset = ", ".join(f"`data.{key}={value}`" for key, value in recipe.data.items())
    on_images = ", ".join(f"`{key}={value}`" for key, value in recipe.on_images.items())
    sets = "".join([f"; sets {preset}" if preset else "", f"; on images, sets {on_images}" if on_images else ""])
    return f"Trains on {SUITS[recipe.kind]}{labels}{sets}."


def made_of(recipe: Recipe) -> list[Component]:
    """The game in the recipe's module, and its default loss and regularizers."""
    [(arguments, _)] = read({}, Root(recipe.function, skip=("form",)))
    classes = [value.factory if isinstance(value, Chosen) else type(value) for value in arguments.values()]
    named = _classes_named(recipe)
    classes = [*(c for c in named if issubclass(c, Game)), *classes, *named]
    kinds = ("games", "losses", "regularizers", "augmentations", "degradations")
    known = {c.load(): c for kind in kinds for c in components(kind).values()}
    return list(dict.fromkeys(known[c] for c in classes if c in known))


def _classes_named(recipe: Recipe) -> list[type]:
    """The classes that the recipe's module imports, and those of other recipes that the module imports."""
    named = list(recipe.function.__globals__.values())
    others = [r for r in named if isinstance(r, Recipe) and r.function.__globals__ is not recipe.function.__globals__]
    return [c for c in named if isinstance(c, type)] + [c for other in others for c in _classes_named(other)]
