"""Parse dotted ``key=value`` text into typed arguments of a function or dataclass, and write them back.

A value set is flat: ``{"hidden": 128, "loss": "hinge", "loss.margin": 2.0, "optimizer.generator.lr": 1e-4}``. A run
saves exactly what a user could type.
"""

from __future__ import annotations

import dataclasses
import inspect
import json
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from pydantic import PydanticUserError, TypeAdapter, ValidationError

from gannet.config.allowed import expected
from gannet.discovery import BASES, canonical, components, find, is_outside, load_outside, name_of
from gannet.errors import Mistake, UserError
from gannet.keys import expanded, unknown_key
from gannet.recipes.base import Chosen

T = TypeVar("T")
Values = dict[str, Any]


@dataclass(frozen=True)
class Root:
    """A function or dataclass whose parameters become keys."""

    function: Callable[..., Any]
    prefix: str = ""
    skip: tuple[str, ...] = ()
    """Parameters that the caller fills in."""


def read(
    given: Mapping[str, Any],
    *roots: Root,
    flags: Mapping[str, Any] | None = None,
    advice: Mapping[str, str] | None = None,
    fixed: tuple[str, ...] = (),
    supplied: Collection[str] = (),
) -> list[tuple[dict[str, Any], Values]]:
    """Return for each root its keyword arguments and its flat value set, complete with defaults.

    Args:
        given: flat keys and their values, as text or typed; every key must belong to a root or be a short key such as
        ``lr``.
        roots: the functions and dataclasses that own the keys.
        flags: values of parameters that the user sets by flags instead of keys.
        advice: for each flag, a sentence that explains how to set it; it may contain ``{value}``.
        fixed: prefixes of keys that cannot be set here and are never suggested.
        supplied: user-supplied components that may be imported, because the user typed their names. Names in files are
            never imported.

    Raises:
        UserError: reports all unknown keys, wrong types and values out of range at once.
    """
    flags, advice = dict(flags or {}), advice or {}
    misplaced = [f"{key}={given[key]}: {advice[key].format(value=given[key])}" for key in given if key in advice]
    given = {key: value for key, value in given.items() if key not in advice}
    reader, results = _walk(given | flags, roots, supplied)
    written_out = expanded(given, reader.known)
    if written_out != given:
        short = next(iter(given.keys() - written_out.keys()), "")
        typed_as = {key: short for key in written_out.keys() - given.keys()}
        given = written_out
        reader, results = _walk(given | flags, roots, supplied, typed_as)
    allowed = [key for key in reader.known if key not in flags and not key.startswith(fixed)]
    strangers = sorted(set(given) - reader.known - reader.unjudged)
    mistakes = [
        *misplaced,
        *(unknown_key(key, given[key], allowed, advice) for key in strangers),
        *dict.fromkeys(reader.problems),
    ]
    if mistakes:
        raise UserError(*mistakes)
    return results


def _walk(
    given: Mapping[str, Any],
    roots: tuple[Root, ...],
    supplied: Collection[str],
    typed_as: Mapping[str, str] | None = None,
) -> tuple[_Reader, list[tuple[dict[str, Any], Values]]]:
    reader = _Reader(given, supplied, typed_as or {})
    results: list[tuple[dict[str, Any], Values]] = []
    for root in roots:
        reader.values = Values()
        arguments = reader.parameters(root.function, root.prefix, {}, root.skip)
        results.append((arguments, reader.values))
    return reader, results


@cache
def _signature(function: Any) -> tuple[dict[str, Any], Mapping[str, inspect.Parameter]]:
    """Type hints and parameters of a function or class."""
    # For dataclasses, the hints of the class: inherited fields must be resolved in the module that defines them.
    has_init = inspect.isclass(function) and not dataclasses.is_dataclass(function)
    try:
        hints = get_type_hints(function.__init__ if has_init else function, include_extras=True)
    except (NameError, TypeError) as error:
        raise UserError(
            f"The annotations of {function.__module__}.{function.__name__} cannot be read: {error}."
        ) from error
    return hints, inspect.signature(function).parameters


