"""Figures for print: the width of a column, lettering that stays readable there, SVG or PDF."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN_INCHES = 3.4
"""Width of a column of the usual two-column papers (ICML 3.25, CVPR 3.25, IEEE 3.5)."""
STYLE: dict[Any, Any] = {
    "font.size": 8.0,
    "axes.titlesize": 8.0,
    "axes.labelsize": 8.0,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "legend.fontsize": 7.0,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "svg.fonttype": "path",
    "svg.hashsalt": "gannet",
    "pdf.fonttype": 42,
}


@contextmanager
def paper_style() -> Iterator[None]:
    """Inside, matplotlib draws with the lettering of a paper."""
    import matplotlib as mpl

    with mpl.rc_context(STYLE):
        yield


def file_of(figure: Figure, suffix: str) -> bytes:
    """A figure as the bytes of an ``.svg`` or ``.pdf`` file; the same figure gives the same bytes."""
    content = io.BytesIO()
    dates = {".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
    with paper_style():
        figure.savefig(content, format=suffix.removeprefix("."), metadata=dates[suffix])
    return content.getvalue()
