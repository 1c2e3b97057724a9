"""A run as one image, drawn without a browser: a contact sheet of its frames, or its state."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from gannet.errors import UserError
from gannet.files import written_whole
from gannet.reports.pictures import choose, draw_frame
from gannet.runs.comparable import by_protocol
from gannet.runs.reader import Run
from gannet.runs.state import state_of

if TYPE_CHECKING:
    from PIL import Image

MOMENTS = 12
COLUMNS = 4
TILE = 320
MARGIN = 24
WIDTH = 1600
CARDS_AT_MOST = 12


def save_sheet(run: Run, path: str | Path) -> int:
    """Write a contact sheet: a dozen frames of the training as PNG, each with its step. The same run gives the same
    bytes.

    Returns:
        Number of bytes written.

    Raises:
        UserError: no frame can be read, or the file cannot be written.
    """
    from PIL import Image, ImageDraw

    from gannet.figures.theme import INK, MUTED, PAPER, font

    tiles = _moments(run)
    side = max(picture.height for _, picture in tiles)
    rows = -(-len(tiles) // COLUMNS)
    page = Image.new("RGB", (MARGIN + COLUMNS * (TILE + MARGIN), 84 + rows * (side + 44)), PAPER)
    pen = ImageDraw.Draw(page)
    pen.text((MARGIN, 42), run.name, INK, font(26, run.name), anchor="lm")
    pen.text((page.width - MARGIN, 42), _about(run), MUTED, font(18, _about(run)), anchor="rm")
    for number, (step, picture) in enumerate(tiles):
        left, top = MARGIN + number % COLUMNS * (TILE + MARGIN), 84 + number // COLUMNS * (side + 44)
        page.paste(picture, (left, top))
        pen.text((left, top + picture.height + 14), f"step {step:,}", INK, font(16), anchor="lm")
    return _save(page, Path(path))


def save_snapshot(run: Run, path: str | Path) -> int:
    """Write the state of a run as PNG: its newest frame, scores and findings, and its curves.

    Returns:
        Number of bytes written.

    Raises:
        UserError: nothing was recorded yet, or the file cannot be written.
    """
    from PIL import Image, ImageDraw

    from gannet.figures.curves import draw_curves
    from gannet.figures.theme import INK, MUTED, PAPER, font, shortened

    terms, events = run.terms(), run.events()
    drawn = (
        (step, draw_frame(run, step, file, 720, plain=run.kind == "images")) for step, file in reversed(run.frames())
    )
    frame = next((picture for _, picture in drawn if picture is not None), None)
    if frame is None and not terms:
        raise UserError(f"{run.path}: nothing is recorded yet; try again when training has begun.")
    half = (WIDTH - 3 * MARGIN) // 2
    left = None if frame is None else _fitted(frame, half)
    found = [event for event in events if event.kind == "health"]
    curves = _fitted(draw_curves(terms, marks=[event.step for event in found]), half)
    lines = _score_lines(run) + [(f"step {event.step:,}: {event.text or event.rule}", "") for event in found[-3:]]
    top = 84
    below = top + (left.height + MARGIN if left else 0)
    page = Image.new("RGB", (WIDTH, max(below + 34 * len(lines), top + curves.height) + MARGIN), PAPER)
    pen = ImageDraw.Draw(page)
    state = state_of(run.path, events)
    title = f"{run.name} · step {state.step:,}, {state}"
    pen.text((MARGIN, 42), title, INK, font(26, title), anchor="lm")
    pen.text((WIDTH - MARGIN, 42), _about(run), MUTED, font(18, _about(run)), anchor="rm")
    if left:
        page.paste(left, (MARGIN, top))
    page.paste(curves, (2 * MARGIN + half, top))
    for number, (words, value) in enumerate(lines):
        height = below + 34 * number + 17
        pen.text(
            (MARGIN, height),
            shortened(words, half - (0 if not value else 300), 17),
            MUTED if value else INK,
            font(17, words),
            anchor="lm",
        )
        pen.text((MARGIN + half, height), value, INK, font(17), anchor="rm")
    return _save(page, Path(path))


def _moments(run: Run) -> list[tuple[int, Image.Image]]:
    frames = run.frames()
    tiles = []
    for index in choose([step for step, _ in frames], MOMENTS) if frames else []:
        step, file = frames[index]
        picture = draw_frame(run, step, file, TILE, plain=True)
        if picture is not None:
            tiles.append((step, _fitted(picture, TILE)))
    if not tiles:
        raise UserError(f"{run.path}: there is no frame to show; train with frames.every=100, for example.")
    return tiles


def _score_lines(run: Run) -> list[tuple[str, str]]:
    cards, _, _ = by_protocol(run.scores())
    newest = {card.label: card for card in cards}
    lines = []
    for label, card in list(newest.items())[:CARDS_AT_MOST]:
        reference = "" if card.reference is None else f"   real data {card.reference:.4g}"
        value = f"{card.value:.4g}" if math.isfinite(card.value) else "none"
        lines.append((f"{label}, step {card.step:,}, n {card.n_fake:,}", value + reference))
    return lines


def _fitted(picture: Image.Image, width: int) -> Image.Image:
    from PIL import Image

    small = picture.width * 2 <= width
    size = (width, round(picture.height * width / picture.width))
    return picture.convert("RGB").resize(size, Image.Resampling.NEAREST if small else Image.Resampling.LANCZOS)


def _about(run: Run) -> str:
    record = run.record
    return f"{record.data.name} · {Path(record.recipe).stem} · seed {record.settings.get('seed', '?')}"


def _save(page: Image.Image, path: Path) -> int:
    with written_whole(path) as file:
        page.save(file, "PNG")
    return path.stat().st_size
