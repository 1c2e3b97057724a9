"""The pages of docs/ as HTML, served with the live view so that its explanations work offline."""

from __future__ import annotations

import base64
import io
import re
import threading
from functools import lru_cache
from html import escape, unescape
from os.path import normpath
from pathlib import Path
from urllib.parse import urldefrag

from gannet.dashboard.numbers import Missing

DOCS = Path(__file__).parent / "docs"
SPELLINGS = {
    r"\\tfrac(\d)(\d)": r"\\frac{\1}{\2}",
    r"\\tfrac": r"\\frac",
    r"\\([lg])e\b": r"\\\1eq",
    r"\\[lr]Vert": r"\\Vert",
    r"\\big[lr]": "",
}
"""Commands of LaTeX that matplotlib knows by another name."""
SIZES = {"inline": 11, "block": 13}
"""Of formulas, in points."""
DRAWING = threading.Lock()
MARK = "\ue000"
"""Around the number of a formula while Markdown is parsed: a character of no language."""
STYLES = ("page.css", "frame.css", "tables.css", "narrow.css", "document.css")
"""Style sheets of a document; those of the live view are in index.html."""
PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, '
    'initial-scale=1"><meta name="color-scheme" content="light dark"><title>{title} · Gannet</title>'
    '<link rel="icon" href="/static/icon.svg" type="image/svg+xml">'
    + "".join(f'<link rel="stylesheet" href="/static/styles/{name}">' for name in STYLES)
    + '</head><body><main class="document">{body}</main></body></html>'
)


def document(name: str) -> str:
    """A page of docs/ as HTML, by its path below docs/.

    Raises:
        Missing: no page has this name.
    """
    return _rendered(_file(name, ".md"))


def picture(name: str) -> Path:
    """The file of a picture in docs/.

    Raises:
        Missing: no image has this name.
    """
    return _file(name, ".png", ".svg")


def _file(name: str, *suffixes: str) -> Path:
    if name not in _shipped() or not name.endswith(suffixes):
        raise Missing(f"The page {name} does not exist.")
    return DOCS / name


@lru_cache(1)
def _shipped() -> frozenset[str]:
    return frozenset(path.relative_to(DOCS).as_posix() for path in DOCS.glob("**/*") if path.is_file())


@lru_cache(64)
def _rendered(path: Path) -> str:
    from markdown_it import MarkdownIt

    text = re.sub(r"\A<!--.*?-->\n", "", path.read_text(encoding="utf-8"))
    formulas: list[str] = []

    def set_aside(found: re.Match[str]) -> str:
        block, code, inline = found.groups()
        if code:
            return code
        formulas.append(_formula(block, "block") if block else _formula(inline, "inline"))
        return f"{MARK}{len(formulas) - 1}{MARK}"

    # Markdown would read emphasis and escapes within formulas.
    text = re.sub(r"^```math\n(.*?)\n```$|(^```.*?^```$|`[^`]*`)|\$([^$`]+)\$", set_aside, text, flags=re.M | re.S)
    html = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    html = re.sub(r"<h([1-6])>(.*?)</h\1>", _with_anchor, html)
    html = re.sub(r'<a href="([^"]*)">(.*?)</a>', lambda link: link[0] if _is_kept(path, link[1]) else link[2], html)
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")
    title = re.search(r"<h1[^>]*>(.*?)</h1>", html)
    html = re.sub(f"{MARK}(\\d+){MARK}", lambda found: formulas[int(found[1])], html)
    return PAGE.format(title=re.sub(r"<[^>]*>", "", title[1]) if title else path.stem, body=html)


def _with_anchor(heading: re.Match[str]) -> str:
    """A heading with the id that GitHub gives it, since links name it."""
    words = unescape(re.sub(r"<[^>]*>", "", heading[2])).lower()
    anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
    return f'<h{heading[1]} id="{anchor}">{heading[2]}</h{heading[1]}>'


def _is_kept(page: Path, address: str) -> bool:
    """Whether a link leads to the web or to a page that is here, not to the repository."""
    target = urldefrag(address)[0]
    return not target or target.startswith("http") or normpath((page.parent / target).relative_to(DOCS)) in _shipped()


def _formula(tex: str, kind: str) -> str:
    drawing = _drawn(tex, SIZES[kind])
    if drawing is None:
        return f'<code class="formula">{escape(tex)}</code>'
    return f'<img class="formula {kind}" alt="{escape(tex)}" src="data:image/svg+xml;base64,{drawing}">'


@lru_cache(500)
def _drawn(tex: str, size: int) -> str | None:
    """A formula as SVG in base64; None if matplotlib does not know a command."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import math_to_image

    for pattern, other in SPELLINGS.items():
        tex = re.sub(pattern, other, tex)
    file = io.BytesIO()
    try:
        with DRAWING:
            math_to_image(f"${' '.join(tex.split())}$", file, format="svg", prop=FontProperties(size=size))
    except ValueError:
        return None
    return base64.b64encode(file.getvalue()).decode()