class _Reader:
    """Reads the given value of each typed parameter, recursively."""

    def __init__(self, given: Mapping[str, Any], supplied: Collection[str], typed_as: Mapping[str, str]) -> None:
        self.given, self.supplied, self.typed_as = given, supplied, typed_as
        self.known, self.values = set[str](), Values()
        self.unjudged = set[str]()
        """Keys of a component that does not exist."""
        self.problems: list[Mistake] = []

    def parameters(
        self, function: Any, prefix: str, defaults: Mapping[str, Any], skip: tuple[str, ...] = ()
    ) -> dict[str, Any]:
        hints, parameters = _signature(function)
        result: dict[str, Any] = {}
        for name, parameter in parameters.items():
            if name in skip:
                continue
            default = defaults.get(name, parameter.default)
            if dataclasses.is_dataclass(function) and name not in defaults:
                default = field_default(function, name)
            result[name] = self.value(prefix + name, hints[name], default)
        return {name: value for name, value in result.items() if value is not inspect.Parameter.empty}

    def value(self, key: str, annotation: Any, default: Any) -> Any:
        kind = _component_kind(annotation)
        if kind is not None:
            return self.component(key, kind, annotation, default)
        if dataclasses.is_dataclass(annotation) and isinstance(annotation, type):
            start = (
                {}
                if default is inspect.Parameter.empty
                else {f.name: getattr(default, f.name) for f in dataclasses.fields(annotation)}
            )
            return self.build(key, annotation, self.parameters(annotation, f"{key}.", start))
        return self.leaf(key, annotation, default)

    def leaf(self, key: str, annotation: Any, default: Any) -> Any:
        self.known.add(key)
        if key not in self.given:
            if default is inspect.Parameter.empty:
                self.problems.append(f"{key} is required: add {key}=VALUE.")
            else:
                self.values[key] = _plain(default)
            return default
        try:
            value = _typed(self.given[key], annotation)
        except ValueError as error:
            self.problems.append(_wrong(self.typed_as.get(key, key), self.given[key], annotation, error))
            return default
        self.values[key] = _plain(value)
        return value

    def component(self, key: str, kind: str, annotation: Any, default: Any) -> Any:
        self.known.add(key)
        if not isinstance(default, Chosen):
            base = annotation.__name__
            raise UserError(
                f"The recipe's parameter must be written as {key}: {base} = chosen(CLASS), with chosen of "
                f"gannet.recipes.base."
            )
        factory, defaults = default.factory, default.arguments
        if key in self.given and not isinstance(self.given[key], str):
            raise UserError(f"{key}: expected the name of one of the {kind}, not {self.given[key]!r}.")
        name = self.given.get(key, component_name(factory))
        if key in self.given and canonical(name) != component_name(factory):
            try:
                factory, defaults = self.load(key, kind, name, annotation), {}
            except UserError as error:
                self.problems += error.mistakes
                self.unjudged.update(k for k in self.given if k.startswith(f"{key}."))
                return default
        self.values[key] = name if is_outside(name) else component_name(factory)
        return Chosen(factory, self.parameters(factory, f"{key}.", defaults))

    def load(self, key: str, kind: str, name: str, base: Any) -> type:
        """The class of that name, which must be a concrete subclass of the annotated base: not every regularizer is
        a penalty.
        """
        if not is_outside(name):
            factory = find(kind, name, lambda component: _is_concrete(component.load(), base)).load()
            if not _is_concrete(factory, base):
                allowed = ", ".join(n for n, c in components(kind).items() if _is_concrete(c.load(), base))
                raise UserError(f"{key}={name}: {name!r} is not a {base.__name__}; {key} expects one of {allowed}.")
            return factory
        if name not in self.supplied:
            raise UserError(
                f"{key}={name} is code outside Gannet, which is imported only if you name it: if you trust it, repeat "
                f"the command with {key}={name}."
            )
        factory = load_outside(name)
        if not _is_concrete(factory, base):
            raise UserError(
                f"{key}={name} is not a concrete subclass of {base.__module__}.{base.__name__}; {key} expects one."
            )
        return factory

    def build(self, key: str, factory: Callable[..., Any], arguments: dict[str, Any]) -> Any:
        try:
            return factory(**arguments)
        except (UserError, ValueError) as error:
            self.problems.append(f"{key}: {error}")
            return None


