"""What the user typed, checked and complete; every mistake is reported before anything is opened or created."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from gannet.config.arguments import Root, read
from gannet.data.base import Kind, Source
from gannet.data.resolve import source_for
from gannet.discovery import Component, find, is_outside, load_file
from gannet.errors import UserError
from gannet.keys import FLAGS as FLAG_ADVICE
from gannet.keys import expanded, short_keys
from gannet.recipes.base import (
    RECOMMENDED,
    RECOMMENDED_FOR_CAPTIONS,
    Recipe,
)
from gannet.runs.records import RunRecord, data_name
from gannet.training.settings import Settings

DEFAULT_FLAGS = {"seed": 0, "device": "auto", "precision": "auto"}
"""Settings that the command line takes as flags, not as keys."""
FLAGS = tuple(DEFAULT_FLAGS)


@dataclass(frozen=True)
class Plan:
    """A run that can start: its keys are checked, and nothing is created yet."""

    recipe_name: str
    """Name, or the path of the user's own file."""
    recipe: Recipe
    arguments: dict[str, Any]
    source_name: str
    source: Source
    settings: Settings
    values: dict[str, dict[str, Any]]
    """Flat values of all keys of ``recipe``, ``data`` and ``settings``, as the run records them."""
    data_name: str
    """What people call the data: the last part of their path, or the name of a built-in source."""
    supplied: frozenset[str] = frozenset()
    """User-supplied components that the user typed and that may therefore be imported."""
    typed: Mapping[str, Any] | None = None
    """The keys as typed, if no recipe was named, so that the data can still decide the recipe."""
    note: str = ""
    """One sentence on why the recipe was chosen, if the data decided."""
    has_own_code: bool = False
    """Whether code outside Gannet takes part: a recipe of the user, or a user-supplied component."""

    @property
    def repeated(self) -> dict[str, Any]:
        """Keys to repeat when the run of this plan is opened again: user-supplied components and the path of the
        data.
        """
        supplied = {
            key: value for key, value in self.values["recipe"].items() if is_outside(value) and value in self.supplied
        }
        path = self.values["data"].get("path")
        return supplied | ({"data.path": path} if path and Path(path).exists() else {})

    @property
    def keys(self) -> set[str]:
        """All keys that a user can type."""
        known = {
            *self.values["recipe"],
            *(f"data.{key}" for key in self.values["data"]),
            *self.values["settings"],
        } - set(FLAGS)
        return known | set(short_keys(known))

    def with_changes(self, changes: Mapping[str, Any]) -> Plan:
        """The plan with other values of some keys.

        Raises:
            UserError: reports all mistakes at once.
        """
        data = {f"data.{key}": value for key, value in self.values["data"].items()}
        settings = dict(self.values["settings"])
        flags = {key: settings.pop(key) for key in FLAGS}
        known = self.values["recipe"] | data | settings
        given = _changed(known, expanded(changes, known))
        return read_keys(self.recipe_name, self.recipe, self.source_name, given, flags, supplied=self.supplied)


def plan(
    data: str,
    *,
    recipe: str | None,
    given: Mapping[str, Any],
    flags: Mapping[str, Any],
    advice: Mapping[str, str] = FLAG_ADVICE,
) -> Plan:
    """Check all keys and return the plan.

    Args:
        data: the DATA argument: a built-in name, a path, or ``hf:owner/name``.
        recipe: a recipe's name, the path of a recipe file, or None for the recommended one.
        given: keys as typed.
        flags: seed, device, precision.
        advice: for each flag, what to write instead of a key of that name.

    Raises:
        UserError: reports all mistakes at once.
    """
    source_name, preset = source_for(data, has_path="data.path" in given)
    source_class = cast(type[Source], find("data", source_name).load())
    recipe_name = recipe or (RECOMMENDED_FOR_CAPTIONS if source_class.has_captions else RECOMMENDED[source_class.kind])
    loaded = load_recipe(recipe_name, source_class.kind)
    keys = {f"data.{k}": v for k, v in preset.items()} | dict(given)
    planned = read_keys(recipe_name, loaded, source_name, dict(keys), flags, advice, supplied=_outside(given))
    return planned if recipe else replace(planned, typed=keys)


def plan_again(
    record: RunRecord,
    *,
    steps: int | None,
    recipe_file: str | None,
    device: str | None = None,
    changes: Mapping[str, Any] | None = None,
    edits: Mapping[str, Any] | None = None,
) -> Plan:
    """The plan of an existing run.

    Args:
        record: its run.json. User-supplied components that only the record names are not imported.
        steps: a new total, or None.
        recipe_file: the user's recipe file, if the run was made from one and the user named it again.
        device: replaces the recorded device.
        changes: keys and flags that the user typed, with other values; typing a recorded user-supplied component allows
        its import.
        edits: values that the run's journal gave to keys during training. They come from a file, so they allow no
        imports.

    Raises:
        UserError: user-supplied code that was not named again, or a wrong key.
    """
    name = record.recipe
    if name.endswith(".py"):
        if recipe_file is None:
            raise UserError(
                f"This run was made by the recipe file {name}. Add --recipe {name}: Gannet never runs code that only "
                f"a run names."
            )
        name = recipe_file
    require_complete(record)
    given = dict(record.arguments) | {f"data.{k}": v for k, v in record.data.arguments.items()}
    settings = dict(record.settings)
    flags = {key: settings.pop(key) for key in FLAGS}
    if device is not None:
        flags["device"] = device
    if steps is not None:
        given["steps"] = steps
    changes = dict(changes or {})
    flags |= {key: changes.pop(key) for key in FLAGS if key in changes}
    known = given | settings | dict(edits or {})
    # A run keeps its data; only their path may change.
    fixed = tuple(key for key in known if key.startswith("data.") and key != "data.path") if changes else ()
    given = _changed(known, expanded(changes, known))
    return read_keys(name, load_recipe(name), record.data.source, given, flags, fixed=fixed, supplied=_outside(changes))


