"""The resolved keys of a training: every key with its value, what differs from the defaults, and why."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gannet.catalogue.key_help import Key, arguments_of, keys_of_settings, shown
from gannet.catalogue.page import recipe_keys
from gannet.config.plan import DEFAULT_FLAGS, Plan, read_keys

HELP_OF_FLAGS = {
    "seed": "Determines all random numbers.",
    "device": "auto, cpu or cuda.",
    "precision": "auto, fp32 or bf16.",
}


@dataclass(frozen=True)
class Explained:
    """One key of a training."""

    key: Key
    """With the value of the training as its default."""
    value: Any
    default: Any
    """The value without any key; None too if the default training has no such key."""
    has_default: bool
    """Whether the default training has such a key."""
    is_changed: bool
    """Whether the training differs from the default one in this key."""


def explain(plan: Plan) -> list[Explained]:
    """Every key of a plan, in the order of recipe, data and settings. The defaults are those of the same recipe on the
    same data.
    """
    path = plan.values["data"].get("path")
    given = {} if path is None else {"data.path": path}
    usual = _values(read_keys(plan.recipe_name, plan.recipe, plan.source_name, given, DEFAULT_FLAGS))
    data = [replace(key, name=f"data.{key.name}") for key in arguments_of(type(plan.source))]
    known = {key.name: key for key in (*recipe_keys(plan.recipe), *data, *keys_of_settings())}
    explained = []
    for name, value in _values(plan).items():
        key = known.get(name, Key(name, "", "", HELP_OF_FLAGS.get(name, "")))
        is_changed = name not in usual or usual[name] != value
        explained.append(
            Explained(replace(key, default=shown(value)), value, usual.get(name), name in usual, is_changed)
        )
    return explained


def _values(plan: Plan) -> dict[str, Any]:
    data = {f"data.{name}": value for name, value in plan.values["data"].items()}
    return {**plan.values["recipe"], **data, **plan.values["settings"]}
