"""Drawings of a transport plan: arrows from sources to targets next to the matrix, and many samples with distances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gannet.errors import UserError
from gannet.figures.theme import FAKE, INK, MUTED, REAL, RULE, hex_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from PIL import Image

    from gannet.figures.shown import ShownFigure

MOST_ARROWS = 2000
THINNEST, THICKEST = 0.4, 2.4
"""Widths of arrows in points; the heaviest move is the thickest."""
NEGLIGIBLE = 1e-9
"""Share of the heaviest move below which an entry counts as 0, because solvers leave rounding errors."""
MOST_NUMBERS = 12
"""Rows and columns up to which a matrix shows its numbers."""


def draw_plan(sources: np.ndarray, targets: np.ndarray, mass: np.ndarray, title: str = "") -> Image.Image:
    """Draw arrows at the left and the matrix at the right, 1280 pixels wide.

    One-dimensional places are drawn on two lines, sources above and targets below; two-dimensional places at their
    positions. The area of a disc and the width of an arrow increase with the mass.

    Args:
        sources: (N, 1) or (N, 2) places that mass is moved from, hollow teal.
        targets: (M, 1) or (M, 2) places that mass is moved to, solid orange.
        mass: (N, M) mass moved from each source to each target, >= 0.
        title: text above the arrows.

    Raises:
        UserError: the shapes do not match, places have more than two dimensions, or values cannot be drawn.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from PIL import Image

    sources, targets, mass = _checked(sources, targets, mass)
    figure = Figure(figsize=(8, 4.2), dpi=160, facecolor="white", layout="constrained")
    canvas = FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.25, 1]})
    _draw_arrows(left, sources, targets, mass)
    left.set_title(title, color=hex_colour(INK), fontsize=11, loc="left")
    _draw_matrix(figure, right, mass)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())


def samples_plan(real: np.ndarray, generated: np.ndarray, mass: np.ndarray, title: str = "") -> ShownFigure:
    """The plan between many samples: a line from every generated sample to the real ones that it is moved to, and the
    distribution of these distances.

    Args:
        real: (N, 2) real samples, hollow teal.
        generated: (M, 2) generated samples, solid orange.
        mass: (M, N) mass moved from each generated sample to each real one.
        title: text above the lines.

    Raises:
        UserError: as for :func:`draw_plan`.
    """
    from matplotlib.collections import LineCollection

    from gannet.figures.shown import ShownFigure

    generated, real, mass = _checked(generated, real, mass)
    figure = ShownFigure(figsize=(9, 4.2), dpi=140, facecolor="white")
    margins = {"left": 0.05, "right": 0.99, "bottom": 0.13, "top": 0.92, "wspace": 0.2}
    left, right = figure.subplots(1, 2, gridspec_kw={"width_ratios": [1.1, 1], **margins})
    moved = moves(mass)
    ends = np.array([[generated[i], real[j]] for i, j, _ in moved])
    weights = np.array([share for *_, share in moved])
    left.add_collection(LineCollection(list(ends), colors=hex_colour(MUTED), linewidths=0.7, alpha=0.7))
    left.scatter(*real.T, s=14, facecolors="white", edgecolors=hex_colour(REAL), linewidths=0.9, zorder=2, label="real")
    left.scatter(*generated.T, s=9, color=hex_colour(FAKE), zorder=3, linewidths=0, label="generated")
    left.set_aspect("equal", adjustable="datalim")
    left.set_title(title, color=hex_colour(INK), fontsize=11, loc="left")
    left.legend(frameon=False, labelcolor=hex_colour(MUTED), loc="best", fontsize=8)
    distances = np.linalg.norm(ends[:, 0] - ends[:, 1], axis=1)
    right.hist(distances, bins=30, weights=weights / weights.sum(), color=hex_colour(FAKE), alpha=0.85)
    mean = float(np.average(distances, weights=weights))
    right.axvline(mean, color=hex_colour(INK), linewidth=1.2)
    right.set_title(
        f"mean distance {mean:.3g} = W1 between these samples", color=hex_colour(INK), fontsize=10, loc="left"
    )
    right.set_xlabel("distance to move", color=hex_colour(MUTED))
    right.set_ylabel("share of the samples", color=hex_colour(MUTED))
    for axis in (left, right):
        _plain(axis)
    right.spines[["top", "right"]].set_visible(False)
    return figure


