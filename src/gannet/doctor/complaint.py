"""One thing that is wrong with a run."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["alarm", "warning", "past"]
"""``past``: noticed while training, and over when it ended."""


@dataclass(frozen=True)
class Complaint:
    """One thing that is wrong."""

    rule: str
    severity: Severity
    text: str
    """What was seen, with its figures."""
    suggestion: str
    steps: tuple[int, int]
    """From the first record that says so to the last."""
    records: tuple[int, ...] = ()
    """``seq`` of the events that say so; empty where it follows from all of them."""
    values: dict[str, float] = field(default_factory=dict)
