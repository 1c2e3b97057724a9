"""What the command prints: text of files cannot control the terminal, nor stop the command."""

from __future__ import annotations

import io
import re
import sys

CONTROL = re.compile(
    r"\x1b(?!\[[0-9;]*[mKA]|\[\?25[lh])"  # colours, erasing a line, the line above, hiding the cursor: rich writes them
    r"|[\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f]"
)


class Output(io.TextIOWrapper):
    """A text stream that writes control characters, and characters that its encoding does not have, as escapes."""

    def write(self, text: str, /) -> int:
        """Write a text; returns its length."""
        return super().write(CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), text))


def guard_output() -> None:
    """Replace the standard streams by :class:`Output`. A closed one stays as it is."""
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
