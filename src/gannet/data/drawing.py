"""A distribution drawn by hand: brush strokes become a file of points to train on.

The same lines give the same bytes from a mouse (a thousand events), a finger (fifty) and the keyboard (two):
coordinates are rounded to a grid and nearly collinear points are removed before random numbers are drawn.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from math import hypot
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gannet.errors import UserError
from gannet.files import written_whole
from gannet.seeding import numpy_rng

GRID = 1024
"""Cells along a side of the canvas."""

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Stroke(BaseModel):
    """One line of the brush on the canvas [0, 1] x [0, 1], x to the right and y upwards."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[list[tuple[Share, Share]], Field(min_length=1, max_length=20_000)]
    """Corners of the line; a single corner is a dot."""
    width: Annotated[float, Field(ge=0, le=0.5, allow_inf_nan=False)] = 0.04
    """Width of the brush as a share of the canvas; 0 is a line without width."""


class Strokes(BaseModel):
    """A whole drawing."""

    model_config = ConfigDict(extra="forbid")

    strokes: Annotated[list[Stroke], Field(min_length=1, max_length=1000)]
    count: Annotated[int, Field(ge=2, le=200_000)] = 5000
    """Number of points to sample."""
    seed: Annotated[int, Field(ge=0)] = 0


@dataclass(frozen=True)
class Drawing:
    """A file of points made from strokes."""

    path: Path
    """``gannet train PATH`` trains on it."""
    digest: str
    """SHA-256 of the file, hexadecimal."""
    count: int


def save_drawing(folder: Path, strokes: Sequence[Mapping[str, Any]], *, count: int = 5000, seed: int = 0) -> Drawing:
    """Write ``folder/drawing-DIGEST.csv``; the same drawing is the same file.

    Points are uniform along every line and across the brush: a line of twice the length gets twice as many points, and
    crossings get more. The file's first line is a comment that contains the drawing.

    Args:
        folder: created if absent.
        strokes: as :class:`Stroke`, for example ``{"points": [[0.1, 0.2], [0.5, 0.6]], "width": 0.05}``.
        count: number of points.
        seed: for the positions of the points along and across the lines.

    Raises:
        UserError: no strokes, too many, all in one spot or outside the canvas; or the file cannot be written.
    """
    try:
        sheet = Strokes.model_validate({"strokes": list(strokes), "count": count, "seed": seed})
    except ValidationError as error:
        first = error.errors()[0]
        where = " ".join(map(str, first["loc"]))
        raise UserError(
            f"The drawing cannot be used: {where}: {first['msg'].replace('Input should be', 'should be')}."
        ) from None
    lines = [(_corners(stroke.points), round(stroke.width * GRID)) for stroke in sheet.strokes]
    if not any(width for _, width in lines) and len({corner for corners, _ in lines for corner in corners}) < 2:
        raise UserError("The drawing is one spot without width; draw a line, or use a wider brush.")
    points = _points(lines, sheet.count, sheet.seed)
    spec = {"drawing": lines, "grid": GRID, "seed": sheet.seed}
    content = f"# {json.dumps(spec, separators=(',', ':'))}\nx,y\n" + "".join(
        f"{x:.6f},{y:.6f}\n" for x, y in points.tolist()
    )
    digest = sha256(content.encode()).hexdigest()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot create the folder {folder}: {error.strerror}.") from None
    path = folder / f"drawing-{digest[:12]}.csv"
    with written_whole(path, sync=True) as file:
        file.write(content.encode())
    return Drawing(path, digest, sheet.count)


def _corners(points: Sequence[tuple[float, float]]) -> list[tuple[int, int]]:
    """Round to the grid and drop points within one cell of the line through their neighbours (Douglas and Peucker
    1973).
    """
    cells = np.rint(np.array(points) * GRID)
    kept, open_parts = {0, len(cells) - 1}, [(0, len(cells) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        if last - first < 2:
            continue
        away = _distances(cells[first + 1 : last], cells[first], cells[last])
        farthest = first + 1 + int(away.argmax())
        if away.max() > 1:
            kept.add(farthest)
            open_parts += [(first, farthest), (farthest, last)]
    corners = [(int(x), int(y)) for x, y in cells[sorted(kept)]]
    return corners[:1] if set(corners) == {corners[0]} else corners


def _distances(points: np.ndarray, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """(N,) distances from (N, 2) points to a line segment."""
    way = end - start
    length = float(way @ way)
    share = np.clip((points - start) @ way / length, 0, 1) if length else np.zeros(len(points))
    return np.hypot(*(points - start - share[:, None] * way).T)


def _points(lines: Sequence[tuple[list[tuple[int, int]], int]], count: int, seed: int) -> np.ndarray:
    """(count, 2): random positions along all lines, each shifted within the brush's disc."""
    segments = [
        (a, b, width) for corners, width in lines for a, b in zip(corners, corners[1:] or corners, strict=False)
    ]
    starts, ends = (np.array([segment[i] for segment in segments], np.float64) for i in (0, 1))
    widths = np.array([segment[2] for segment in segments], np.float64)
    # A dot gets as many points as a line as long as its width; a dot without width as a line of one cell.
    lengths = np.array([hypot(b[0] - a[0], b[1] - a[1]) or max(width, 1) for a, b, width in segments])
    rng = numpy_rng(seed, "drawing")
    rows = rng.choice(len(segments), size=count, p=lengths / lengths.sum())
    along, angle, radius = (
        rng.random(count)[:, None],
        2 * np.pi * rng.random(count),
        np.sqrt(rng.random(count)) * widths[rows] / 2,
    )
    offset = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return (starts[rows] + along * (ends[rows] - starts[rows]) + offset) / GRID
