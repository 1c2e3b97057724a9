"""The keys of a recipe, or the arguments of another component: name, default, range and one line of help."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import textwrap
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, get_type_hints

from gannet.config.allowed import allowed
from gannet.config.arguments import Root, component_name, field_default, read
from gannet.config.plan import DEFAULT_FLAGS
from gannet.discovery import BASES
from gannet.recipes.base import Chosen, Recipe
from gannet.training.settings import Settings

SHARED = {
    "batch_size": "Real samples per turn.",
    "steps": "Generator steps.",
    "hidden": "Width of the hidden layers.",
    "critic_steps": "Discriminator steps per generator step.",
    "loss": "Loss of both players, a function of the logits.",
    "penalty": "Penalty added to the discriminator's loss.",
    "prior": "Distribution of the latents.",
    "constraint": "Constraint on the discriminator's parameters.",
    "encoding": "Encoding of points for the discriminator.",
}
"""Help for keys that mean the same in every recipe; the Keys paragraph of a recipe takes precedence."""


@dataclass(frozen=True)
class Key:
    """One key, formatted for people."""

    name: str
    default: str
    """The default as a user would type it; empty if the key is required."""
    allowed: str
    """Type and range."""
    help: str
    """One sentence, or empty."""


def keys_of_recipe(recipe: Recipe, described: str) -> list[Key]:
    """Every key of the recipe with its default.

    Args:
        recipe: the recipe.
        described: the Keys paragraph of its docstring, one ``name: help`` per line.
    """
    [(arguments, values)] = read({}, Root(recipe.function, skip=("form",)))
    hints = get_type_hints(recipe.function, include_extras=True)
    about: dict[str, tuple[str, str]] = {}
    for name, value in arguments.items():
        about |= _describe(name, hints[name], value)
    own, from_parts = _entries(described), _of_parts(recipe)
    keys: list[Key] = []
    for key, value in values.items():
        allowed, help_text = about.get(key, ("", ""))
        text = own.get(key) or help_text or SHARED.get(key) or from_parts.get(key, "")
        keys.append(Key(key, shown(value), allowed, _sentence(text)))
    return keys


def keys_of_settings() -> list[Key]:
    """The keys of every training, whatever its recipe, except for those that are options of the command."""
    settings = Settings()
    fields = {name: value for name, value in vars(settings).items() if name not in DEFAULT_FLAGS}
    about = _below("", Settings, fields)
    values: dict[str, Any] = {}
    for name, value in fields.items():
        below = vars(value) if dataclasses.is_dataclass(value) else {}
        values |= {f"{name}.{inner}": default for inner, default in below.items()} or {name: value}
    return [
        Key(key, shown(value), about[f".{key}"][0], _sentence(about[f".{key}"][1])) for key, value in values.items()
    ]


def arguments_of(factory: Any) -> list[Key]:
    """The arguments of a class that is not a recipe, from its fields or its ``__init__``."""
    about = _below("", factory, {})
    keys: list[Key] = []
    for name, parameter in inspect.signature(factory).parameters.items():
        default = field_default(factory, name) if dataclasses.is_dataclass(factory) else parameter.default
        allowed, text = about.get(f".{name}", ("", ""))
        typed = "" if default is inspect.Parameter.empty else shown(_name_of(default))
        keys.append(Key(name, typed, allowed, _sentence(text)))
    return keys


def _name_of(value: Any) -> Any:
    """The name of a component, class or function; other values are unchanged."""
    if isinstance(value, Chosen):
        return component_name(value.factory)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return component_name(type(value))
    return getattr(value, "__name__", value)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _of_parts(recipe: Recipe) -> dict[str, str]:
    """Help for arguments that a recipe passes to its game and networks, from the Args sections of those."""
    found: dict[str, str] = {}
    for part in recipe.function.__globals__.values():
        if inspect.isclass(part) and part.__module__.startswith("gannet."):
            found = {**_entries_of(part), **found}
    return found


def _describe(key: str, annotation: Any, value: Any) -> dict[str, tuple[str, str]]:
    """Key -> (allowed values, help), for a parameter and its nested parameters."""
    if isinstance(value, Chosen):
        return {key: (_kind(annotation), ""), **_below(key, value.factory, {})}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return {key: (_kind(annotation), ""), **_below(key, type(value), fields)}
    return {key: (allowed(annotation), "")}


def _below(key: str, factory: Any, values: dict[str, Any]) -> dict[str, tuple[str, str]]:
    parameters = inspect.signature(factory).parameters
    made_by: Any = factory if dataclasses.is_dataclass(factory) or not inspect.isclass(factory) else factory.__init__
    helps = {**_entries_of(factory), **_field_docs(factory)}
    found: dict[str, tuple[str, str]] = {}
    for name, hint in get_type_hints(made_by, include_extras=True).items():
        if name in parameters:
            below = _describe(f"{key}.{name}", hint, values.get(name))
            found |= {
                k: (allowed, text or (helps.get(name, "") if k == f"{key}.{name}" else ""))
                for k, (allowed, text) in below.items()
            }
    return found


def _kind(annotation: Any) -> str:
    kind = next((kind for kind, names in BASES.items() if getattr(annotation, "__name__", "") in names), "")
    return f"gannet list {kind}" if kind else ""


def shown(value: Any) -> str:
    """A value as a user would type it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        nested = any(isinstance(part, list | tuple) for part in value)
        return str([list(part) for part in value]) if nested else ",".join(map(shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


@cache
def _field_docs(cls: type) -> dict[str, str]:
    """The docstring under each field of a class and of its base classes."""
    found: dict[str, str] = {}
    for one in reversed(cls.__mro__[:-1] if inspect.isclass(cls) else []):
        try:
            [node] = ast.parse(textwrap.dedent(inspect.getsource(one))).body
        except (OSError, TypeError, SyntaxError, ValueError):
            continue
        body = node.body if isinstance(node, ast.ClassDef) else []
        for field, text in pairwise(body):
            if not isinstance(field, ast.AnnAssign) or not isinstance(field.target, ast.Name):
                continue
            if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                found[field.target.id] = str(text.value.value)
    return found


def _entries_of(cls: Any) -> dict[str, str]:
    """The Args section of a class or of its ``__init__``."""
    found: dict[str, str] = {}
    for docstring in (inspect.getdoc(cls), inspect.getdoc(cls.__init__) if inspect.isclass(cls) else None):
        section = re.search(r"(?:^|\n)Args:\n(.*?)(?=\n\n|\Z)", docstring or "", re.DOTALL)
        found |= _entries(section[1]) if section else {}
    return found


def _entries(section: str) -> dict[str, str]:
    """Parse ``name: help`` lines; indented lines continue the help."""
    found: dict[str, str] = {}
    for line in inspect.cleandoc(section).splitlines():
        entry = re.match(r"([\w.]+): (.*)", line)
        if entry:
            found[entry[1]] = entry[2]
        elif found and line.strip():
            found[list(found)[-1]] += " " + line.strip()
    return found
