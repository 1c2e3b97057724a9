"""What swept keys do to a metric: a heat map for two keys, a curve for one, with the spread over the seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gannet.figures.paper import COLUMN_INCHES, paper_style
from gannet.figures.theme import SERIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ROW_INCHES, CELL_INCHES = 0.42, 0.72
LOGARITHMIC_FROM = 20.0
"""A colour scale or axis is logarithmic where the largest value is this many times the smallest."""


@dataclass(frozen=True)
class SweptMetric:
    """One metric of one recipe.

    Attributes:
        name: of the recipe.
        label: of the metric, with its direction.
        better: ``lower``, ``higher``, ``one`` or ``real``.
        values: swept values, one for each key -> the values of the seeds; empty where no run has one.
        runs: runs of each combination.
        reference: the value of real data.
    """

    name: str
    label: str
    better: str
    values: Mapping[tuple[str, ...], Sequence[float]]
    runs: int
    reference: float | None


def draw_sweep(keys: Mapping[str, Sequence[str]], recipes: Sequence[SweptMetric]) -> Figure:
    """A heat map of each recipe where two keys are swept, one curve for each recipe where one is.

    Args:
        keys: one or two swept keys and their values.
        recipes: the same metric of each recipe.
    """
    with paper_style():
        return _heat_maps(keys, recipes) if len(keys) == 2 else _curves(keys, recipes)


def _heat_maps(keys: Mapping[str, Sequence[str]], recipes: Sequence[SweptMetric]) -> Figure:
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.figure import Figure

    (down, rows), (across, columns) = keys.items()
    width = max(COLUMN_INCHES, 1.3 + CELL_INCHES * len(columns))
    figure = Figure((width, (0.62 + ROW_INCHES * len(rows)) * len(recipes) + 0.1), layout="constrained")
    means = [[[_mean(r.values.get((y, x), ())) for x in columns] for y in rows] for r in recipes]
    known = np.asarray([v for v in np.ravel(means) if math.isfinite(v)] or [0.0, 1.0])
    norm = LogNorm if known.min() > 0 and known.max() / known.min() >= LOGARITHMIC_FROM else Normalize
    scale, colours = norm(known.min(), known.max()), "viridis_r" if recipes[0].better == "lower" else "viridis"
    for axes, recipe, values in zip(
        np.ravel(figure.subplots(len(recipes), 1, squeeze=False)), recipes, means, strict=True
    ):
        drawn = axes.imshow(np.asarray(values), cmap=colours, norm=scale, aspect="auto")
        axes.set_xticks(range(len(columns)), columns)
        axes.set_yticks(range(len(rows)), rows)
        axes.set(xlabel=across, ylabel=down, title=_title(recipe))
        for i, y in enumerate(rows):
            for j, x in enumerate(columns):
                dark = math.isfinite(values[i][j]) and sum(drawn.cmap(scale(values[i][j]))[:3]) < 1.5
                axes.text(
                    j,
                    i,
                    _words(recipe, (y, x)),
                    ha="center",
                    va="center",
                    fontsize=6.5,
                    color="white" if dark else "black",
                )
        figure.colorbar(drawn, ax=axes)
    return figure


def _curves(keys: Mapping[str, Sequence[str]], recipes: Sequence[SweptMetric]) -> Figure:
    from matplotlib.figure import Figure

    [(key, values)] = keys.items()
    figure = Figure((COLUMN_INCHES, 2.3), layout="constrained")
    axes: Axes = figure.subplots()
    numbers = [_number(value) for value in values]
    places = [number for number in numbers if number is not None]
    if len(places) < len(values):
        places = list(map(float, range(len(values))))
        axes.set_xticks(places, values)
    elif min(places) > 0 and max(places) / min(places) >= LOGARITHMIC_FROM:
        axes.set_xscale("log")
    for index, recipe in enumerate(recipes):
        colour = SERIES[index % len(SERIES)]
        seeds = [recipe.values.get((value,), ()) for value in values]
        means, spreads = (
            [_mean(of) for of in seeds],
            [float(np.std(of, ddof=1)) if len(of) > 1 else 0.0 for of in seeds],
        )
        axes.errorbar(places, means, spreads, color=colour, marker="o", markersize=3, capsize=2, label=recipe.name)
        every = [(place, value) for place, of in zip(places, seeds, strict=True) for value in of]
        axes.scatter(
            [place for place, _ in every], [value for _, value in every], s=5, color=colour, alpha=0.5, linewidths=0
        )
    if (reference := recipes[0].reference) is not None:
        axes.axhline(reference, color="#66707a", linestyle="--", linewidth=0.8, label="real data")
    low, high = axes.get_ylim()
    shown = [value for recipe in recipes for of in recipe.values.values() for value in of]
    if shown and min(shown) > 0 and max(shown) / min(shown) >= LOGARITHMIC_FROM and low < high:
        axes.set_yscale("log")
    axes.set(xlabel=key, ylabel=recipes[0].label)
    axes.legend(frameon=False)
    return figure


def _title(recipe: SweptMetric) -> str:
    reference = "" if recipe.reference is None else f", real data {recipe.reference:.3g}"
    return f"{recipe.name}: {recipe.label}{reference}"


def _words(recipe: SweptMetric, place: tuple[str, ...]) -> str:
    of = recipe.values.get(place, ())
    if not of:
        return "no value"
    spread = f"\n± {np.std(of, ddof=1):.2g}" if len(of) > 1 else ""
    missing = f"\n({len(of)} of {recipe.runs})" if len(of) < recipe.runs else ""
    return f"{_mean(of):.3g}{spread}{missing}"


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if len(values) else math.nan


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
