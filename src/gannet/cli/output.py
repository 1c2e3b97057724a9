"""What the command prints: text of files cannot control the terminal, nor stop the command.

Names of folders, runs and data, titles, and messages of a run can come from somebody else. The standard streams write
every control character as an escape. Only :class:`gannet.cli.terminal.Terminal` writes around them.
"""

from __future__ import annotations

import io
import sys
import warnings
from typing import Any, TextIO

from gannet.errors import GannetWarning, printable

_FORMAT = warnings.formatwarning


class Output(io.TextIOWrapper):
    """A text stream that writes control characters, and characters that its encoding does not have, as escapes."""

    def write(self, text: str, /) -> int:
        """Write a text; returns its length."""
        super().write(printable(text))
        return len(text)


def _formatted(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> str:
    """A warning of Gannet as one sentence; others with the line of code that they are about."""
    return f"gannet: {message}\n" if issubclass(category, GannetWarning) else _FORMAT(message, category, *place, **more)


def write_with_controls(stream: TextIO, text: str) -> None:
    """Write what rich made, in which the text of others is already escaped."""
    if isinstance(stream, Output):
        io.TextIOWrapper.write(stream, text)
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
            stream.detach(), encoding, "backslashreplace", line_buffering=is_line_buffered, write_through=writes_through
        )
        setattr(sys, name, guarded)
        setattr(sys, f"__{name}__", guarded)
