"""What a comparison reports to its user, and how it is stopped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from gannet.sessions.reporter import Reporter


class Narrator(Reporter, Protocol):
    """Reports to the user, also between the runs."""

    def say(self, sentence: str) -> None:
        """Something happened that the user may like to know."""

    def running(self, steps: Mapping[str, tuple[int, int]]) -> None:
        """Report the runs that train side by side: name -> steps done and steps in all; called often."""


class Interrupted(BaseException):
    """A signal stopped the work; the same command continues. A BaseException, as KeyboardInterrupt is.

    Args:
        signal: its number.
    """

    def __init__(self, signal: int) -> None:
        super().__init__(signal)
        self.signal = signal
