"""Names of terms as this version writes them, of names in runs that earlier versions wrote."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

_RENAMED = {
    "score_real": "logit_real",
    "score_fake": "logit_fake",
    "Consistency": "consistency",
    "Dragan": "dragan",
    "GradientPenalty": "gradient_penalty",
    "HistoricalAveraging": "historical_averaging",
    "LeCam": "le_cam",
    "Orthogonal": "orthogonal",
    "ZeroCentered": "zero_centered",
}
"""Versions 1 and 2 named penalties by their classes."""

Value = TypeVar("Value")


@lru_cache(maxsize=10_000)
def current_name(name: str) -> str:
    """``discriminator/logit_real`` of ``discriminator/score_real``; any other name is returned as it is."""
    player, slash, term = name.rpartition("/")
    return f"{player}{slash}{_RENAMED.get(term, term)}"


def with_current_names(values: Mapping[str, Value]) -> dict[str, Value]:
    """The values under their names of this version."""
    return {current_name(name): value for name, value in values.items()}