def _component_kind(annotation: Any) -> str | None:
    module = getattr(annotation, "__module__", "").split(".")
    is_component = len(module) == 3 and module[0] == "gannet" and annotation.__name__ in BASES.get(module[1], set())
    return module[1] if is_component else None


def _is_concrete(factory: Any, base: type) -> bool:
    return isinstance(factory, type) and issubclass(factory, base) and not inspect.isabstract(factory)


def component_name(factory: Any) -> str:
    """The name of a component as a key takes it: as ``gannet list`` shows it, or ``package.module:Name`` outside
    Gannet.
    """
    package = factory.__module__.split(".")
    if package[0] != "gannet" or len(package) < 3:
        return f"{factory.__module__}:{factory.__name__}"
    return name_of(package[1], factory)


def field_default(cls: Any, name: str) -> Any:
    """The default of a field of a dataclass, made if need be; ``inspect.Parameter.empty`` if it has none."""
    for f in dataclasses.fields(cls):
        if f.name == name and f.default is not dataclasses.MISSING:
            return f.default
        if f.name == name and f.default_factory is not dataclasses.MISSING:
            return f.default_factory()
    return inspect.Parameter.empty


def _typed(value: Any, annotation: Any) -> Any:
    """The value in the annotated type; the text ``none`` becomes None, ``2`` the number 2 where that is one of the
    allowed values, and comma-separated text becomes a list if needed.
    """
    adapter = TypeAdapter(annotation)
    if not isinstance(value, str):
        return _finite(adapter.validate_python(value))
    options = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    if type(None) in options and value.lower() == "none":
        return None
    for option in options:
        if get_origin(option) is Literal:
            value = next((allowed for allowed in get_args(option) if str(allowed) == value), value)
    try:
        return _finite(adapter.validate_python(value))
    except ValidationError:
        if any(get_origin(_bare(option)) is tuple for option in options):
            return _finite(adapter.validate_python(_list(value)))
        raise


def _list(text: str) -> list[Any]:
    try:
        inner = text.strip().replace("(", "[").replace(")", "]")
        return json.loads(inner if inner.startswith("[") and _is_one_list(inner) else f"[{inner}]")
    except json.JSONDecodeError:
        return [part.strip() for part in text.split(",")]


def _is_one_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except json.JSONDecodeError:
        return False


def _bare(annotation: Any) -> Any:
    return get_args(annotation)[0] if hasattr(annotation, "__metadata__") else annotation


_writer = cache(TypeAdapter)


def _plain(value: Any) -> Any:
    try:
        return json.loads(_writer(type(value)).dump_json(value))
    except (PydanticUserError, ValueError):
        return str(value)


def _finite(value: Any) -> Any:
    """The value, if no number in it is infinite or NaN.

    Raises:
        ValueError: one is.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not finite")
    for part in value if isinstance(value, list | tuple) else ():
        _finite(part)
    return value


def _wrong(key: str, value: Any, annotation: Any, error: ValueError) -> str:
    """The sentence about a value that its annotation does not allow."""
    words = expected(annotation)
    reason = (
        str(error.errors()[0]["msg"]).replace("Input should be", "should be")
        if isinstance(error, ValidationError)
        else str(error)
    )
    if not words:
        return f"{key}={value}: {reason}."
    is_list = "list" in words.split()
    return (
        f"{key}={value}: expected {words}{f' ({reason})' if is_list or not isinstance(error, ValidationError) else ''}."
    )
