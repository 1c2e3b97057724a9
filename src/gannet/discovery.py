"""Components are found by file: ``losses/hinge.py`` holds the loss ``hinge``. There is no list to keep."""

from __future__ import annotations

import ast
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gannet.errors import Unknown, UserError, nearest

BASES: dict[str, set[str]] = {
    "recipes": set(),
    "losses": {"AdversarialLoss"},
    "regularizers": {"Penalty", "Constraint", "WeightPenalty"},
    "networks": {"Generator", "Discriminator", "Encoder"},
    "priors": {"Prior"},
    "encodings": {"Encoding"},
    "augmentations": {"Augmentation"},
    "games": {"Game", "Adversarial"},
    "data": {"Source", "ImageSource"},
    "metrics": {"Metric"},
}
"""Folder of the package -> the abstract classes whose subclasses are its components (recipes are functions)."""


@dataclass(frozen=True)
class Component:
    """One thing found in one file; nothing is imported until :meth:`load`."""

    kind: str
    name: str
    symbol: str
    path: Path
    summary: str
    """First line of the file's docstring, or of the class's where a file holds several."""

    def load(self) -> Any:
        """Import the file and return the class or function."""
        return getattr(importlib.import_module(f"gannet.{self.kind}.{self.path.stem}"), self.symbol)


def canonical(name: str) -> str:
    """The name as the command line shows it: ``gan_deep`` and ``gan-deep`` are one."""
    return name.replace("_", "-")


@cache
def components(kind: str) -> dict[str, Component]:
    """Every component of one kind by name, sorted; read from source text, so that listing is instant."""
    found = [c for path in sorted((Path(__file__).parent / kind).glob("*.py")) for c in _in_file(kind, path)]
    return {c.name: c for c in sorted(found, key=lambda c: c.name)}


def find(kind: str, name: str, allowed: Callable[[Component], bool] = lambda component: True) -> Component:
    """The component with that name; otherwise a :class:`UserError` with the nearest name and those that are ``allowed``."""
    known = components(kind)
    if canonical(name) not in known:
        noun = "loss" if kind == "losses" else kind.removesuffix("s")
        suitable = tuple(other for other, component in known.items() if allowed(component))
        raise UserError(Unknown(f"Unknown {noun} {name!r}.{nearest(name, known)}", suitable, noun))
    return known[canonical(name)]


def is_outside(name: object) -> bool:
    """Whether a component's name is a reference to code outside Gannet, ``package.module:Name``."""
    return isinstance(name, str) and ":" in name


def load_outside(reference: str) -> Any:
    """Import what ``package.module:Name`` refers to. Importing runs code: call it only for what the user typed.

    Raises:
        UserError: no such module or name, or the module does not load.
    """
    module, _, symbol = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), symbol)
    except Exception as error:  # the user's module may raise anything
        raise UserError(
            f"Cannot load {reference!r}: {type(error).__name__}: {error}. Write it as package.module:Name, importable from here."
        ) from None


def load_file(path: Path) -> Any:
    """The recipe in a user's own file: the function named like the file, where a number in front (``05_mine.py``) is left out."""
    if not path.is_file():
        raise UserError(f"No recipe file at {path}.")
    symbol = re.sub(r"^\d+_", "", path.stem.replace("-", "_"))
    spec = importlib.util.spec_from_file_location(f"gannet_user_recipe_{symbol}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses with postponed annotations look their module up by name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"The recipe file {path} does not load: {type(error).__name__}: {error}") from error
    if symbol not in vars(module):
        raise UserError(f"The recipe file {path} must define a function named {symbol!r}, like the file.")
    return vars(module)[symbol]


def _in_file(kind: str, path: Path) -> list[Component]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    if kind == "recipes":
        picked = [n for n in module.body if isinstance(n, ast.FunctionDef) and n.name == path.stem]
    else:
        bases = BASES[kind]
        picked = [n for n in module.body if isinstance(n, ast.ClassDef) and _base_names(n) & bases and n.name not in bases]
    if len(picked) == 1:
        return [Component(kind, canonical(path.stem), picked[0].name, path, _summary(module))]
    return [Component(kind, _kebab(n.name), n.name, path, _summary(n)) for n in picked]


def _summary(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    return (ast.get_docstring(node) or "").split("\n")[0]


def _base_names(node: ast.ClassDef) -> set[str]:
    return {base.id for base in node.bases if isinstance(base, ast.Name)}


def _kebab(name: str) -> str:
    """``DCGANGenerator`` -> ``dcgan-generator``."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", name).lower()
