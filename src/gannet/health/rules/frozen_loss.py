"""A minimised term does not change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from gannet.health.base import Advice, Case, Finding, History

NAME = "frozen-loss"
RECORDS = 10
"""Number of consecutive equal records: terms are means over fresh batches, so equality is never chance."""
TOLERANCE = 1e-6
"""Relative."""


def examine(history: History) -> Finding | None:
    """Report a player all of whose terms are constant (alarm), or one term that is constant and not zero (warning)."""
    frozen = {name: value for name in sorted(history.minimised) if (value := _frozen_at(history, name)) is not None}
    if not frozen:
        return None
    for player in sorted({name.split("/")[0] for name in frozen}):
        own = [name for name in history.minimised if name.startswith(f"{player}/")]
        if all(name in frozen for name in own):
            return _finding("alarm", history, min(own), frozen, f"the {player} has no other term to train on")
    stuck = [name for name, value in frozen.items() if value != 0]
    return _finding("warning", history, stuck[0], frozen, "it changes no parameter") if stuck else None


def _frozen_at(history: History, name: str) -> float | None:
    _, values = history.get(name)
    last = values[-RECORDS:]
    return float(last[-1]) if len(last) == RECORDS and np.ptp(last) <= TOLERANCE * np.abs(last).max() else None


def _finding(severity: Any, history: History, name: str, frozen: dict[str, float], meaning: str) -> Finding:
    steps, _ = history.get(name)
    text = (
        f"{name} has been exactly {frozen[name]:.6g} in the last {RECORDS} records, since step "
        f"{steps[-RECORDS]:,}: {meaning}."
    )
    return Finding(NAME, severity, text, {"value": frozen[name], "since_step": float(steps[-RECORDS])})


def advice(case: Case, values: Mapping[str, float]) -> Advice:
    """A loss without a flat region, or a slower discriminator."""
    if case.keys.get("loss") not in (None, "non-saturating"):
        return Advice(
            NAME,
            "The logits lie in a flat region of the loss; the non-saturating loss has no flat region there.",
            {"loss": "non-saturating"},
        )
    text = "A minimised term has no gradient. In your own loss, look for a detached tensor; otherwise"
    if slower := case.learning_rates(1 / 5, "discriminator"):
        return Advice(NAME, f"{text} slow the discriminator down.", slower)
    return Advice(NAME, f"{text} try a smaller learning rate.", case.learning_rates(1 / 5))
