"""What a key's value may be, in words, from the annotation of its parameter."""

from __future__ import annotations

from typing import Any, Literal, Union, get_args, get_origin

BOUNDS = {"gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ "}
NAMES = {int: "integer", float: "number", bool: "true or false", str: "text", type(None): "none"}


def allowed(annotation: Any) -> str:
    """``integer ≥ 1 and ≤ 1,000``, ``adam, rmsprop``, ``number > 0 or none``: type and range; empty if no words say
    it.
    """
    bare, metadata = (
        (get_args(annotation)[0], annotation.__metadata__) if hasattr(annotation, "__metadata__") else (annotation, ())
    )
    items = [part for item in metadata for part in (item, *getattr(item, "metadata", ()))]
    bounds = [f"{BOUNDS[name]}{_number(value)}" for part in items for name, value in _bounds(part)]
    if get_origin(bare) is Literal:
        return ", ".join(map(str, get_args(bare)))
    if get_origin(bare) is Union or type(bare).__name__ == "UnionType":
        return " or ".join(filter(None, map(allowed, get_args(bare))))
    name = NAMES.get(bare, "list" if get_origin(bare) in (tuple, list) else "")
    return " ".join([name, " and ".join(dict.fromkeys(bounds))]).strip()


def expected(annotation: Any) -> str:
    """The same as the object of a sentence: ``an integer ≥ 1``, ``one of adam, rmsprop``."""
    words = allowed(annotation)
    if not words or words.startswith(("true", "text")):
        return words
    if words.split()[0] in (*NAMES.values(), "list"):
        return f"{'an' if words[0] in 'aeiou' else 'a'} {words}"
    return f"one of {words}"


def _bounds(part: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name in BOUNDS if isinstance(value := getattr(part, name, None), int | float)]


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"
