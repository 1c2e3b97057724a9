"""GIF animations with one palette for all frames, so that colours do not flicker."""

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
    frames: Iterable[Image.Image],
    path: str | Path,
    total_seconds: float = 10,
    max_frames: int = 150,
    *,
    colours: int = 48,
) -> int:
    """Write a looping animation whose last frame is shown two seconds longer.

    Args:
        frames: RGB images of one size, in time order. Of more than ``max_frames``, evenly spaced ones and the last are
        used.
        path: the file; it is complete or absent.
        total_seconds: duration without the extra two seconds at the end.
        max_frames: at least 2.
        colours: size of the palette, at most 255; drawings need few, photographs many.

    Returns:
        Number of bytes written.

    Raises:
        UserError: there are no frames, their sizes differ, or the file cannot be written.
    """
    path = Path(path)
    used = _thinned(frames, max(2, max_frames))
    if not used:
        raise UserError("There are no frames to animate.")
    if len({frame.size for frame in used}) > 1:
        raise UserError("The frames of an animation must have one size.")
    palette = _shared_palette(used, min(colours, 255))
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in used]
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
    """At most ``limit`` evenly spaced frames, including the first and last; at most twice as many are in memory."""
    used: list[Image.Image] = []
    stride, last = 1, None
    for index, frame in enumerate(frames):
        last = frame
        if index % stride == 0:
            used.append(frame.convert("RGB"))
            if len(used) > 2 * limit:
                used, stride = used[::2], stride * 2
    if last is None:
        return []
    if used[-1].tobytes() != last.convert("RGB").tobytes():
        used.append(last.convert("RGB"))
    if len(used) <= limit:
        return used
    return [used[index] for index in np.linspace(0, len(used) - 1, limit).round().astype(int)]


def _shared_palette(frames: list[Image.Image], colours: int) -> Image.Image:
    # Early frames have the strongest colours, so half of the sampled frames are close to the beginning.
    last, half = len(frames) - 1, PALETTE_FRAMES // 2
    indices = np.concatenate([np.linspace(0, last, PALETTE_FRAMES - half), np.geomspace(1, last + 1, half) - 1])
    chosen = [frames[index] for index in sorted(set(indices.round().astype(int)))]
    strip = np.concatenate([np.asarray(frame)[::2] for frame in chosen])
    palette = Image.fromarray(strip).quantize(
        colours - 1, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE
    )
    entries = np.array(palette.getpalette(), np.int64)
    # Quantisation turns white slightly grey: restore pure white, pure black and the colour of the text.
    for end in (0, 255):
        near = np.abs(entries.reshape(-1, 3) - end).max(axis=1) <= 10
        entries[near.repeat(3)] = end
    palette.putpalette(entries.astype(np.uint8).tobytes() + bytes(INK))
    return palette
