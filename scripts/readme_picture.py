"""Draw the figure at the top of the README: steps of a run on points, and samples of a run on images.

usage: python scripts/readme_picture.py POINTS_RUN IMAGES_RUN OUT.png
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from gannet.api import load
from gannet.figures.field2d import draw_points
from gannet.figures.grid import image_grid
from gannet.figures.theme import INK, PAPER, font
from gannet.runs.reader import Run

SIDE, GAP, STRIP = 300, 14, 34
MOMENTS = (0.0, 0.04, 0.2, 1.0)


def main(points_run: str, images_run: str, out: str) -> None:
    from PIL import ImageDraw

    run = Run(points_run)
    frames = run.frames()
    cells: list[tuple[Image.Image, str]] = []
    for share in MOMENTS:
        step, path = frames[round(share * (len(frames) - 1))]
        frame = run.load_frame(path)
        assert isinstance(frame, dict)
        extent = tuple(map(float, frame["extent"]))
        cells.append(
            (
                draw_points(frame["real"], frame["fake"], frame["field"], extent, step, "", (SIDE, SIDE), True),
                f"ring, step {step:,}",
            )
        )
    trained = load(images_run)
    grid = image_grid(trained.sample(64, seed=1)[0], 8, padding=1, scale=1)
    cells.append((grid.resize((SIDE, SIDE), Image.Resampling.LANCZOS), f"MNIST, step {trained.step:,}"))
    page = Image.new("RGB", (len(cells) * (SIDE + GAP) + GAP, SIDE + STRIP + 2 * GAP), PAPER)
    pen = ImageDraw.Draw(page)
    for i, (picture, caption) in enumerate(cells):
        left = GAP + i * (SIDE + GAP)
        page.paste(picture.convert("RGB"), (left, GAP))
        pen.text((left + SIDE / 2, GAP + SIDE + STRIP / 2), caption, INK, font(18), anchor="mm")
    page.quantize(128, dither=Image.Dither.NONE).save(Path(out), optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
