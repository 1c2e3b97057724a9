"""Small data of every form, and the experiments of every recipe on them."""

from __future__ import annotations

from functools import cache

import torch

from gannet.config.arguments import Root, read
from gannet.data.base import Dataset, Form, silent
from gannet.data.captioned_digits import CaptionedDigits
from gannet.data.digits import Digits
from gannet.data.ring import Ring
from gannet.discovery import components
from gannet.recipes.base import Recipe
from gannet.training.experiment import Experiment

RECIPES = components("recipes")
SMALL = {"hidden": 16, "width": 8, "batch_size": 12, "prior.count": 64, "critic_steps": 2, "evaluations": 5}
SMALL |= {"augmentation.target": 0.0, "augmentation.ramp": 20}  # the probability moves in every step
"""Arguments that make a recipe quick, where it has them."""


CASES = [
    (name, kind)
    for name, found in RECIPES.items()
    for kind in ("points", "images")
    if found.load().kind in (kind, "any")
]
"""Every recipe with every kind of data that it trains on."""


@cache
def small_data(kind: str, size: int = 16, labels: int | None = None, classes: str | None = None) -> Dataset:
    return Ring().open(silent) if kind == "points" else Digits(size=size, labels=labels, classes=classes).open(silent)


@cache
def captioned() -> Dataset:
    return CaptionedDigits(split="test").open(silent)


def load(name: str) -> Recipe:
    return RECIPES[name].load()


def data_of(name: str, kind: str | None = None) -> Dataset:
    recipe = load(name)
    if recipe.captions:
        return captioned()
    kind = kind or ("images" if recipe.kind == "any" else recipe.kind)
    classes = "3,8" if name == "cyclegan" else None
    return small_data(kind, int(recipe.data.get("size", 16)), recipe.data.get("labels"), classes)


def make(name: str, kind: str | None = None, **given: str) -> Experiment:
    """A small, always equally initialised experiment of a recipe."""
    return make_on(name, data_of(name, kind).form, **given)


def make_on(name: str, form: Form, **given: object) -> Experiment:
    """As :func:`make`, on data of any form."""
    recipe = load(name)
    [(_, values)] = read({}, Root(recipe.function, skip=("form",)))
    [(arguments, _)] = read(
        {k: v for k, v in SMALL.items() if k in values} | given, Root(recipe.function, skip=("form",))
    )
    torch.manual_seed(0)
    return recipe(form, **arguments)
