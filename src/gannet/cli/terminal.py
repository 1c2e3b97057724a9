"""Tables, bars and colours on a terminal, in which the text of others is shown literally.

rich escapes no text: it writes control characters of a name as they are, reads ``[bold]`` and ``:smile:`` in it, and
measures an escape character as 0 columns. Here every text is escaped before rich writes it, and only what rich itself
adds reaches the terminal, which is nothing if the output is not a terminal.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import IO, Any, TextIO, cast

from rich.console import Console, ConsoleOptions, RenderableType
from rich.file_proxy import FileProxy
from rich.live import Live
from rich.progress import Progress
from rich.segment import Segment

from gannet.cli.output import write_with_controls
from gannet.errors import printable


class _Unescaped:
    """A standard stream as rich writes to it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = getattr(stream, "rich_proxied_file", stream)  # while a bar is shown, the stream below it

    def write(self, text: str) -> int:
        write_with_controls(self._stream, text)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class _Escaping:
    """The stream of rich that writes above a bar, with control characters as escapes."""

    def __init__(self, stream: FileProxy) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(printable(text))
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Terminal(Console):
    """A console of rich that shows every text literally: no markup, no codes of emoji, no control characters.

    Args:
        file: where it writes; standard output if omitted.
        soft_wrap: leave it to the terminal to wrap long lines.
    """

    def __init__(self, file: Any = None, *, soft_wrap: bool = False) -> None:
        super().__init__(
            file=cast("IO[str]", file or _Unescaped(sys.stdout)),
            soft_wrap=soft_wrap,
            highlight=False,
            markup=False,
            emoji=False,
        )

    def print(self, *objects: Any, **options: Any) -> None:
        """Print texts and tables."""
        # Escaped first, because rich drops some control characters of a text.
        super().print(*(printable(one) if isinstance(one, str) else one for one in objects), **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a text or table. rich calls this for everything that it prints, down to cells of tables."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=printable(segment.text))


def show(shown: Live | Progress) -> None:
    """Show a bar or a live table. What the process prints meanwhile stands above it, escaped."""
    shown.start()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if isinstance(stream, FileProxy):  # it reads colours and links in what it is given
            setattr(sys, name, _Escaping(stream))
