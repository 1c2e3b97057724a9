"""Figures of matplotlib that a notebook shows without pyplot, and that a person can restyle."""

from __future__ import annotations

import io

from matplotlib.figure import Figure


class ShownFigure(Figure):
    """A figure that is its own picture in a notebook; ``figure.axes`` are the axes, ``figure.savefig`` saves it."""

    def _repr_png_(self) -> bytes:
        content = io.BytesIO()
        self.savefig(content, format="png", dpi=110)
        return content.getvalue()
