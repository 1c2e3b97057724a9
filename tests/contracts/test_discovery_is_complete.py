"""Discovery, which reads source text, finds exactly the concrete classes that importing every module of the package
finds.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil

import pytest

import gannet
from gannet.discovery import BASES, components, name_of, summary_and_rest
from gannet.recipes.base import Recipe


def modules_of(kind: str) -> list:
    """Every module of the folder, imported."""
    folder = importlib.import_module(f"gannet.{kind}")
    return [
        importlib.import_module(f"{folder.__name__}.{module.name}") for module in pkgutil.iter_modules(folder.__path__)
    ]


def concrete_classes(kind: str) -> set[type]:
    """Public classes without abstract methods, other than the bases themselves, below any base of the kind."""
    modules = modules_of(kind)
    bases = tuple(vars(module)[name] for module in modules for name in BASES[kind] if name in vars(module))
    assert len({base.__name__ for base in bases}) == len(BASES[kind]), "a base in BASES does not exist"
    found = {
        c for module in modules for c in vars(module).values() if inspect.isclass(c) and c.__module__ == module.__name__
    }
    return {c for c in found if issubclass(c, bases) and c.__name__ not in BASES[kind] and c.__name__[0] != "_"}


@pytest.mark.parametrize("kind", [kind for kind in BASES if kind != "recipes"])
def test_every_class_is_found(kind: str) -> None:
    found = components(kind)
    loaded = [component.load() for component in found.values()]
    assert len(set(loaded)) == len(loaded) > 0
    assert set(loaded) == concrete_classes(kind)
    assert not [c for c in loaded if inspect.isabstract(c)], "an abstract class is listed"
    assert {name_of(kind, component.load()) for component in found.values()} == set(found)


def test_every_recipe_is_found() -> None:
    public = {
        value.function
        for module in modules_of("recipes")
        for value in vars(module).values()
        if isinstance(value, Recipe)
    }
    assert {component.load().function for component in components("recipes").values()} == public


@pytest.mark.parametrize("name", components("metrics"))
def test_a_metric_states_its_name(name: str) -> None:
    """The class knows its JSON name: labels are made of it."""
    component = components("metrics")[name]
    assert component.load().name == component.json_name


def test_no_name_is_given_twice() -> None:
    """A table of components by name would silently lose one of two with the same name."""
    from gannet.discovery import _in_file

    for kind in BASES:
        folder = gannet.__path__[0]
        files = sorted(importlib.import_module("pathlib").Path(folder, kind).glob("*.py"))
        names = [component.name for path in files for component in _in_file(kind, path)]
        assert len(names) == len(set(names)), f"two {kind} of one name"


def test_a_summary_ends_with_its_sentence() -> None:
    assert summary_and_rest("One line.\n\nMore.") == ("One line.", "\nMore.")
    assert summary_and_rest("A sentence of\n    two lines.\nMore.") == ("A sentence of two lines.", "More.")
    assert summary_and_rest("Without an end\n\nMore.") == ("Without an end", "More.")
    assert summary_and_rest("") == ("", "")
