"""Every Markdown page, as a reader sees it: no stray escapes, whole tables, links that lead somewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    p for folder in (".", "docs", "benchmarks") for p in (ROOT / folder).glob("*.md" if folder == "." else "**/*.md")
)
PARSER = MarkdownIt("commonmark").enable("table")


def flaws(path: Path, text: str) -> list[str]:
    """What a reader of the rendered page would stumble over."""
    found: list[str] = []
    for token, piece in _pieces(text):
        words = piece.content if piece.type == "text" else ""
        if "**" in words or re.search(r"\\[^\w\s]|`", words):
            found.append(f"not rendered: {words}")
        if re.match(r"\|.*\|$", words):
            found.append(f"not a table: {words}")
        if piece.type in ("link_open", "image"):
            address = str(piece.attrs.get("href") or piece.attrs.get("src"))
            found += [f"leads nowhere: {address}"] if not _leads_somewhere(path, text, address) else []
        if piece.type == "html_inline":
            found.append(f"taken for HTML in line {token.map}: {piece.content}")
    lines = text.splitlines()
    for token in PARSER.parse(text):
        if token.type == "table_open" and token.map:
            rows = lines[slice(*token.map)]
            found += [f"cells do not fit the head: {row}" for row in rows if _cells(row) != _cells(rows[0])]
    return found


def _pieces(text: str) -> Iterator[tuple[Token, Token]]:
    for token in PARSER.parse(text):
        for piece in token.children or ():
            yield token, piece


def _cells(row: str) -> int:
    return len(re.findall(r"(?<!\\)\|", row))


def _leads_somewhere(path: Path, text: str, address: str) -> bool:
    if address.startswith(("https://", "http://")):
        return True
    name, _, anchor = address.partition("#")
    target = path.parent / name if name else path
    if not target.exists():
        return False
    return not anchor or anchor in _anchors(target.read_text(encoding="utf-8") if name else text)


def _anchors(text: str) -> set[str]:
    tokens = PARSER.parse(text)
    heads = (after.content for token, after in pairwise(tokens) if token.type == "heading_open")
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_page_renders_as_intended(path):
    assert flaws(path, path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        (r"\*\*bold\*\*", "not rendered"),
        ("\\| a \\| b \\|\n\\|---\\|---\\|", "not a table"),
        ("| a | b |\n|---|---|\n| 1 |", "cells do not fit"),
        ("[x](gone.md)", "leads nowhere"),
        ("[x](#gone)", "leads nowhere"),
        ("a <b> c", "taken for HTML"),
    ],
)
def test_flaws_are_seen(text, flaw, tmp_path):
    assert any(found.startswith(flaw) for found in flaws(tmp_path / "page.md", text))
