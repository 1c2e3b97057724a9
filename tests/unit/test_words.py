"""Source, docs and help do not contain words and phrases that the glossary retired. Words with a second, current
meaning are not listed.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RETIRED = {
    r"\b(goes|go|going|went) on\b": "continues",
    r"\bbeside\b": "next to",
    r"\bbut for\b": "except",
    r"\bof (its|their|his|our) own\b": "separate",
    r"\bso many\b": "N",
    r"\bsaid of\b": "called",
    r"\bin place of\b": "instead of",
    r"\bmend(s|ed)?\b": "fix",
    r"\banew\b": "again",
    r"\btwins?\b": "EMA",
    r"\baveraged (generator|weights|game)\b": "EMA generator",
    r"\b(un)?usual ones\b": "default metrics",
    r"\bcannot be had\b": "not available",
    r"\bwhere there (is|are) none\b": "if any",
    r"\bwhatever becomes\b": "that outlives",
    r"\b(is|are) no (recipe|run|key|loss|metric|number|game|image|picture|reason|error)\b": "is not",
}
"""Pattern -> what to write instead."""
ALLOWED = {
    r"\b(is|are) no (recipe|run|key|loss|metric|number|game|image|picture|reason|error)\b": r"\bthere (is|are) no\b"
}
"""Pattern -> context in which it is plain English."""
FILES = [
    path
    for folder in ("src", "docs", "examples", "scripts", "benchmarks")
    for path in sorted((ROOT / folder).rglob("*"))
    if path.suffix in (".py", ".js", ".md", ".css", ".html") and "node_modules" not in path.parts
] + [ROOT / name for name in ("README.md", "README.zh-CN.md", "CONTRIBUTING.md", "ARCHITECTURE.md", "Makefile")]


def retired_in(text: str) -> list[str]:
    """``line number: phrase (instead: ...)`` for each retired phrase."""
    return [
        f"{number}: {found[0]!r} (write: {instead})"
        for number, line in enumerate(text.splitlines(), 1)
        for pattern, instead in RETIRED.items()
        if (found := re.search(pattern, line, re.IGNORECASE))
        and not re.search(ALLOWED.get(pattern, "(?!)"), line, re.IGNORECASE)
    ]


def test_no_retired_phrase():
    found = [
        f"{path.relative_to(ROOT)}:{hit}" for path in FILES for hit in retired_in(path.read_text(encoding="utf-8"))
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line", ["It goes on.", "a process of its own", "'x' is no recipe for points", "the averaged generator"]
)
def test_a_retired_phrase_is_found(line):
    assert retired_in(line)


def test_plain_english_is_not_found():
    assert not retired_in("There is no run here, and training continues on the next line.")
