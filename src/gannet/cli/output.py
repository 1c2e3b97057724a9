"""What the command prints: text of files cannot control the terminal, nor stop the command.

Names of folders, runs and data, titles, and messages of a run can come from somebody else. The standard streams write
every control character as an escape. Only :class:`gannet.cli.terminal.Terminal` writes around them.
"""

from __future__ import annotations

import codecs
import io
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO

from gannet.errors import GannetWarning, printable

_FORMAT = warnings.formatwarning


def _bytes_of_names(error: UnicodeError) -> tuple[str | bytes, int]:
    """For names that Python could not decode: their bytes, if these are UTF-8, as where ``LC_ALL=C`` means ASCII. For
    all else, escapes.
    """
    assert isinstance(error, UnicodeEncodeError)
    with suppress(UnicodeError):
        name = error.object[error.start : error.end].encode("ascii", "surrogateescape")
        if printable(name.decode()) == name.decode():
            return name, error.end
    return codecs.backslashreplace_errors(error)


NAMES_OR_ESCAPES = "gannet names or escapes"
codecs.register_error(NAMES_OR_ESCAPES, _bytes_of_names)


class Unwritable(OSError):
    """A standard stream whose file cannot be written, for example because its disk is full."""


class Output(io.TextIOWrapper):
    """A text stream that writes control characters, and characters that its encoding does not have, as escapes."""

    def write(self, text: str, /) -> int:
        """Write a text; returns its length.

        Raises:
            BrokenPipeError: nobody reads it.
            Unwritable: the system cannot write it.
        """
        self.write_with_controls(printable(text))
        return len(text)

    def write_with_controls(self, text: str) -> None:
        """Write a text as it is; raises as :meth:`write`."""
        with _named(self):
            super().write(text)

    def flush(self) -> None:
        """Write what is kept; raises as :meth:`write`."""
        with _named(self):
            super().flush()


@contextmanager
def _named(stream: io.TextIOWrapper) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unwritable(error.errno, error.strerror, stream.name) from error


def _formatted(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> str:
    """A warning of Gannet as one sentence; others with the line of code that they are about."""
    return f"gannet: {message}\n" if issubclass(category, GannetWarning) else _FORMAT(message, category, *place, **more)


def write_with_controls(stream: TextIO, text: str) -> None:
    """Write what rich made, in which the text of others is already escaped."""
    if isinstance(stream, Output):
        stream.write_with_controls(text)
    else:
        stream.write(text)


def guard_output() -> None:
    """Replace the standard streams by :class:`Output`. A closed one stays as it is. Warnings of Gannet become plain
    sentences.
    """
    warnings.formatwarning = _formatted
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is not io.TextIOWrapper:  # closed, or replaced by an embedding program
            continue
        encoding, is_line_buffered, writes_through = stream.encoding, stream.line_buffering, stream.write_through
        guarded = Output(
            stream.detach(), encoding, NAMES_OR_ESCAPES, line_buffering=is_line_buffered, write_through=writes_through
        )
        setattr(sys, name, guarded)
        setattr(sys, f"__{name}__", guarded)
