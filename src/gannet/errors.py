"""Errors a user can cause, and how they are worded."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TypeVar

T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True)
class Unknown:
    """One name that does not exist. An error prints the allowed names once, however many such names it holds."""

    sentence: str
    """What is wrong, with a suggestion if there is one."""
    allowed: tuple[str, ...]
    """Everything that is accepted in its place."""
    kind: str = ""
    """What the names are of, such as ``key`` or ``loss``."""


Mistake = str | Unknown


class UserError(Exception):
    """A mistake in what the user gave: the command line prints its sentences and exits with 2.

    Args:
        mistakes: one per mistake; all of them are shown at once.
    """

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        self.problems: Sequence[str] = _sentences(mistakes)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[UserError], tuple[Mistake, ...]]:
        return type(self), self.mistakes


class TrainingStopped(Exception):
    """Training was stopped by its guard (a value that is not finite); exit status 3."""


class GannetWarning(UserWarning):
    """What a user should know of a training that continues, such as an alarm of its health."""


def unknown(sentence: str, name: str, allowed: Iterable[str], kind: str = "") -> Unknown:
    """The mistake of a name that does not exist, with the nearest allowed one as a suggestion."""
    options = tuple(sorted(allowed))
    return Unknown(sentence + nearest(name, options), options, kind)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """`` Did you mean 'NAME'?`` with the nearest allowed name, or nothing."""
    close = get_close_matches(name, sorted(allowed), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def in_shell(*words: object) -> str:
    """A command to show to people, quoted so that a shell reads the same words."""
    return shlex.join(map(str, words))


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """End of the only such sentence of an error: the nearest allowed name, then all of them."""
    options = sorted(allowed)
    return nearest(name, options) + _listed(options)


def of_all(items: Iterable[A], make: Callable[[A], T]) -> list[T]:
    """``make`` of every item.

    Raises:
        UserError: the mistakes of all items together, equal ones once.
    """
    made: list[T] = []
    mistakes: dict[Mistake, None] = {}
    for item in items:
        try:
            made.append(make(item))
        except UserError as error:
            mistakes |= dict.fromkeys(error.mistakes)
    if mistakes:
        raise UserError(*mistakes)
    return made


def _sentences(mistakes: Sequence[Mistake]) -> tuple[str, ...]:
    """The last of the names that lack one list of allowed names carries the list."""
    last = {mistake.allowed: index for index, mistake in enumerate(mistakes) if isinstance(mistake, Unknown)}
    return tuple(
        mistake if isinstance(mistake, str) else mistake.sentence + (_listed(mistake.allowed) if last[mistake.allowed] == index else "")
        for index, mistake in enumerate(mistakes)
    )


def _listed(options: Sequence[str]) -> str:
    return f" Allowed: {', '.join(options) or 'none'}."
