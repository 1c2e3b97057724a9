"""Curves of scalars over training: losses, discriminator outputs and speed, each kind on a separate axis."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from gannet.figures.paper import COLUMN_INCHES, paper_style
from gannet.figures.theme import SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from PIL import Image

    from gannet.figures.shown import ShownFigure

Series = dict[str, tuple[np.ndarray, np.ndarray]]

BINS = 400
"""A longer series is drawn as this many means, with a band from the lowest to the highest value."""
GROUPS = {
    "Throughput": ("per_second", "seconds"),
    "Discriminator outputs": ("logit", "probability", "accuracy"),
    "Gradient norms": ("norm",),
    "Losses and other terms": ("",),
}
"""Title -> words; a term belongs to the first title with a word in the last part of its name."""
ORDER = ("Losses and other terms", "Discriminator outputs", "Gradient norms", "Throughput")
WIDTH, TALL, SHORT, LEFT, BELOW = 8.0, 2.5, 1.7, 0.85, 0.35
"""Inches: width of the figure, height of the first axis and of the others, space for labels left of and below an axis.
"""
COLUMNS = 3
"""Columns of a legend."""
_LIGHT = {"paper": "#ffffff", "ink": "#1c2128", "muted": "#5b6570", "rule": "#e3e7eb"}
_DARK = {"paper": "#161b22", "ink": "#e6edf3", "muted": "#9aa5b1", "rule": "#2d343d"}
_DARK_SERIES = ("#4da3e0", "#ff8a4c", "#2fc79a", "#e59bc4", "#a79bee", "#d0a24c", "#c8ced6", "#8fd0f5")


def draw_curves(terms: Series, dark: bool = False, marks: Sequence[int] = ()) -> Image.Image:
    """One figure with an axis for each kind of recorded term.

    Args:
        terms: name -> (steps (T,), values (T,)); values that are not finite are drawn as gaps.
        dark: draw on a dark background.
        marks: steps that are marked by a dashed line on every axis.

    Returns:
        RGB image, 1280 pixels wide.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from PIL import Image

    canvas = FigureCanvasAgg(curves_figure(terms, dark, marks))
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def curves_figure(terms: Series, dark: bool = False, marks: Sequence[int] = ()) -> ShownFigure:
    """The figure of :func:`draw_curves` for matplotlib."""
    from gannet.figures.shown import ShownFigure

    theme = _DARK if dark else _LIGHT
    groups = grouped(terms)
    tall = [TALL if title == ORDER[0] else SHORT for title in groups] or [SHORT]
    above = [_space_above(series) / 72 + 0.25 for series in groups.values()] or [0.0]
    height = sum(tall) + sum(above) + BELOW * len(tall) + 0.2
    # In inches, not by a layout engine: it would measure every text several times.
    figure = ShownFigure(figsize=(WIDTH, height), dpi=160, facecolor=theme["paper"])
    axes, top = [], height
    for inner, head in zip(tall, above, strict=True):
        bottom = top - head - inner
        axes.append(figure.add_axes((LEFT / WIDTH, bottom / height, 1 - (LEFT + 0.1) / WIDTH, inner / height)))
        top = bottom - BELOW
    for axis, (title, series) in zip(axes, groups.items(), strict=False):
        _draw_group(axis, title, series, theme, _DARK_SERIES if dark else SERIES)
        for step in marks:
            axis.axvline(step, color=theme["muted"], linewidth=0.9, linestyle=(0, (4, 3)), zorder=0.5)
    if not groups:
        axes[0].set_axis_off()
        axes[0].text(0.5, 0.5, "No terms were recorded.", color=theme["muted"], ha="center", fontsize=12)
    else:
        axes[-1].set_xlabel("generator steps", color=theme["muted"])
    return figure


