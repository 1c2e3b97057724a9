"""Discovery of components: they are found in the source text of their files, without a list.

A component's name is the ``name`` in its class body. Without one, it is the name of the file if the file contains one
component (``losses/hinge.py`` is the loss ``hinge``), else the class name in kebab case. A recipe has the name of its
function. A class whose name starts with ``_`` is a base class of the components in its file, not a component.
"""

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
from gannet.keys import snake_case

BASES: dict[str, set[str]] = {
    "recipes": set(),
    "losses": {"AdversarialLoss"},
    "regularizers": {"Penalty", "Constraint", "WeightPenalty"},
    "networks": {"Generator", "Discriminator", "Encoder", "Translator", "Velocity"},
    "priors": {"Prior"},
    "encodings": {"Encoding"},
    "augmentations": {"Augmentation"},
    "degradations": {"Degradation"},
    "games": {"Game", "Adversarial"},
    "data": {"Source", "ImageSource"},
    "metrics": {"Metric", "FeatureMetric"},
}
"""Folder of the package -> the abstract classes whose subclasses are its components (recipes are functions)."""


@dataclass(frozen=True)
class Component:
    """One component; nothing is imported until :meth:`load`."""

    kind: str
    name: str
    symbol: str
    path: Path
    summary: str
    """First line of the docstring of the file, or of the class if the file contains several components."""

    @property
    def json_name(self) -> str:
        """The name in files and score cards, with underscores: ``gan_deep`` for ``gan-deep``."""
        return self.name.replace("-", "_")

    def load(self) -> Any:
        """Import the file and return the class or function."""
        return getattr(importlib.import_module(f"gannet.{self.kind}.{self.path.stem}"), self.symbol)


def canonical(name: str) -> str:
    """The name on the command line, with hyphens: ``gan-deep`` for ``gan_deep``."""
    return name.replace("_", "-")


@cache
def components(kind: str) -> dict[str, Component]:
    """Every component of one kind by name, sorted. Only source text is read, so that listing is instant."""
    found = [c for path in sorted((Path(__file__).parent / kind).glob("*.py")) for c in _in_file(kind, path)]
    return {c.name: c for c in sorted(found, key=lambda c: c.name)}


def find(kind: str, name: str, allowed: Callable[[Component], bool] = lambda component: True) -> Component:
    """The component with that name.

    Raises:
        UserError: the name is unknown; the message suggests the nearest name and lists the ``allowed`` ones.
    """
    known = components(kind)
    if canonical(name) not in known:
        noun = "loss" if kind == "losses" else kind.removesuffix("s")
        suitable = tuple(other for other, component in known.items() if allowed(component))
        raise UserError(Unknown(f"Unknown {noun} {name!r}.{nearest(name, known)}", suitable, noun))
    return known[canonical(name)]


def name_of(kind: str, factory: Any) -> str:
    """The name of a component's class or function, as :func:`components` lists it."""
    stem = factory.__module__.rpartition(".")[2]
    for component in components(kind).values():
        if (component.path.stem, component.symbol) == (stem, factory.__name__):
            return component.name
    return canonical(stem)


def is_outside(name: object) -> bool:
    """Whether a component's name is a reference to code outside Gannet, ``package.module:Name``."""
    return isinstance(name, str) and ":" in name


def load_outside(reference: str) -> Any:
    """Import ``package.module:Name``. Importing runs code, so call this only for names that the user typed.

    Raises:
        UserError: the module or name does not exist, or the module raises an error.
    """
    module, _, symbol = reference.partition(":")
    try:
        return getattr(importlib.import_module(module), symbol)
    except Exception as error:  # the user's module may raise anything
        raise UserError(
            f"Cannot load {reference!r}: {type(error).__name__}: {error}. Write it as package.module:Name, importable "
            f"from here."
        ) from None


def load_file(path: Path) -> Any:
    """The recipe in a user's file: the function with the name of the file, without a leading number
    (``05_mine.py``).
    """
    if not path.is_file():
        raise UserError(f"No recipe file at {path}.")
    symbol = re.sub(r"^\d+_", "", path.stem.replace("-", "_"))
    spec = importlib.util.spec_from_file_location(f"gannet_user_recipe_{symbol}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Dataclasses with postponed annotations find their module by name.
    sys.modules[spec.name] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"The recipe file {path} does not load: {type(error).__name__}: {error}") from error
    if symbol not in vars(module):
        raise UserError(f"The recipe file {path} must define a function named {symbol!r}, the name of the file.")
    return vars(module)[symbol]


def _in_file(kind: str, path: Path) -> list[Component]:
    module = ast.parse(path.read_text(encoding="utf-8"))
    if kind == "recipes":
        functions = [n for n in module.body if isinstance(n, ast.FunctionDef) and _is_recipe(n)]
        return [_component(kind, path, n, n.name, _summary(n if len(functions) > 1 else module)) for n in functions]
    picked = _concrete(module, BASES[kind])
    if len(picked) == 1:
        return [_component(kind, path, picked[0], path.stem, _summary(module))]
    return [_component(kind, path, n, _kebab(n.name), _summary(n)) for n in picked]


def _is_recipe(node: ast.FunctionDef) -> bool:
    """Whether it is decorated with ``@recipe(...)`` or ``@variant(...)``."""
    calls = [decorator.func for decorator in node.decorator_list if isinstance(decorator, ast.Call)]
    return any(isinstance(call, ast.Name) and call.id in ("recipe", "variant") for call in calls)


def _component(kind: str, path: Path, node: ast.ClassDef | ast.FunctionDef, name: str, summary: str) -> Component:
    return Component(kind, canonical(_stated_name(node) or name), node.name, path, summary)


def _concrete(module: ast.Module, bases: set[str]) -> list[ast.ClassDef]:
    """The public subclasses of ``bases``, directly or through a private base class in the same file."""
    classes = [n for n in module.body if isinstance(n, ast.ClassDef)]
    below = set(bases)
    for n in classes:
        if n.name.startswith("_") and _base_names(n) & below:
            below.add(n.name)
    return [n for n in classes if _base_names(n) & below and n.name not in below]


def _stated_name(node: ast.ClassDef | ast.FunctionDef) -> str | None:
    """The value of ``name: ClassVar[str] = "..."`` in the body of a class."""
    for line in node.body if isinstance(node, ast.ClassDef) else []:
        if (
            isinstance(line, ast.AnnAssign)
            and ast.unparse(line.target) == "name"
            and isinstance(line.value, ast.Constant)
        ):
            return str(line.value.value)
    return None


def _summary(node: ast.Module | ast.ClassDef | ast.FunctionDef) -> str:
    return summary_and_rest(ast.get_docstring(node) or "")[0]


def summary_and_rest(docstring: str) -> tuple[str, str]:
    """The summary of a cleaned docstring, which ends with the first line that ends a sentence, and what follows."""
    lines = docstring.strip().split("\n")
    end = next(
        (i for i, line in enumerate(lines) if not line.strip() or line.rstrip().endswith((".", ":", "?"))),
        len(lines) - 1,
    )
    return " ".join(line.strip() for line in lines[: end + 1]).strip(), "\n".join(lines[end + 1 :])


def _base_names(node: ast.ClassDef) -> set[str]:
    return {base.id for base in node.bases if isinstance(base, ast.Name)}


def _kebab(name: str) -> str:
    """``DCGANGenerator`` -> ``dcgan-generator``."""
    return snake_case(name).replace("_", "-")
