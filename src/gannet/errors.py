"""Errors a user can cause, and how they are worded."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class UserError(Exception):
    """A mistake in what the user gave: the command line prints its sentences and exits with 2.

    Args:
        problems: one sentence per mistake; all of them are shown at once.
    """

    def __init__(self, *problems: str) -> None:
        super().__init__("\n".join(problems))
        self.problems: Sequence[str] = problems


class TrainingStopped(Exception):
    """Training was stopped by its guard (a value that is not finite); exit status 3."""


def in_shell(*words: object) -> str:
    """A command to show to people, quoted so that a shell reads the same words."""
    return shlex.join(map(str, words))


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """End of an error sentence: the nearest allowed name, then all of them."""
    options = sorted(allowed)
    close = get_close_matches(name, options, n=1, cutoff=0.5)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    return f"{hint} Allowed: {', '.join(options) or 'none'}."
