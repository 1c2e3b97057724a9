"""Score cards as phrases, and as a table for notebooks."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from gannet.runs.records import ScoreCard
from gannet.runs.rounding import written

ARROWS = {"lower": "↓", "higher": "↑", "one": "→ 1", "real": "→ real"}
"""``ScoreCard.better`` -> which way is good."""


class ScoreCards(list[ScoreCard]):
    """A list of score cards that a notebook shows as a table with the real-data references."""

    def _repr_html_(self) -> str:
        return cards_html(self)


def phrases_of(cards: Iterable[ScoreCard]) -> list[str]:
    """Label, value and real-data reference of each: ``FD[mnist-cnn-v1] 0.61 (real data 0.024)``."""
    return [
        f"{card.label} {written(card.value, card.n_fake)}"
        + ("" if card.reference is None else f" (real data {written(card.reference, card.n_fake)})")
        for card in cards
    ]


def cards_html(cards: Iterable[ScoreCard]) -> str:
    """A table: label, value with its interval, real-data reference, direction, number of samples, fingerprint; warnings
    below it.
    """
    cards = list(cards)
    rows = "".join(_row(card) for card in cards)
    said = dict.fromkeys(warning for card in cards for warning in card.warnings)
    notes = "".join(f"<div><small>{escape(sentence)}</small></div>" for sentence in said)
    head = "".join(
        f"<th>{name}</th>" for name in ("metric", "value", "95 % interval", "real data", "better", "n", "fingerprint")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{notes}"


def _row(card: ScoreCard) -> str:
    interval = "" if card.ci95 is None else " to ".join(written(end, card.n_fake) for end in card.ci95)
    reference = "" if card.reference is None else written(card.reference, card.n_fake)
    value, better = written(card.value, card.n_fake), ARROWS.get(card.better, "")
    cells = (card.label, value, interval, reference, better, f"{card.n_fake:,}", card.fingerprint)
    return f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
