"""Animations that any browser plays: GIF with one palette for all frames, so that nothing flickers."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from gannet.errors import UserError
from gannet.figures.theme import INK
from gannet.files import written_whole

PALETTE_FRAMES = 8
HOLD_MILLISECONDS = 2000


def save_gif(
    frames: Iterable[Image.Image], path: str | Path, total_seconds: float = 10, max_frames: int = 150, *, colours: int = 48
) -> int:
    """Write an animation that loops; the last frame stays for two seconds more.

    Args:
        frames: RGB pictures of one size, in time order; where there are more than ``max_frames``, evenly spaced ones and the last are kept.
        path: the file, written whole or not at all.
        total_seconds: length of the movement, without the hold at the end.
        max_frames: at least 2.
        colours: in the palette, at most 255; drawings need few, photographs many.

    Returns:
        Number of bytes written.

    Raises:
        UserError: no frames, frames of different sizes, or a file that cannot be written.
    """
    path = Path(path)
    kept = _thinned(frames, max(2, max_frames))
    if not kept:
        raise UserError("There are no frames to animate.")
    if len({frame.size for frame in kept}) > 1:
        raise UserError("The frames of an animation must have one size.")
    palette = _shared_palette(kept, min(colours, 255))
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in kept]
    each = max(20, round(total_seconds * 100 / len(indexed)) * 10)  # GIF counts in hundredths of a second
    with written_whole(path) as file:
        indexed[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=indexed[1:],
            duration=[each] * (len(indexed) - 1) + [each + HOLD_MILLISECONDS],
            loop=0,
            disposal=1,
            optimize=False,
        )
    return path.stat().st_size


def _thinned(frames: Iterable[Image.Image], limit: int) -> list[Image.Image]:
    """At most ``limit`` evenly spaced frames, first and last among them, holding at most twice as many at a time."""
    kept: list[Image.Image] = []
    stride, last = 1, None
    for index, frame in enumerate(frames):
        last = frame
        if index % stride == 0:
            kept.append(frame.convert("RGB"))
            if len(kept) > 2 * limit:
                kept, stride = kept[::2], stride * 2
    if last is None:
        return []
    if kept[-1].tobytes() != last.convert("RGB").tobytes():
        kept.append(last.convert("RGB"))
    if len(kept) <= limit:
        return kept
    return [kept[index] for index in np.linspace(0, len(kept) - 1, limit).round().astype(int)]


def _shared_palette(frames: list[Image.Image], colours: int) -> Image.Image:
    # Early frames hold the strongest colours: half of those looked at lie close to the beginning.
    last, half = len(frames) - 1, PALETTE_FRAMES // 2
    indices = np.concatenate([np.linspace(0, last, PALETTE_FRAMES - half), np.geomspace(1, last + 1, half) - 1])
    chosen = [frames[index] for index in sorted(set(indices.round().astype(int)))]
    strip = np.concatenate([np.asarray(frame)[::2] for frame in chosen])
    palette = Image.fromarray(strip).quantize(colours - 1, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
    entries = np.array(palette.getpalette(), np.int64)
    # averaging greys the paper a little: white must stay white, and black black, and lettering keeps its colour
    for end in (0, 255):
        near = np.abs(entries.reshape(-1, 3) - end).max(axis=1) <= 10
        entries[near.repeat(3)] = end
    palette.putpalette(entries.astype(np.uint8).tobytes() + bytes(INK))
    return palette
