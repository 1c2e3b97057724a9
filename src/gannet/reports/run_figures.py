"""A run as figures of matplotlib: its curves, samples, and earth mover's plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from gannet.errors import UserError
from gannet.figures.sheet import cells, image_sheet
from gannet.reports.pictures import cell_size, draw_frame
from gannet.runs.outputs import words_of
from gannet.runs.reader import Run

if TYPE_CHECKING:
    from gannet.figures.shown import ShownFigure


def training_figure(run: Run) -> ShownFigure:
    """The recorded terms, one axis for each kind; dashed lines mark health findings.

    Raises:
        UserError: nothing was recorded.
    """
    from gannet.figures.curves import curves_figure

    terms = run.terms()
    if not terms:
        raise UserError(f"{run.path} has no recorded terms, so there are no curves to draw.")
    return curves_figure(terms, marks=[event.step for event in run.events() if event.kind == "health"])


def samples_figure(run: Run) -> ShownFigure:
    """The newest recorded frame on one axis: points with the discriminator's output, or a grid of images.

    Raises:
        UserError: no frame can be read.
    """
    from matplotlib.colors import LinearSegmentedColormap

    from gannet.figures.shown import ShownFigure
    from gannet.figures.theme import FAKE, FAKE_TINT, INK, PAPER, REAL, REAL_TINT, hex_colour

    step, frame = newest_frame(run)
    figure = ShownFigure(figsize=(5, 5), dpi=120, layout="constrained")
    axes = figure.subplots()
    axes.set_title(f"{run.record.data.name}, {run.record.method}, step {step:,}", fontsize=10)
    if isinstance(frame, np.ndarray):
        axes.imshow(_with_gaps(frame, run), interpolation="nearest")
        axes.set_axis_off()
        return figure
    if "field" in frame and "extent" in frame:
        x0, x1, y0, y1 = map(float, frame["extent"])
        tints = LinearSegmentedColormap.from_list("", [hex_colour(colour) for colour in (FAKE_TINT, PAPER, REAL_TINT)])
        shades: dict[str, Any] = {"cmap": tints, "vmin": 0, "vmax": 1, "interpolation": "bilinear"}
        half = (x1 - x0) / (len(frame["field"]) - 1) / 2  # nodes lie on the edges, and pixels around them
        place: dict[str, Any] = {"origin": "lower", "extent": (x0 - half, x1 + half, y0 - half, y1 + half)}
        axes.imshow(frame["field"], **place, **shades)
        words = words_of(frame)
        axes.set_xlabel(f"{words.name}: {words.low} (orange) to {words.high} (blue)", fontsize=8)
        if frame["field"].min() < 0.5 < frame["field"].max():
            axes.contour(frame["field"], levels=[0.5], colors=hex_colour(INK), linewidths=0.8, **place)
            axes.plot([], [], color=hex_colour(INK), linewidth=0.8, label=words.contour)
    axes.scatter(*frame["real"].T, s=12, facecolors="none", edgecolors=hex_colour(REAL), linewidths=0.8, label="real")
    axes.scatter(*frame["fake"].T, s=8, color=hex_colour(FAKE), linewidths=0, label="generated")
    axes.set_aspect("equal")
    if "extent" in frame:
        x0, x1, y0, y1 = map(float, frame["extent"])
        axes.set(xlim=(x0, x1), ylim=(y0, y1))
    axes.legend(frameon=False, fontsize=8)
    return figure


def _with_gaps(sheet: np.ndarray, run: Run) -> np.ndarray:
    """A sheet of images with light lines between them."""
    height, width = cell_size(sheet, run)
    gap = max(1, height // 14)
    images = image_sheet(cells(sheet, height, width), sheet.shape[1] // width, padding=gap, background=255)
    return images[gap:-gap, gap:-gap]


def plan_figure(run: Run) -> ShownFigure:
    """The earth mover's plan of the newest recorded frame: where each generated point has to move to match the real
    ones.

    Raises:
        UserError: a run of images, or no frame can be read.
    """
    from gannet.figures.plan import samples_plan
    from gannet.theory.earth_mover import plan_of_samples

    step, frame = newest_frame(run)
    if isinstance(frame, np.ndarray):
        raise UserError(
            f"{run.path} is a run of images. An earth mover's plan is drawn of points; for images, see the Fréchet "
            f"distance of `gannet measure`."
        )
    plan = plan_of_samples(frame["fake"], frame["real"])
    return samples_plan(
        plan.targets, plan.sources, plan.mass, f"{len(plan.sources)} generated points at step {step:,}, and their plan"
    )


def newest_frame(run: Run) -> tuple[int, Any]:
    """(step, frame) of the newest frame that can be read.

    Raises:
        UserError: there is none.
    """
    for step, path in reversed(run.frames()):
        try:
            return step, run.load_frame(path)
        except UserError:
            continue
    raise UserError(f"{run.path} has no frame that can be read; train with frames.every=100, for example.")


def thumbnail(run: Run, step: int, pixels: int = 240) -> tuple[int, bytes] | None:
    """(step, PNG) of the recorded frame nearest to a step, without title; None if it cannot be read, or if none was
    recorded.
    """
    import io

    frames = run.frames()
    if not frames:
        return None
    at, path = min(frames, key=lambda frame: abs(frame[0] - step))
    picture = draw_frame(run, at, path, pixels, plain=True)
    if picture is None:
        return None
    content = io.BytesIO()
    picture.save(content, "PNG")
    return at, content.getvalue()
