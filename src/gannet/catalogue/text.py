"""Docstrings as Markdown and as plain text."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable

NAMED = ("Formula", "Adds", "Traps", "Keys")
"""First words of paragraphs of a recipe's docstring that get a separate heading."""
LINK = re.compile(r"https://[^\s,;)]*[^\s,;).:]")
TABLE = re.compile(r"\|.*\|\n\|[-:| ]+\|(\n|\Z)")
"""The first two lines of a table."""
ROLE = re.compile(r":\w+:`~?([^`]+)`")


class Paragraphs:
    """A recipe's docstring, split into its opening and its named paragraphs and formatted by ``written`` (default:
    Markdown).
    """

    def __init__(self, docstring: str, written: Callable[[str], str] | None = None) -> None:
        written = written or markdown
        opening: list[str] = []
        self.named: dict[str, str] = {}
        for paragraph in inspect.cleandoc(docstring).split("\n\n"):
            name, _, rest = paragraph.partition(":")
            if name in NAMED:
                # Each line of Keys is an entry.
                text = rest.strip()
                self.named[name] = inspect.cleandoc(rest) if name == "Keys" else written(text[:1].upper() + text[1:])
            else:
                opening.append(paragraph)
        self.opening = written("\n\n".join(opening))


def markdown(docstring: str) -> str:
    """The docstring as GitHub Markdown, without the sections Args, Raises and Returns."""
    text = inspect.cleandoc(docstring)
    text = re.sub(r"\n\n(Args|Raises|Returns):\n.*?(?=\n\n|\Z)", "", text, flags=re.DOTALL)
    return "\n\n".join(map(_paragraph, ROLE.sub(lambda m: f"``{m[1]}``", text).split("\n\n")))


def plain(docstring: str) -> str:
    """The docstring for a terminal, without markup and the sections Args, Raises and Returns; tables and lists keep
    their lines.
    """
    text = re.sub(r"\n\n(Args|Raises|Returns):\n.*?(?=\n\n|\Z)", "", inspect.cleandoc(docstring), flags=re.DOTALL)
    text = ROLE.sub(lambda m: m[1], text).replace("``", "`").replace("**", "")
    return "\n\n".join(
        p if re.search(r"^(\||[-*] |\d+\. |    )", p, re.MULTILINE) else " ".join(p.split()) for p in text.split("\n\n")
    )


def _paragraph(text: str) -> str:
    pieces = re.split(r"(``.+?``|`.+?`)", text, flags=re.DOTALL)
    special = "*<_" if TABLE.match(text) else "*<_|"
    return "".join(f"`{piece.strip('`')}`" if piece.startswith("`") else _escaped(piece, special) for piece in pieces)


def one_line(text: str) -> str:
    """The docstring on one line, for a table cell."""
    return re.sub(r"(?<!\\)\|", r"\|", " ".join(markdown(text).split()))


def links(docstring: str) -> list[str]:
    """All addresses in the docstring, in order."""
    return LINK.findall(docstring)


def _escaped(text: str, special: str) -> str:
    """Escape characters that Markdown would interpret, except ``**`` for bold text."""
    parts = LINK.split(text)
    found = LINK.findall(text)
    escaped = [re.sub(rf"\*\*|[{special}]", lambda m: m[0] if m[0] == "**" else f"\\{m[0]}", part) for part in parts]
    return "".join(part + link for part, link in zip(escaped, [*found, ""], strict=True))
