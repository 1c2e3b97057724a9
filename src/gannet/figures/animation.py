"""Animations: GIF with one palette for all frames, so that colours do not flicker, WebP, and MP4 by ffmpeg."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from PIL import Image

from gannet.errors import UserError
from gannet.figures.theme import INK
from gannet.files import written_whole

PALETTE_FRAMES = 8
HOLD_MILLISECONDS = 2000
FORMATS = (".gif", ".webp", ".mp4")


def save_animation(
    frames: Iterable[Image.Image],
    path: str | Path,
    total_seconds: float = 10,
    max_frames: int = 150,
    *,
    colours: int = 48,
    hold_last: bool = True,
) -> int:
    """Write a looping animation in the format of the path's suffix: .gif, .webp or .mp4.

    Args:
        frames: RGB images of one size, in time order. Of more than ``max_frames``, evenly spaced ones and the last are
            used.
        path: the file; it is complete or absent.
        total_seconds: duration without the extra two seconds at the end.
        max_frames: at least 2.
        colours: size of a GIF's palette, at most 255; drawings need few, photographs many.
        hold_last: show the last frame two seconds longer, which suits everything except a closed loop.

    Returns:
        Number of bytes written.

    Raises:
        UserError: another suffix, no ffmpeg for .mp4, no frames, frames of several sizes, or the file cannot be
            written.
    """
    path = Path(path)
    require_encoder(path)
    used = _used(frames, max_frames)
    hold = HOLD_MILLISECONDS if hold_last else 0
    if path.suffix == ".mp4":
        return _save_mp4(used, path, total_seconds, hold)
    if path.suffix == ".webp":
        return _save_webp(used, path, total_seconds, hold)
    return _save_gif(used, path, total_seconds, colours, hold)


def require_encoder(path: Path) -> None:
    """Check that an animation can be written to this path, before any work.

    Raises:
        UserError: another suffix than .gif, .webp and .mp4, or .mp4 without ffmpeg.
    """
    if path.suffix not in FORMATS:
        raise UserError(f"{path}: write an animation to a file that ends in .gif, .webp or .mp4.")
    if path.suffix == ".mp4" and _ffmpeg() is None:
        raise UserError(
            f"{path}: an .mp4 file needs ffmpeg, which is not installed. Install it (Debian: apt-get install ffmpeg; "
            f"or pip install imageio-ffmpeg), or write a .webp or .gif file."
        )


def _used(frames: Iterable[Image.Image], max_frames: int) -> list[Image.Image]:
    used = _thinned(frames, max(2, max_frames))
    if not used:
        raise UserError("There are no frames to animate.")
    if len({frame.size for frame in used}) > 1:
        raise UserError("The frames of an animation must have one size.")
    return used


def _save_gif(used: Sequence[Image.Image], path: Path, total_seconds: float, colours: int, hold: int) -> int:
    palette = _shared_palette(list(used), min(colours, 255))
    indexed = [frame.quantize(palette=palette, dither=Image.Dither.NONE) for frame in used]
    each = max(20, round(total_seconds * 100 / len(indexed)) * 10)  # GIF counts in hundredths of a second
    return _save(indexed, path, "GIF", each, hold, disposal=1, optimize=False)


def _save_webp(used: Sequence[Image.Image], path: Path, total_seconds: float, hold: int) -> int:
    return _save(used, path, "WEBP", max(20, round(total_seconds * 1000 / len(used))), hold, quality=85, method=2)


def _save(frames: Sequence[Image.Image], path: Path, kind: str, each: int, hold: int, **options: int | bool) -> int:
    with written_whole(path) as file:
        frames[0].save(
            file,
            kind,
            save_all=True,
            append_images=frames[1:],
            duration=[each] * (len(frames) - 1) + [each + hold],
            loop=0,
            **options,
        )
    return path.stat().st_size


def _save_mp4(used: Sequence[Image.Image], path: Path, total_seconds: float, hold: int) -> int:
    program = _ffmpeg()
    assert program is not None
    rate = max(1.0, len(used) / total_seconds)
    shown = [*used, *[used[-1]] * round(hold / 1000 * rate)]
    width, height = used[0].size
    with TemporaryDirectory() as folder:
        target = Path(folder, "animation.mp4")
        # yuv420p is what every player reads; it needs even sides.
        command = [
            *(program, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{width}x{height}"),
            *("-r", f"{rate:g}", "-i", "-", "-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2:color=white"),
            *("-pix_fmt", "yuv420p", "-movflags", "+faststart", "-y", str(target)),
        ]
        pixels = b"".join(frame.convert("RGB").tobytes() for frame in shown)
        done = subprocess.run(command, input=pixels, capture_output=True, check=False)
        if done.returncode or not target.is_file():
            problem = done.stderr.decode(errors="replace").strip().splitlines()[-1:] or ["no message"]
            raise UserError(f"{path}: ffmpeg failed ({problem[0]}). Write a .webp or .gif file instead.")
        with written_whole(path) as file:
            file.write(target.read_bytes())
    return path.stat().st_size


def _ffmpeg() -> str | None:
    """The program ffmpeg: of the machine, or of the Python package imageio-ffmpeg."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        from imageio_ffmpeg import get_ffmpeg_exe  # pyright: ignore[reportMissingImports]
    except ImportError:
        return None
    try:
        return get_ffmpeg_exe()
    except RuntimeError:
        return None


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
