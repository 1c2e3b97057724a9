"""Score cards of one run that were better before: what loss curves do not show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from gannet.health.base import Finding

NAME = "worsening"
CARDS = 3
"""Fewer of one metric tell nothing."""
AT_LEAST = 1.5
"""The distance from the floor has grown by this factor, in the two newest cards both."""
NEAR_THE_FLOOR = {"lower": 0.5, "higher": 0.1}
"""A best score nearer to the floor than this share of it counts as this far: chance moves it by as much."""


def worsened(cards: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """Metrics whose distance from real data's score has grown again since the best card, the one that grew most first.

    Args:
        cards: of one run, in the order they were written; only those made in one way are compared.
    """
    series: dict[tuple[Any, ...], dict[int, Mapping[str, Any]]] = {}
    for card in cards:
        if card.get("floor") is not None and card.get("better") in ("lower", "higher"):
            series.setdefault((card["metric"], card["fingerprint"], card["weights"]), {})[card["step"]] = card
    found = [finding for same in series.values() if (finding := _worsened(list(same.values())))]
    return sorted(found, key=lambda finding: -finding.values["factor"])


def _worsened(cards: list[Mapping[str, Any]]) -> Finding | None:
    if len(cards) < CARDS:
        return None
    distances = [_distance(card) for card in cards]
    at = distances.index(min(distances))
    best, newest = cards[at], cards[-1]
    least = max(distances[at], NEAR_THE_FLOOR[best["better"]] * abs(best["floor"]))
    factor = min(distances[-2:]) / least if least > 0 else 0.0
    if factor < AT_LEAST:
        return None
    text = (
        f"{newest.get('label', newest['metric'])} is {newest['value']:.3g} at step {newest['step']:,}; at step {best['step']:,} "
        f"it was {best['value']:.3g} (real data {newest['floor']:.3g})."
    )
    steps = {"best_step": float(best["step"]), "step": float(newest["step"])}
    return Finding(NAME, "warning", text, {**steps, "best": best["value"], "value": newest["value"], "factor": factor})


def _distance(card: Mapping[str, Any]) -> float:
    """How far a card is on the bad side of the floor; 0 on the good side."""
    sign = 1 if card["better"] == "lower" else -1
    return max(0.0, sign * (card["value"] - card["floor"]))


def advice(keys: Mapping[str, Any], values: Mapping[str, float]) -> str:
    """Stop there, or let the rates fall."""
    rates = [key for key in keys if key.endswith(".schedule") and keys[key] == "constant"]
    falling = f" Rates that fall: {' '.join(f'{key}=cosine' for key in rates)}." if rates else ""
    return f"Train to there and no further: --steps {values['best_step']:.0f}.{falling} More checkpoints stay with checkpoint.keep=20."
