"""What `gannet data info` says and draws of data: class balance, duplicates, sizes of files, and a contact sheet."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gannet.files import written_whole

MOST_CLASSES = 20
"""Rows of a sheet; the classes with the fewest samples are left out."""
COLUMNS, ROWS_WITHOUT_CLASSES = 12, 8
CELL = 64
MARGIN, NAMES, BARS = 20, 150, 220

Row = tuple[str, int | None, Sequence[np.ndarray]]
"""Name, number of samples if known, and images of a row."""


def balance(counts: Mapping[str, int | None]) -> str:
    """A sentence about the largest and the smallest class; empty if there are fewer than two known counts."""
    known = {name: count for name, count in counts.items() if count is not None}
    if len(known) < 2:
        return ""
    few, many = min(known, key=lambda name: known[name]), max(known, key=lambda name: known[name])
    if known[few] == known[many]:
        return f"balanced: {known[few]:,} samples in every class"
    ratio = f", {known[many] / known[few]:.3g} times as many" if known[few] else ""
    return f"from {known[few]:,} samples ({few}) to {known[many]:,} ({many}){ratio}"


def duplicates(samples: np.ndarray) -> int:
    """How many samples (N, ...) are equal, value for value, to one before them."""
    seen = Counter(blake2b(np.ascontiguousarray(sample).tobytes(), digest_size=16).digest() for sample in samples)
    return sum(count - 1 for count in seen.values())


def sizes(files: Iterable[bytes]) -> str:
    """A sentence about width and height of image files; empty without readable files. Only headers are read."""
    found: Counter[tuple[int, int]] = Counter()
    for content in files:
        try:
            with Image.open(io.BytesIO(content)) as image:
                found[image.size] += 1
        except (OSError, ValueError, SyntaxError):
            continue
    if not found:
        return ""
    if len(found) == 1:
        [(width, height)] = found
        return f"all {width} x {height} pixels"
    areas = sorted(found, key=lambda size: (size[0] * size[1], size))
    (w0, h0), (w1, h1), (common, times) = areas[0], areas[-1], found.most_common(1)[0]
    most = f", most often {common[0]} x {common[1]} ({times:,} of {found.total():,})" if times > 1 else ""
    return f"from {w0} x {h0} to {w1} x {h1} pixels{most}"


def save_data_sheet(
    path: Path,
    samples: np.ndarray,
    labels: np.ndarray | None = None,
    counts: Mapping[str, int | None] | None = None,
    title: str = "",
    *,
    inputs: np.ndarray | None = None,
) -> None:
    """Write a contact sheet as PNG: images, one row for each class with its number of samples; or a drawing of points.
    Pairs are rows of inputs above rows of their targets.

    Args:
        path: the file, complete or absent.
        samples: uint8 (N, H, W, C) images, or (N, 2) points.
        labels: (N,) class of each sample; None without classes.
        counts: samples of each class, in label order; None for a class whose number is not known.
        title: text above.
        inputs: uint8 (N, H, W, C), the inputs of pairs whose targets are ``samples``; None without pairs.

    Raises:
        UserError: the file cannot be written.
    """
    if samples.ndim == 2:
        page = _points(samples, title)
    else:
        known = dict(counts or {}) if labels is not None and inputs is None else {}
        rows = _rows(samples, labels, known) if inputs is None else _rows_of_pairs(inputs, samples)
        page = _images(rows, known, title)
    with written_whole(path) as file:
        page.save(file, "PNG")


def _points(points: np.ndarray, title: str) -> Image.Image:
    from gannet.figures.field2d import draw_points

    centre, half = points.mean(axis=0), float(np.abs(points - points.mean(axis=0)).max()) * 1.08 or 1.0
    extent = (centre[0] - half, centre[0] + half, centre[1] - half, centre[1] + half)
    return draw_points(points, np.zeros((0, 2)), None, extent, 0, title, plain=True)


def _images(rows: Sequence[Row], counts: dict[str, int | None], title: str) -> Image.Image:
    from gannet.figures.theme import INK, MUTED, PAPER, REAL, font, shortened

    left = NAMES if any(name for name, _, _ in rows) else 0
    width = 2 * MARGIN + left + COLUMNS * (CELL + 4) + (BARS if counts else 0)
    page = Image.new("RGB", (width, 2 * MARGIN + 30 + len(rows) * (CELL + 4)), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, MARGIN + 8), title, INK, font(18, title), anchor="lm")
    most = max((count or 0 for count in counts.values()), default=0)
    for row, (name, count, shown) in enumerate(rows):
        top = MARGIN + 30 + row * (CELL + 4)
        middle = top + CELL / 2
        pen.text((MARGIN, middle), shortened(name, NAMES - 12, 15), INK, font(15, name), anchor="lm")
        for column, image in enumerate(shown):
            page.paste(_tile(image), (MARGIN + left + column * (CELL + 4), top))
        if count is not None:
            start = MARGIN + left + COLUMNS * (CELL + 4) + 8
            bar = round((BARS - 90) * count / max(most, 1))
            pen.rectangle((start, middle - 7, start + bar, middle + 7), fill=REAL)
            pen.text((start + bar + 8, middle), f"{count:,}", MUTED, font(14), anchor="lm")
    return page


def _rows(images: np.ndarray, labels: np.ndarray | None, counts: Mapping[str, int | None]) -> list[Row]:
    if labels is None or not counts:
        pages = range(0, min(len(images), COLUMNS * ROWS_WITHOUT_CLASSES), COLUMNS)
        return [("", None, list(images[start : start + COLUMNS])) for start in pages]
    rows = [
        (name, count, list(images[labels == number][:COLUMNS])) for number, (name, count) in enumerate(counts.items())
    ]
    largest = sorted(range(len(rows)), key=lambda number: -(rows[number][1] or 0))[:MOST_CLASSES]
    return [rows[number] for number in sorted(largest)]


def _rows_of_pairs(inputs: np.ndarray, targets: np.ndarray) -> list[Row]:
    shown = min(len(targets), COLUMNS * ROWS_WITHOUT_CLASSES // 2)
    return [
        (name, None, list(images[start : min(start + COLUMNS, shown)]))
        for start in range(0, shown, COLUMNS)
        for name, images in (("inputs", inputs), ("targets", targets))
    ]


def _tile(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image.squeeze(2) if image.shape[2] == 1 else image).convert("RGB")
    way = Image.Resampling.NEAREST if max(picture.size) * 2 <= CELL else Image.Resampling.LANCZOS
    scale = CELL / max(picture.size)
    picture = picture.resize((max(1, round(picture.width * scale)), max(1, round(picture.height * scale))), way)
    tile = Image.new("RGB", (CELL, CELL), (225, 228, 232))
    tile.paste(picture, ((CELL - picture.width) // 2, (CELL - picture.height) // 2))
    return tile
