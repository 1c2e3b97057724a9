"""Draw a run's recorded frames: one frame, a dozen, or an animation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from gannet.errors import UserError
from gannet.figures.animation import FORMATS, require_encoder, save_animation
from gannet.runs.outputs import words_of
from gannet.runs.reader import Run

if TYPE_CHECKING:
    from PIL import Image

Progress = Callable[[str, int, int], None]

MOVING = FORMATS
"""Suffixes of animations."""
ANIMATION_PIXELS = 480
ANIMATION_FRAMES = 120
FIELD_LEVELS = 12
"""Number of colour levels in the background of an animation; few levels keep the file small."""
READABLE_WIDTH = 440
CAPTIONED_WIDTH = 512
"""Of a grid with captions below its columns, which need room."""


def animate(run: Run, path: str | Path, progress: Progress | None = None, *, total_seconds: float = 10) -> int:
    """Save the training as .gif, .webp or .mp4: early frames close together, because most changes happen early, later
    ones evenly spaced.

    Args:
        run: what was recorded.
        path: the file; its suffix selects the format.
        progress: called with ("animation", done, total).
        total_seconds: duration without the hold on the last frame.

    Returns:
        Number of bytes written.

    Raises:
        UserError: the run has no readable frame, or the file cannot be written.
    """
    require_encoder(Path(path))
    frames = run.frames()
    if not frames:
        raise UserError(f"The run {run.path} has no frames to animate; train with frames.every=100, for example.")
    chosen = [frames[index] for index in choose([step for step, _ in frames], ANIMATION_FRAMES)]
    size = None

    def pictures() -> Iterator[Image.Image]:
        nonlocal size
        for done, (step, file) in enumerate(chosen, 1):
            picture = draw_frame(run, step, file, ANIMATION_PIXELS, levels=FIELD_LEVELS)
            if picture is not None:
                size = size or picture.size
                yield picture if picture.size == size else picture.resize(size)
            if progress:
                progress("animation", done, len(chosen))

    colours = 48 if run.kind == "points" else 255
    return save_animation(pictures(), path, total_seconds, ANIMATION_FRAMES, colours=colours)


def choose(steps: list[int], limit: int) -> list[int]:
    """Indices of at most ``limit`` frames: a third spaced by the ratio of steps, the rest evenly; first and last
    always.

    Args:
        steps: of the frames, ascending.
        limit: at least 2.
    """
    if len(steps) <= limit:
        return list(range(len(steps)))
    at = np.asarray(steps, np.float64) - steps[0] + 1
    chosen = [0, len(at) - 1]
    for number in range(2, limit):
        # the place, by rank of the ratio scale first and of the plain scale then, that lies farthest from those chosen
        place = np.log(at) / np.log(at[-1]) if number < 2 + limit // 3 else at / at[-1]
        distance = np.abs(place[:, None] - place[chosen][None, :]).min(axis=1)
        distance[chosen] = -1
        chosen.append(int(distance.argmax()))
    return sorted(chosen)


def draw_frame(
    run: Run, step: int, file: Path, pixels: int, *, plain: bool = False, levels: int = 255
) -> Image.Image | None:
    """Draw one recorded frame; None if a crash left an unreadable file.

    Args:
        run: the run of the frame.
        step: its step.
        file: its path.
        pixels: side of a picture of points; width that a small grid of images is enlarged to, about.
        plain: omit title, axes and legend.
        levels: see ``figures.field2d.draw_points``.
    """
    from gannet.figures.field2d import draw_points

    try:
        content = run.load_frame(file)
    except UserError:
        return None
    title = f"{run.record.data.name} · {Path(run.record.recipe).stem}"
    if isinstance(content, np.ndarray):
        return _draw_grid(content, step, title, plain, run)
    extent = content["extent"] if "extent" in content else _around(content["real"])
    field, words = content.get("field"), words_of(content)[:3]
    view = (float(extent[0]), float(extent[1]), float(extent[2]), float(extent[3]))
    size = (pixels, pixels)
    return draw_points(content["real"], content["fake"], field, view, step, title, size, plain, levels, words=words)


def cell_size(sheet: np.ndarray, run: Run) -> tuple[int, int]:
    """Height and width of the images of a recorded sheet; those of the sheet if the run does not say."""
    shape = run.record.data.form.get("shape")
    sides = [side for side in (shape[1:] if isinstance(shape, list) else ()) if isinstance(side, int) and side > 0]
    if len(sides) == 2 and not sheet.shape[0] % sides[0] and not sheet.shape[1] % sides[1]:
        return sides[0], sides[1]
    return sheet.shape[0], sheet.shape[1]


def frame_captions(run: Run) -> list[str]:
    """The captions of the columns of a run's frames; empty for runs without captions."""
    captions = run.record.data.form.get("captions")
    return [str(caption) for caption in captions] if isinstance(captions, list) else []


def _draw_grid(grid: np.ndarray, step: int, title: str, plain: bool, run: Run) -> Image.Image:
    """A recorded sheet with gaps between its images, and headings or captions of its columns."""
    from gannet.figures.grid import captioned, image_grid
    from gannet.figures.sheet import cells

    captions = frame_captions(run)
    height, width = cell_size(grid, run)
    columns, images = grid.shape[1] // width, cells(grid, height, width)
    scale = max(1, round((CAPTIONED_WIDTH if captions else READABLE_WIDTH) / grid.shape[1]))
    picture = image_grid(
        images,
        columns,
        padding=1 if plain else 2,
        column_labels=None if plain or captions else run.record.columns[:columns],
        captions=captions,
        scale=1 if plain and not captions else scale,
    )
    return picture if plain else captioned(picture, title, f"step {step:,}")


def _around(points: np.ndarray) -> tuple[float, float, float, float]:
    good = points[np.isfinite(points).all(axis=1)]
    if not len(good):
        return (-1.0, 1.0, -1.0, 1.0)
    centre = (good.max(axis=0) + good.min(axis=0)) / 2
    half = max(float((good.max(axis=0) - good.min(axis=0)).max()) * 0.65, 1e-6)
    return (centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half)