def paper_curves(terms: Series) -> Figure:
    """The same without the throughput, as wide as a column of a paper."""
    from matplotlib.figure import Figure

    groups = {title: series for title, series in grouped(terms).items() if title != "Throughput"} or grouped(terms)
    with paper_style():
        figure = Figure((COLUMN_INCHES, 1.7 * len(groups)), layout="constrained")
        all_axes = figure.subplots(len(groups), 1, squeeze=False, sharex=True)[:, 0]
        for axes, (title, series) in zip(all_axes, groups.items(), strict=True):
            for index, (name, (steps, values)) in enumerate(series.items()):
                middle, lowest, mean, highest = envelope(np.asarray(steps), np.asarray(values, float))
                axes.plot(middle, mean, color=SERIES[index % len(SERIES)], linewidth=1.0, label=name.replace("/", " "))
                if len(steps) > BINS:
                    axes.fill_between(
                        middle, lowest, highest, color=SERIES[index % len(SERIES)], alpha=0.16, linewidth=0
                    )
            axes.set_title(title, loc="left")
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)
        all_axes[-1].set_xlabel("generator steps")
    return figure


def readable(name: str) -> str:
    """The name of a term for people: ``discriminator/zero centered`` of ``discriminator/zero_centered``."""
    return name.replace("_", " ")


def grouped(terms: Series) -> dict[str, Series]:
    """The terms grouped by axis, in the order of the axes; each group is sorted by name."""
    groups: dict[str, Series] = {title: {} for title in ORDER}
    for name in sorted(terms):
        part = name.rsplit("/", 1)[-1]
        title = next(title for title, words in GROUPS.items() if any(word in part for word in words))
        groups[title][name] = terms[name]
    return {title: series for title, series in groups.items() if series}


def envelope(
    steps: np.ndarray, values: np.ndarray, bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Summarise a long series in at most ``bins`` parts: (middle step, lowest, mean, highest) of each part.

    Values that are not finite are ignored; a part without finite values becomes NaN.
    """
    if len(steps) <= bins:
        finite = np.where(np.isfinite(values), values, np.nan)
        return steps.astype(float), finite, finite, finite
    edges = np.linspace(0, len(steps), bins + 1).round().astype(int)
    parts = [(steps[a:b], values[a:b][np.isfinite(values[a:b])]) for a, b in pairwise(edges)]
    none = (np.nan, np.nan, np.nan)
    rows = [(part.mean(), *((good.min(), good.mean(), good.max()) if len(good) else none)) for part, good in parts]
    middle, lowest, mean, highest = np.array(rows, float).T
    return middle, lowest, mean, highest


def _space_above(series: Series) -> int:
    """Points between an axis and its title, where its legend is."""
    return 12 + 14 * -(-len(series) // COLUMNS)


def _draw_group(axis: Axes, title: str, series: Series, theme: dict[str, str], colours: tuple[str, ...]) -> None:
    from matplotlib.ticker import EngFormatter

    for index, (name, (steps, values)) in enumerate(series.items()):
        colour = colours[index % len(colours)]
        middle, lowest, mean, highest = envelope(np.asarray(steps), np.asarray(values, float))
        if len(steps) > BINS:
            axis.fill_between(middle, lowest, highest, color=colour, alpha=0.16, linewidth=0)
        style = "-" if index < len(colours) else "--"
        axis.plot(
            middle,
            mean,
            color=colour,
            linewidth=1.5,
            linestyle=style,
            label=name,
            marker="o" if len(steps) < 2 else None,
        )
    axis.set_title(title, loc="left", fontsize=11, fontweight="bold", color=theme["ink"], pad=_space_above(series))
    axis.set_facecolor(theme["paper"])
    axis.grid(axis="y", color=theme["rule"], linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right", "left"]].set_visible(False)
    axis.spines["bottom"].set_color(theme["rule"])
    axis.tick_params(colors=theme["muted"], length=0, labelsize=9)
    axis.xaxis.set_major_formatter(EngFormatter(sep=""))
    axis.margins(x=0.01)
    if title == "Throughput":
        axis.set_ylim(bottom=0)
    axis.set_ylabel(
        "generator steps / second" if title == "Throughput" and len(series) == 1 else "value",
        color=theme["muted"],
        fontsize=9,
    )
    # Lines keep the names of their terms, by which a person finds them.
    axis.legend(
        *zip(*((line, readable(str(line.get_label()))) for line in axis.lines), strict=True),
        loc="lower left",
        bbox_to_anchor=(-0.012, 1.0),
        ncols=COLUMNS,
        frameon=False,
        fontsize=9,
        labelcolor=theme["ink"],
        handlelength=1.4,
    )
