"""Functions of one variable side by side, the illustrations of the pages on theory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gannet.figures.theme import INK, MUTED, RULE, Colour, hex_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image


@dataclass(frozen=True)
class Line:
    """One function."""

    label: str
    values: np.ndarray
    """(T,) values at the panel's places."""
    colour: Colour
    filled: bool = False
    """Shade the area below, for densities."""
    dashed: bool = False


@dataclass(frozen=True)
class Panel:
    """One axis."""

    title: str
    places: np.ndarray
    """(T,) from left to right."""
    lines: tuple[Line, ...]
    x_label: str = "x"
    y_label: str = ""
    levels: tuple[tuple[float, str], ...] = ()
    """Heights that are marked by a thin line, with their labels."""
    top: float | None = None
    """Highest value shown."""


def draw_functions(panels: Sequence[Panel], columns: int = 2) -> Image.Image:
    """Draw the panels row by row, each 640 pixels wide."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(4.0 * columns, 3.1 * rows), dpi=160, facecolor="white", layout="constrained")
    figure.get_layout_engine().set(w_pad=0.12, h_pad=0.1)  # type: ignore[union-attr]
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, panel in zip(axes, panels, strict=False):
        _draw(axis, panel)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def _draw(axis: Axes, panel: Panel) -> None:
    for height, words in panel.levels:
        axis.axhline(height, color=hex_colour(MUTED), linewidth=0.8, linestyle=(0, (2, 3)), zorder=1)
        axis.annotate(
            words, (1, height), xycoords=("axes fraction", "data"), xytext=(-2, 3), textcoords="offset points",
            ha="right", va="bottom", fontsize=8, color=hex_colour(MUTED),
        )  # fmt: skip
    for line in panel.lines:
        axis.plot(
            panel.places,
            line.values,
            color=hex_colour(line.colour),
            linewidth=1.8,
            linestyle="--" if line.dashed else "-",
            label=line.label,
        )
        if line.filled:
            axis.fill_between(panel.places, 0, line.values, color=hex_colour(line.colour), alpha=0.14, linewidth=0)
    axis.set_title(panel.title, loc="left", fontsize=10.5, fontweight="bold", color=hex_colour(INK), pad=24)
    axis.legend(
        loc="lower left", bbox_to_anchor=(-0.02, 0.985), ncols=len(panel.lines), frameon=False, fontsize=8.5,
        labelcolor=hex_colour(INK), handlelength=1.4, columnspacing=1.2,
    )  # fmt: skip
    axis.set_xlabel(panel.x_label, color=hex_colour(MUTED), fontsize=9)
    axis.set_ylabel(panel.y_label, color=hex_colour(MUTED), fontsize=9)
    axis.set_xlim(panel.places[0], panel.places[-1])
    axis.set_ylim(top=panel.top)
    axis.spines[["top", "right"]].set_visible(False)
    for spine in axis.spines.values():
        spine.set_color(hex_colour(RULE))
    axis.tick_params(colors=hex_colour(MUTED), labelsize=8)
