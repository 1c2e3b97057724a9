"""Which score cards may stand side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from gannet.errors import UserError
from gannet.metrics.base import ScoreCard

MOST_NAMED = 8


def comparable(cards: Sequence[ScoreCard]) -> None:
    """Raise where cards of one metric were not made in one way: their numbers must not be compared, ranked or drawn together.

    Cards of different metrics are never compared with each other, so a whole score sheet of several runs may be given at once.

    Raises:
        UserError: one sentence for each metric whose fingerprints differ, with the fields of the spec that do and their values.
    """
    by_metric: dict[str, list[ScoreCard]] = {}
    for card in cards:
        by_metric.setdefault(card.metric, []).append(card)
    problems = [_problem(name, group) for name, group in by_metric.items() if len({card.fingerprint for card in group}) > 1]
    if problems:
        raise UserError(*problems)


def differing(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Dotted fields in which two specs differ, with both values; None where a field is missing."""
    left, right = _flat(first), _flat(second)
    names = sorted(left.keys() | right.keys())
    return {name: (left.get(name), right.get(name)) for name in names if left.get(name, _MISSING) != right.get(name, _MISSING)}


_MISSING = object()


def _problem(metric: str, cards: Sequence[ScoreCard]) -> str:
    fields: dict[str, tuple[Any, Any]] = {}
    for one, other in pairwise(cards):
        fields = {**differing(one.spec, other.spec), **fields}
    named = [f"{name} ({_shown(one)} and {_shown(other)})" for name, (one, other) in list(fields.items())[:MOST_NAMED]]
    more = f" and {len(fields) - MOST_NAMED} more" if len(fields) > MOST_NAMED else ""
    marks = ", ".join(dict.fromkeys(card.fingerprint for card in cards))
    return (
        f"Values of {metric} with different fingerprints ({marks}) must not be compared: they differ in {', '.join(named)}{more}. "
        "Measure them again in the same way."
    )


def _shown(value: Any) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _flat(spec: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in spec.items():
        if isinstance(value, Mapping) and value:
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[prefix + name] = value
    return flat
