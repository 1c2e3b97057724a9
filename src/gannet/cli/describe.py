"""``gannet describe``."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gannet.catalogue.key_help import Key
    from gannet.catalogue.page import Page

NARROWEST, WIDEST = 40, 120
"""Minimum and maximum width of the text in columns."""
HAVE_KEYS = {"recipes", "losses", "priors", "encodings", "data"}
"""Kinds whose arguments are keys of the command line."""


def describe(
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A recipe, loss, metric, data source ...; KIND/NAME if a name exists in several kinds."
        ),
    ],
) -> int:
    """Explain a recipe, loss, metric, data source or other part.

    Prints the text of its page in docs/: formula, keys with default, range and help, traps and papers. `gannet list
    KIND` shows the names. If a name exists in several kinds, all are printed; `gannet describe losses/softmax` selects
    one.
    """
    from gannet.catalogue.kinds import meant
    from gannet.catalogue.page import page

    found = meant(name)
    width = terminal_width()
    print("\n\n".join("\n".join(page_lines(page(kind, one), width)) for kind, one in found))
    if len(found) > 1:
        options = ", ".join(f"{kind}/{one}" for kind, one in found)
        print()
        print(
            textwrap.fill(
                f"{len(found)} parts have this name. To see one of them: gannet describe with one of {options}.", width
            )
        )
    return 0


def page_lines(page: Page, width: int) -> list[str]:
    """A page as lines of at most ``width`` columns, except for addresses and tables."""
    from gannet.catalogue.kinds import SINGULAR

    lines = [f"{page.name} ({SINGULAR[page.kind]})", *_wrapped(page.summary, width)]
    for heading, text in page.sections.items():
        lines += ["", heading.upper()] if heading else [""] if text else []
        lines += _wrapped(text, width, "  " if heading else "")
    if page.keys:
        lines += ["", "KEYS" if page.kind in HAVE_KEYS else "ARGUMENTS", *key_lines(page.keys, width)]
    if page.links:
        lines += ["", "REFERENCES", *(f"  {address}" for address in page.links)]
    if page.use:
        lines += ["", "USE", f"  {page.use}"]
    return lines


def key_lines(keys: Sequence[Key], width: int) -> list[str]:
    """``name=default  [allowed]``, with the help below."""
    lines: list[str] = []
    for key in keys:
        value = f"{key.name}={key.default}" if key.default else f"{key.name} (required)"
        allowed = f"  [{key.allowed}]" if key.allowed else ""
        lines += textwrap.wrap(
            f"{value}{allowed}", width, initial_indent="  ", subsequent_indent="      ", break_long_words=False
        )
        if key.help:
            lines += _wrapped(" ".join(key.help.replace("``", "`").split()), width, "      ")
    return lines


def _wrapped(text: str, width: int, indent: str = "") -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith("|"):
            lines.append(indent + line)
            continue
        hanging = indent + ("  " if line.startswith("- ") else "")
        lines += textwrap.wrap(
            line,
            width,
            initial_indent=indent,
            subsequent_indent=hanging,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [""]
    return lines


def terminal_width() -> int:
    """Columns of text: those of the terminal, within bounds."""
    import shutil

    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
