"""Samples of a trained run as a figure: a grid of images, or points over the real ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gannet.games.base import Captioned
from gannet.games.labels import balanced_labels

if TYPE_CHECKING:
    from PIL import Image

    from gannet.sessions.trained_run import TrainedRun

ROW_NAMES, LETTERS, MOST_LINES = 130, 12, 3
"""Width of the names of rows and size of their letters, in pixels, and lines of a caption."""


def picture_of(
    run: TrainedRun, samples: np.ndarray, columns: int, labels: np.ndarray | None = None, *, are_paths: bool = False
) -> Image.Image:
    """A grid of images, or a drawing of points; see :meth:`TrainedRun.save_picture`."""
    from gannet.figures.grid import image_grid

    if run.form.kind == "points":
        return _scatter(run, samples, columns if are_paths else 0)
    heads = _heads(run.form.class_names, labels, columns)
    rows = _rows_of_paths(run, len(samples) // columns) if are_paths else None
    return image_grid(samples, columns, column_labels=heads, row_labels=rows, captions=_texts(labels, columns))


def _heads(names: tuple[str, ...], labels: np.ndarray | None, columns: int) -> list[str] | None:
    """The name of the class of each column, if every column has one class."""
    if (
        labels is None
        or labels.dtype.kind == "U"
        or len(names) != columns
        or (labels != np.arange(len(labels)) % columns).any()
    ):
        return None
    return list(names)


def _rows_of_paths(run: TrainedRun, rows: int) -> list[str] | None:
    """The class or the caption of each row of :meth:`TrainedRun.interpolate`; None for unconditional games."""
    from gannet.figures.theme import shortened, wrapped

    captions, names = run.form.captions, run.form.class_names
    if isinstance(run.game, Captioned):
        texts = [wrapped(captions[row % len(captions)], ROW_NAMES, LETTERS) for row in range(rows)]
        return ["\n".join(lines[:MOST_LINES]) for lines in texts]
    labels = balanced_labels(run.game, rows)
    # A game of the user may have other classes than its data.
    if labels is None or int(labels.max()) >= len(names):
        return None
    return [shortened(names[label], ROW_NAMES, LETTERS) for label in labels.tolist()]


def _texts(captions: np.ndarray | None, columns: int) -> list[str] | None:
    """One caption per column, if every sample of a column has the same."""
    if (
        captions is None
        or captions.dtype.kind != "U"
        or (captions != np.resize(captions[:columns], len(captions))).any()
    ):
        return None
    return captions[:columns].tolist()


def _scatter(run: TrainedRun, points: np.ndarray, joined: int) -> Image.Image:
    """Draw the points over the real points of the run's last frame, in the same view."""
    from gannet.figures.field2d import draw_points

    frames = run.run.frames()
    frame = run.run.load_frame(frames[-1][1]) if frames else {}
    low, high = points.min(0), points.max(0)
    around = (float(low[0]) - 0.1, float(high[0]) + 0.1, float(low[1]) - 0.1, float(high[1]) + 0.1)
    real = frame["real"] if isinstance(frame, dict) and "real" in frame else np.zeros((0, 2))
    extent = tuple(map(float, frame["extent"])) if isinstance(frame, dict) and "extent" in frame else around
    title = f"{len(points) // joined} paths between latents" if joined else f"{len(points):,} samples"
    return draw_points(real, points, None, extent, run.step, title, joined=joined)  # type: ignore[arg-type]