def moves(mass: np.ndarray) -> list[tuple[int, int, float]]:
    """(source, target, mass) of the 2,000 heaviest moves, lightest first, so that the heaviest is drawn on top."""
    rows, columns = np.nonzero(mass > NEGLIGIBLE * mass.max())
    order = np.argsort(mass[rows, columns], kind="stable")[-MOST_ARROWS:]
    return [(int(i), int(j), float(mass[i, j])) for i, j in zip(rows[order], columns[order], strict=True)]


def _draw_arrows(axis: Axes, sources: np.ndarray, targets: np.ndarray, mass: np.ndarray) -> None:
    on_line = sources.shape[1] == 1
    start, end = (_on_lines(sources, 1.0), _on_lines(targets, 0.0)) if on_line else (sources, targets)
    heaviest = mass.max()
    for i, j, moved in moves(mass):
        width = THINNEST + (THICKEST - THINNEST) * moved / heaviest
        style = {
            "arrowstyle": "-|>",
            "mutation_scale": 11,
            "shrinkA": 6,
            "shrinkB": 6,
            "color": hex_colour(MUTED),
            "lw": width,
        }
        axis.annotate("", end[j], start[i], arrowprops=style)
    axis.scatter(
        *start.T,
        s=_areas(mass.sum(axis=1)),
        facecolors="white",
        edgecolors=hex_colour(REAL),
        linewidths=1.6,
        zorder=3,
        label="from",
    )
    axis.scatter(*end.T, s=_areas(mass.sum(axis=0)), color=hex_colour(FAKE), zorder=3, label="to")
    axis.margins(0.1, 0.25 if on_line else 0.1)
    if on_line:
        axis.set_yticks([1.0, 0.0], ["from", "to"])
    else:
        axis.set_aspect("equal")
        axis.legend(frameon=False, labelcolor=hex_colour(MUTED), loc="best")
    _plain(axis)


def _draw_matrix(figure: Any, axis: Axes, mass: np.ndarray) -> None:
    picture = axis.imshow(
        mass,
        cmap="YlGnBu",
        vmin=0,
        aspect="equal" if mass.shape[0] == mass.shape[1] else "auto",
        interpolation="nearest",
    )
    axis.set_xlabel("to", color=hex_colour(MUTED))
    axis.set_ylabel("from", color=hex_colour(MUTED))
    bar = figure.colorbar(picture, ax=axis, shrink=0.8)
    bar.set_label("mass", color=hex_colour(MUTED))
    bar.outline.set_edgecolor(hex_colour(RULE))
    bar.ax.tick_params(colors=hex_colour(MUTED), labelsize=8)
    if max(mass.shape) <= MOST_NUMBERS:
        for i, j, moved in moves(mass):
            ink = "white" if moved > mass.max() / 2 else hex_colour(INK)
            axis.text(j, i, f"{moved:.3g}".removeprefix("0"), color=ink, fontsize=7.5, ha="center", va="center")
    _plain(axis)


def _plain(axis: Axes) -> None:
    axis.tick_params(colors=hex_colour(MUTED), labelsize=8)
    for spine in axis.spines.values():
        spine.set_color(hex_colour(RULE))


def _areas(weights: np.ndarray) -> np.ndarray:
    return np.where(weights > 0, 12 + 80 * weights / max(weights.max(), 1e-300), 0.0)


def _on_lines(places: np.ndarray, height: float) -> np.ndarray:
    return np.column_stack([places[:, 0], np.full(len(places), height)])


def _checked(sources: np.ndarray, targets: np.ndarray, mass: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    sources, targets, mass = (np.asarray(values, np.float64) for values in (sources, targets, mass))
    shapes = (sources.shape, targets.shape, mass.shape)
    if (
        sources.ndim != 2
        or targets.ndim != 2
        or sources.shape[1:] != targets.shape[1:]
        or sources.shape[1] not in (1, 2)
    ):
        raise UserError(f"Sources and targets must both be (N, 1) or both (N, 2); got {shapes[0]} and {shapes[1]}.")
    if mass.shape != (len(sources), len(targets)):
        raise UserError(
            f"The plan must have the shape {(len(sources), len(targets))}, (sources, targets), not {shapes[2]}."
        )
    if not all(np.isfinite(values).all() for values in (sources, targets, mass)) or (mass < 0).any() or not mass.any():
        raise UserError("Places must be finite, and masses finite and at least 0, with one of them above 0.")
    return sources, targets, mass
