"""Errors that a user can cause, and their wording."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TypeVar

LONGEST = 3_000
"""Characters of a sentence; a list of all allowed names is shorter."""
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that control a terminal, end a line, or reorder the text around them (bidirectional controls)."""
T = TypeVar("T")
A = TypeVar("A")


@dataclass(frozen=True)
class Unknown:
    """An unknown name. An error with several of them prints the allowed names once."""

    sentence: str
    """What is wrong, with a suggestion, if any."""
    allowed: tuple[str, ...]
    """All names that are accepted instead."""
    kind: str = ""
    """What the names denote, such as ``key`` or ``loss``."""


Mistake = str | Unknown


class UserError(Exception):
    """A mistake in the user's input: the command line prints its sentences and exits with status 2.

    Args:
        mistakes: all mistakes, which are shown together.
    """

    def __init__(self, *mistakes: Mistake) -> None:
        self.mistakes = mistakes
        self.problems: Sequence[str] = _sentences(mistakes)
        super().__init__("\n".join(self.problems))

    def __reduce__(self) -> tuple[type[UserError], tuple[Mistake, ...]]:
        return type(self), self.mistakes


class TrainingStopped(Exception):
    """Training stopped because a value is not finite; exit status 3."""


class RankLost(RuntimeError):
    """A training on several processes cannot continue, because one of them has ended."""


class TrainingFailed(RuntimeError):
    """A training ended because of an exception, such as out of memory, which is the cause. Exit status 5, or 4 if the
    last step is not saved.

    Args:
        sentence: what happened and what is saved.
        is_saved: whether the last step is saved.
    """

    def __init__(self, sentence: str, is_saved: bool = True) -> None:
        super().__init__(sentence, is_saved)
        self.sentence, self.is_saved = sentence, is_saved

    def __str__(self) -> str:
        return self.sentence


class GannetWarning(UserWarning):
    """A warning about a training that continues, such as a health alarm."""


def printable(text: str) -> str:
    """The text with control characters as escapes, except line ends and tabs."""
    return CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(text: str) -> str:
    """The text with all control characters as escapes, so that a name with a line end is still one line."""
    return printable(text).replace("\n", "\\n").replace("\t", "\\t")


def unknown(sentence: str, name: str, allowed: Iterable[str], kind: str = "") -> Unknown:
    """The error for an unknown name, with the nearest allowed name as a suggestion."""
    options = tuple(sorted(allowed))
    return Unknown(sentence + nearest(name, options), options, kind)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """`` Did you mean 'NAME'?`` with the nearest allowed name, or nothing."""
    close = get_close_matches(name, sorted(allowed), n=1, cutoff=0.5)
    return f" Did you mean {close[0]!r}?" if close else ""


def in_shell(*words: object) -> str:
    """A shell command for display, quoted so that a shell reads the same words. A path with a leading dash is not
    read as an option.
    """
    return shlex.join(
        f"./{word}" if isinstance(word, Path) and str(word).startswith("-") else str(word) for word in words
    )


def counted(number: int, noun: str) -> str:
    """``1 image``, ``2,000 images``."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """The end of an error about one unknown name: the nearest allowed name, then all allowed names."""
    options = sorted(allowed)
    return nearest(name, options) + _listed(options)


def of_all(items: Iterable[A], make: Callable[[A], T]) -> list[T]:
    """Apply ``make`` to every item.

    Raises:
        UserError: the mistakes of all items together, without duplicates.
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
    """The sentences; names with the same allowed names share one list, printed after the last of them."""
    last = {mistake.allowed: index for index, mistake in enumerate(mistakes) if isinstance(mistake, Unknown)}
    return tuple(
        _shortened(
            mistake
            if isinstance(mistake, str)
            else mistake.sentence + (_listed(mistake.allowed) if last[mistake.allowed] == index else "")
        )
        for index, mistake in enumerate(mistakes)
    )


def _shortened(sentence: str) -> str:
    """The sentence on one line, without the middle of what another library quotes from a damaged file."""
    line = one_line(sentence)
    return line if len(line) <= LONGEST else f"{line[: LONGEST * 3 // 4]} ... {line[-LONGEST // 5 :]}"


def _listed(options: Sequence[str]) -> str:
    return f" Allowed: {', '.join(options) or 'none'}."
