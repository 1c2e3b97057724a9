"""Which recorded score cards may stand side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Card = dict[str, Any]


def by_protocol(cards: list[Card]) -> tuple[list[Card], list[Card], list[str]]:
    """Sets apart the cards of a metric that were not made in the same way as its newest.

    Returns:
        The cards like the newest of their metric; the others; and a sentence for each metric that has others, with the fields in
        which they differ and their values.
    """
    newest = {card["metric"]: card for card in cards}
    like = [card for card in cards if _protocol(card) == _protocol(newest[card["metric"]])]
    unlike = [card for card in cards if card not in like]
    sentences = []
    for metric in dict.fromkeys(card["metric"] for card in unlike):
        others = [_protocol(card) for card in unlike if card["metric"] == metric]
        own = _protocol(newest[metric])
        names = sorted({name for other in others for name in own.keys() | other.keys() if own.get(name) != other.get(name)})
        told = ", ".join(f"{name} ({own.get(name)}, not {others[0].get(name)})" for name in names)
        sentences.append(f"{newest[metric].get('label', metric)}: the newest card differs in {told}.")
    return like, unlike, sentences


def flat(values: Mapping[str, Any], before: str = "") -> list[tuple[str, Any]]:
    """(dotted name, value) of a nested record, in its order."""
    pairs: list[tuple[str, Any]] = []
    for name, value in values.items():
        pairs += flat(value, f"{before}{name}.") if isinstance(value, Mapping) else [(f"{before}{name}", value)]
    return pairs


def _protocol(card: Card) -> dict[str, Any]:
    spec = dict(flat(card.get("spec") or {}))
    return spec | {name: card.get(name) for name in ("fingerprint", "n_real", "n_fake", "weights")}
