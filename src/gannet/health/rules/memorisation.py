"""Samples that are nearer to training rows than other real data are: copies."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gannet.health.base import Finding, History

NAME = "memorisation"
RECORDS = 3
SUSPECT, COPIED = 0.25, 0.5
"""Shares of samples that are nearer to a training row than all but 2 % of unseen real ones; 0.02 is what chance gives."""


def examine(history: History) -> Finding | None:
    """Every one of the last records says so."""
    steps, shares = history.get("copies")
    if len(shares) < RECORDS or shares[-RECORDS:].min() < SUSPECT:
        return None
    share = float(shares[-RECORDS:].min())
    text = f"At least {share:.0%} of samples since step {steps[-RECORDS]:,} lie nearer to a training row than 98 % of unseen real data do."
    return Finding(NAME, "alarm" if share >= COPIED else "warning", text, {"copies": share, "by_chance": 0.02})


def advice(keys: Mapping[str, Any], values: Mapping[str, float]) -> str:
    """More data, or less training."""
    fewer = f"steps={int(keys['steps']) // 2}" if keys.get("steps") else "fewer steps"
    return f"Train on more data, or stop earlier: {fewer}. `gannet measure RUN --metrics authpct` measures it; no metric isolates it."