def require_complete(record: RunRecord) -> None:
    """Raise a :class:`UserError` if a record lacks what every run has."""
    if missing := [key for key in FLAGS if key not in record.settings] + ["data"] * (not record.data.source):
        raise UserError(
            f"The record of this run has no {', '.join(missing)}. Restore run.json from a copy of the run, or train a "
            f"new run."
        )


def refuse_flags(given: Mapping[str, Any]) -> None:
    """Raise a :class:`UserError` for keys that are flags."""
    misplaced = [
        f"{key}={given[key]}: {text.format(value=given[key])}" for key, text in FLAG_ADVICE.items() if key in given
    ]
    if misplaced:
        raise UserError(*misplaced)


def read_keys(
    recipe_name: str,
    recipe: Recipe,
    source_name: str,
    given: dict[str, Any],
    flags: Mapping[str, Any],
    advice: Mapping[str, str] = FLAG_ADVICE,
    fixed: tuple[str, ...] = (),
    supplied: frozenset[str] = frozenset(),
) -> Plan:
    """The plan of a recipe on a source with these keys.

    Args:
        recipe_name: name of the recipe, or the path of its file.
        recipe: the loaded recipe.
        source_name: name of the source.
        given: the keys as typed; presets of the recipe are added.
        flags: values of :data:`FLAGS`.
        advice: what to say of keys that are flags.
        fixed: keys that may not be given.
        supplied: components of the user that may be imported.

    Raises:
        UserError: all wrong keys together.
    """
    source_class = cast(type[Source], find("data", source_name).load())
    fields = set(vars(source_class).get("__dataclass_fields__", {}))
    preset = {f"data.{key}": value for key, value in recipe.data.items() if key in fields}
    if source_class.kind == "images":
        preset |= recipe.on_images
    given |= {key: value for key, value in preset.items() if key not in expanded(given, preset)}
    roots = Root(recipe.function, skip=("form",)), Root(source_class, "data."), Root(Settings)
    (arguments, recipe_values), (source_arguments, data_values), (settings, settings_values) = read(
        given, *roots, flags=flags, advice=advice, fixed=fixed, supplied=supplied
    )
    if isinstance(path := data_values.get("data.path"), str) and os.path.exists(path):
        # An absolute path, so that the run can be opened from another working directory.
        data_values["data.path"] = os.path.abspath(path)
    values = {
        "recipe": recipe_values,
        "data": {k.removeprefix("data."): v for k, v in data_values.items()},
        "settings": settings_values,
    }
    source = source_class(**source_arguments)
    called = data_name(source_name, values["data"])
    is_ours = recipe.function.__module__.startswith("gannet.")
    has_own_code = not is_ours or any(map(is_outside, recipe_values.values()))
    checked = Settings(**settings)
    return Plan(recipe_name, recipe, arguments, source_name, source, checked, values, called, has_own_code=has_own_code)


def _changed(known: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The known keys with changes; keys of a replaced component are dropped."""
    replaced = [
        f"{key}." for key, value in changes.items() if key in known and isinstance(value, str) and value != known[key]
    ]
    return {key: value for key, value in known.items() if not key.startswith(tuple(replaced))} | dict(changes)


def _outside(typed: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(value for value in typed.values() if is_outside(value))


def source_from_keys(data: str, given: Mapping[str, Any]) -> tuple[str, Source]:
    """The name and source of a DATA argument; only keys ``data.*`` are allowed."""
    name, preset = source_for(data, has_path="data.path" in given)
    source_class = cast(type[Source], find("data", name).load())
    [(arguments, _)] = read({f"data.{k}": v for k, v in preset.items()} | dict(given), Root(source_class, "data."))
    return name, source_class(**arguments)


def load_recipe(name: str, kind: Kind | None = None) -> Recipe:
    """The recipe of that name; for an unknown name, recipes for ``kind`` are suggested."""

    def suits(component: Component) -> bool:
        return kind is None or component.load().kind in (kind, "any")

    loaded = load_file(Path(name)) if name.endswith(".py") else find("recipes", name, suits).load()
    if not isinstance(loaded, Recipe):
        raise UserError(
            f"The recipe in {name} must be decorated with @gannet.recipe(kind='points') or "
            f"@gannet.recipe(kind='images')."
        )
    return loaded
