"""The discriminator knows its training data by heart: it scores real data that it has not seen lower."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gannet.health.base import Finding, History

NAME = "discriminator-overfitting"
RECORDS = 3
SUSPECT, CERTAIN = 0.75, 0.9
"""Share of pairs in which the training row has the higher score; one half without overfitting, whatever the scores' unit."""


def examine(history: History) -> Finding | None:
    """Every one of the last records says so."""
    steps, shares = history.get("training_above_held_out")
    if len(shares) < RECORDS or shares[-RECORDS:].min() < SUSPECT:
        return None
    share = float(shares[-RECORDS:].min())
    text = f"D scores training rows above held-out real ones in {share:.0%} of pairs since step {steps[-RECORDS]:,}; 50% is no difference."
    return Finding(NAME, "alarm" if share >= CERTAIN else "warning", text, {"training_above_held_out": share})


def advice(keys: Mapping[str, Any], values: Mapping[str, float]) -> str:
    """More data, less D."""
    name = "optimizer.discriminator.lr"
    slower = f", or a slower discriminator: {name}={keys[name] / 5:g}" if name in keys else ""
    penalised = f", or penalty.gamma={10 * keys['penalty.gamma']:g}" if "penalty.gamma" in keys else ""
    return f"Train on more data, or stop earlier{slower}{penalised}."
