"""Real and generated points over the discriminator's output on the plane, fast enough for a thousand frames."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from gannet.errors import UserError
from gannet.figures.theme import FAKE, FAKE_TINT, INK, MUTED, PAPER, REAL, REAL_TINT, RULE, font, shortened

PHASES = 2
"""Marks are placed to half a pixel. Finer placement is invisible and makes an animation a tenth larger."""
OVERSAMPLING = 8
"""Marks are drawn this many times larger and averaged, which gives smooth edges, once per size instead of once per
frame.
"""

Extent = tuple[float, float, float, float]
FieldWords = tuple[str, str, str]
PROBABILITY: FieldWords = ("discriminator says", "generated", "real")


@dataclass(frozen=True)
class View:
    """The mapping from data to pixels: equal scales on both axes, y upwards."""

    extent: Extent
    """(x0, x1, y0, y1) of the data."""
    left: int
    top: int
    width: int
    height: int

    def pixels(self, points: np.ndarray) -> np.ndarray:
        """(N, 2) data -> (N, 2) pixel coordinates, float."""
        x0, x1, y0, y1 = self.extent
        return np.stack(
            [
                self.left + (points[:, 0] - x0) / (x1 - x0) * self.width,
                self.top + (y1 - points[:, 1]) / (y1 - y0) * self.height,
            ],
            axis=1,
        )


def layout(extent: Extent, size_px: tuple[int, int], plain: bool = False) -> View:
    """The view that ``draw_points`` uses.

    Raises:
        UserError: the extent is empty or not finite.
    """
    x0, x1, y0, y1 = (float(value) for value in extent)
    if not (all(map(math.isfinite, (x0, x1, y0, y1))) and x1 > x0 and y1 > y0):
        raise UserError(f"The extent must be finite (x0, x1, y0, y1) with x0 < x1 and y0 < y1, not {tuple(extent)}.")
    unit = min(size_px) / 640
    left, right, top, bottom = (1, 1, 1, 1) if plain else (round(margin * unit) for margin in (48, 20, 72, 36))
    scale = min((size_px[0] - left - right) / (x1 - x0), (size_px[1] - top - bottom) / (y1 - y0))
    width, height = round(scale * (x1 - x0)), round(scale * (y1 - y0))
    # Centred horizontally if there is room; always directly below the legend.
    return View((x0, x1, y0, y1), max(left, (size_px[0] - width) // 2), top, width, height)


def draw_points(
    real: np.ndarray,
    fake: np.ndarray,
    field: np.ndarray | None,
    extent: Extent,
    step: int,
    title: str = "",
    size_px: tuple[int, int] = (640, 640),
    plain: bool = False,
    levels: int = 255,
    joined: int = 0,
    words: FieldWords = PROBABILITY,
) -> Image.Image:
    """Draw real points as hollow teal circles, generated points as solid orange dots, and the discriminator's output as
    background.

    Args:
        real: (N, 2) in original units.
        fake: (M, 2); points that are not finite or lie beyond the extent are not drawn.
        field: (R, R) output of the discriminator in [0, 1], row 0 at the lowest y; 0.5 is white. None: a white
        background.
        extent: (x0, x1, y0, y1), the visible part of the plane.
        step: written at the upper right.
        title: written at the upper left.
        size_px: width and height of the figure.
        plain: draw only the field and the points, for small figures.
        levels: number of colours of the background; about a dozen makes animations half as large.
        joined: number of consecutive generated points that one path consists of, drawn as a line; 0 for no paths.
        words: name of the field, and what its low and its high end mean; for the legend.

    Raises:
        UserError: the extent is empty or not finite.
    """
    size_px = (int(size_px[0]), int(size_px[1]))
    view = layout(extent, size_px, plain)
    picture = _scaffold(view, title, size_px, plain, None if field is None else words).copy()
    plot = (
        Image.new("RGB", (view.width, view.height), PAPER)
        if field is None
        else _ground(np.asarray(field), view, levels)
    )
    plot_view = View(view.extent, 0, 0, view.width, view.height)
    unit = min(size_px) / 640 if not plain else min(size_px) / 400
    _stamp(plot, plot_view.pixels(np.asarray(real, np.float64)), _marks(round(4.2 * unit, 3), True))
    generated = plot_view.pixels(np.asarray(fake, np.float64))
    _join(plot, generated, joined, max(1, round(2 * unit)))
    _stamp(plot, generated, _marks(round(3.5 * unit, 3), False))
    picture.paste(plot, (view.left, view.top))
    pen = ImageDraw.Draw(picture)
    pen.rectangle((view.left - 1, view.top - 1, view.left + view.width, view.top + view.height), outline=RULE)
    if not plain:
        corner = (view.left + view.width, round(26 * unit))
        pen.text(corner, f"step {step:,}", INK, font(max(9, round(18 * unit))), anchor="rm")
    return picture


def _join(plot: Image.Image, centres: np.ndarray, joined: int, width: int) -> None:
    """A line through every ``joined`` consecutive points."""
    pen = ImageDraw.Draw(plot)
    for start in range(0, len(centres) if joined else 0, max(joined, 1)):
        path = centres[start : start + joined]
        if np.isfinite(path).all():
            pen.line([(x, y) for x, y in path.tolist()], FAKE, width, joint="curve")


def _ground(field: np.ndarray, view: View, levels: int) -> Image.Image:
    shades = np.clip(np.nan_to_num(field, nan=0.5) * 255 + 0.5, 0, 255).astype(np.uint8)[::-1]
    small = Image.fromarray(np.ascontiguousarray(shades))
    nodes = (0.5, 0.5, small.width - 0.5, small.height - 0.5)  # their centres lie on the edges of the plane
    enlarged = small.resize((view.width, view.height), Image.Resampling.BICUBIC, box=nodes)
    enlarged.putpalette(_diverging(levels))
    return enlarged.convert("RGB")


@lru_cache
def _diverging(levels: int = 255) -> bytes:
    """The colours of probabilities 0/255 ... 255/255; with an even number of levels, one of them is white."""
    distance = (np.round(np.linspace(0, 1, 256) * levels) / levels * 2 - 1)[:, None]
    strength = np.abs(distance) ** 0.8
    tint = np.where(distance < 0, np.array(FAKE_TINT), np.array(REAL_TINT))
    return (np.array(PAPER) * (1 - strength) + tint * strength).round().astype(np.uint8).tobytes()


Marks = dict[tuple[int, int], tuple[Image.Image, Image.Image]]


@lru_cache
def _marks(radius: float, hollow: bool) -> Marks:
    """A mark at every sub-pixel position: its colours, and the coverage of each pixel."""
    return {(x, y): _mark(radius, hollow, x / PHASES, y / PHASES) for x in range(PHASES) for y in range(PHASES)}


def _mark(radius: float, hollow: bool, dx: float, dy: float) -> tuple[Image.Image, Image.Image]:
    side = _side(radius)
    centre = (np.arange(side * OVERSAMPLING) + 0.5) / OVERSAMPLING - side // 2
    distance = np.hypot(centre[None, :] - dx, centre[:, None] - dy)
    if hollow:
        coverage = 0.85 * (np.abs(distance - radius) < max(0.7, 0.18 * radius))
        colours = np.broadcast_to(np.array(REAL, float), (*distance.shape, 3))
    else:
        coverage = 0.95 * (distance < radius + 0.6)
        inner = (distance < radius - 0.3)[..., None]
        colours = np.where(inner, np.array(FAKE, float), np.array(PAPER, float))  # the white rim separates crowded dots
    weight = _average(coverage[..., None])
    mean = _average(colours * coverage[..., None]) / np.maximum(weight, 1e-9)
    alpha = np.round(weight[..., 0] * 255).astype(np.uint8)
    return Image.fromarray(np.round(mean).astype(np.uint8)), Image.fromarray(alpha)


def _side(radius: float) -> int:
    return 2 * math.ceil(radius + 2) + 1


def _average(array: np.ndarray) -> np.ndarray:
    side = array.shape[0] // OVERSAMPLING
    return array.reshape(side, OVERSAMPLING, side, OVERSAMPLING, -1).mean(axis=(1, 3))


def _stamp(plot: Image.Image, centres: np.ndarray, marks: Marks) -> None:
    half = next(iter(marks.values()))[0].width // 2
    near = ((centres > -half) & (centres < np.array(plot.size) + half)).all(axis=1)  # false where a coordinate is NaN
    halves = np.round(centres[near] * PHASES).astype(int)
    for x, y in halves.tolist():
        colours, coverage = marks[x % PHASES, y % PHASES]
        plot.paste(colours, (x // PHASES - half, y // PHASES - half), coverage)


@lru_cache(maxsize=8)
def _scaffold(view: View, title: str, size_px: tuple[int, int], plain: bool, words: FieldWords | None) -> Image.Image:
    """The parts that are the same in all frames: title, legend, ticks."""
    picture = Image.new("RGB", size_px, PAPER)
    if plain:
        return picture
    unit = min(size_px) / 640
    pen = ImageDraw.Draw(picture)
    room = round(view.width - 180 * unit)
    size = max(9, round(18 * unit))
    pen.text((view.left, round(26 * unit)), shortened(title, room, size), INK, font(size, title), anchor="lm")
    _legend(picture, pen, view, unit, words)
    _ticks(pen, view, unit)
    return picture


def _legend(picture: Image.Image, pen: ImageDraw.ImageDraw, view: View, unit: float, words: FieldWords | None) -> None:
    letters = font(max(8, round(13 * unit)))
    middle, left = round(53 * unit), float(view.left)
    for kind, hollow in (("real", True), ("generated", False)):
        mark = np.array([[left + 6 * unit, middle]])
        _stamp(picture, mark, _marks(round((4.8 if hollow else 4.2) * unit, 3), hollow))
        pen.text((left + 15 * unit, middle), kind, MUTED, letters, anchor="lm")
        left += 15 * unit + letters.getlength(kind) + 18 * unit
    if words is None:
        return
    name, low, high = words
    right = float(view.left + view.width)
    pen.text((right, middle), high, MUTED, letters, anchor="rm")
    right -= letters.getlength(high) + 8 * unit
    _colour_bar(picture, (round(right - 96 * unit), round(middle - 5 * unit), round(right), round(middle + 5 * unit)))
    pen.text((right - 104 * unit, middle), f"{name}:  {low}", MUTED, letters, anchor="rm")


def _colour_bar(picture: Image.Image, box: tuple[int, int, int, int]) -> None:
    bar = Image.fromarray(np.arange(256, dtype=np.uint8)[None, :]).resize((box[2] - box[0], box[3] - box[1]))
    bar.putpalette(_diverging())
    picture.paste(bar.convert("RGB"), box)
    ImageDraw.Draw(picture).rectangle((box[0] - 1, box[1] - 1, box[2], box[3]), outline=RULE)


def _ticks(pen: ImageDraw.ImageDraw, view: View, unit: float) -> None:
    letters, length = font(max(8, round(12 * unit))), max(2, round(5 * unit))
    x0, x1, y0, y1 = view.extent
    below, at_left = view.top + view.height, view.left - 1
    for value, words in tick_values(x0, x1):
        x = view.left + (value - x0) / (x1 - x0) * view.width
        pen.line((x, below, x, below + length), RULE)
        pen.text((x, below + length + 3 * unit), words, MUTED, letters, anchor="mt")
    for value, words in tick_values(y0, y1):
        y = view.top + (y1 - value) / (y1 - y0) * view.height
        pen.line((at_left - length, y, at_left, y), RULE)
        pen.text((at_left - length - 3 * unit, y), words, MUTED, letters, anchor="rm")


def tick_values(low: float, high: float) -> list[tuple[float, str]]:
    """Three to eight round numbers from low to high and their labels; the spacing is 1, 2 or 5 times a power of ten."""
    rough = (high - low) / 6
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    values = [index * step for index in range(first, last + 1)]
    if max(abs(low), abs(high)) >= 1e6 or decimals > 5:
        return [(value, f"{value:.3g}") for value in values]
    return [(value, f"{value:.{decimals}f}") for value in values]
