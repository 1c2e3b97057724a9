"""Which score cards may stand side by side: those of one metric that were measured in the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from gannet.errors import UserError
from gannet.runs.records import ScoreCard

WAY = ("fingerprint", "n_real", "n_fake", "weights")
"""Fields that are equal in two cards of one metric if, and only if, their values may be compared."""
MOST_NAMED = 8
_MISSING = object()


def way_of(card: ScoreCard) -> tuple[str, str, int, int, str]:
    """Metric and the fields of ``WAY``: equal for cards that may stand side by side."""
    return card.metric, card.fingerprint, card.n_real, card.n_fake, card.weights


def protocol_of_card(card: ScoreCard) -> dict[str, object]:
    """Everything that defines how a card was measured, flat: its spec, and the fields of ``WAY`` that its protocol does
    not hold, as in cards of early versions.
    """
    spec = dict(flat(card.spec))
    return spec | {
        name: value for name, value in zip(WAY, way_of(card)[1:], strict=True) if f"protocol.{name}" not in spec
    }


def require_comparable(cards: Sequence[ScoreCard]) -> None:
    """Raise if cards of one metric were measured in different ways: their values must not be compared, ranked or drawn
    together.

    Cards of different metrics are never compared with each other, so a whole score sheet of several runs may be given
    at once.

    Raises:
        UserError: one sentence for each metric that was measured in several ways, with the fields that differ and their
        values.
    """
    by_metric: dict[str, list[ScoreCard]] = {}
    for card in cards:
        by_metric.setdefault(card.metric, []).append(card)
    problems = [_problem(name, group) for name, group in by_metric.items() if len({way_of(card) for card in group}) > 1]
    if problems:
        raise UserError(*problems)


def by_protocol(cards: Sequence[ScoreCard]) -> tuple[list[ScoreCard], list[ScoreCard], list[str]]:
    """Set apart the cards that were not measured in the same way as the newest card of their metric.

    Returns:
        The cards like the newest of their metric; the others; and a sentence for each metric that has others, with the
        fields in which they differ and their values.
    """
    newest = {card.metric: card for card in cards}
    like = [card for card in cards if way_of(card) == way_of(newest[card.metric])]
    unlike = [card for card in cards if way_of(card) != way_of(newest[card.metric])]
    sentences = []
    for metric in dict.fromkeys(card.metric for card in unlike):
        others = [protocol_of_card(card) for card in unlike if card.metric == metric]
        own = protocol_of_card(newest[metric])
        names = sorted({name for other in others for name in differing(own, other)})
        differences = ", ".join(f"{name} ({own.get(name)}, not {others[0].get(name)})" for name in names)
        sentences.append(f"{newest[metric].label}: the newest card differs in {differences}.")
    return like, unlike, sentences


def differing(first: Mapping[str, object], second: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """Dotted fields in which two nested records differ, with both values; None where a field is missing."""
    left, right = dict(flat(first)), dict(flat(second))
    names = sorted(left.keys() | right.keys())
    return {
        name: (left.get(name), right.get(name))
        for name in names
        if left.get(name, _MISSING) != right.get(name, _MISSING)
    }


def flat(values: Mapping[str, object], before: str = "") -> list[tuple[str, object]]:
    """(dotted name, value) of a nested record, in its order; an empty record is a value."""
    pairs: list[tuple[str, object]] = []
    for name, value in values.items():
        pairs += (
            flat(value, f"{before}{name}.") if isinstance(value, Mapping) and value else [(f"{before}{name}", value)]
        )
    return pairs


def _problem(metric: str, cards: Sequence[ScoreCard]) -> str:
    fields: dict[str, tuple[object, object]] = {}
    for one, other in pairwise(cards):
        fields = {**differing(protocol_of_card(one), protocol_of_card(other)), **fields}
    marks = ", ".join(dict.fromkeys(card.fingerprint for card in cards))
    # The fingerprint is the hash of the other fields, and stands before them.
    others = {name: values for name, values in fields.items() if name != "fingerprint"}
    named = [f"{name} ({_shown(one)} and {_shown(other)})" for name, (one, other) in list(others.items())[:MOST_NAMED]]
    more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
    return (
        f"Values of {metric} with different fingerprints ({marks}) must not be compared: they differ in "
        f"{', '.join(named)}{more}. Measure them again in the same way."
    )


def _shown(value: object) -> str:
    text = "nothing" if value is None else str(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
