"""Draw four steps of a run as one strip for the page of its recipe: docs/pictures/RECIPE.png.

usage: python scripts/method_pictures.py RUN [RUN ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw

from gannet.figures.theme import INK, MUTED, PAPER, font
from gannet.reports.pictures import choose, draw_frame
from gannet.runs.reader import Run

PICTURES = Path(__file__).resolve().parent.parent / "docs" / "pictures"
MOMENTS, SIDE, GAP, CAPTION = 4, 256, 16, 34


def strip(run: Run) -> Image.Image:
    frames = run.frames()
    moments = [frames[index] for index in choose([step for step, _ in frames], MOMENTS)]
    pictures = [_picture(run, step, file) for step, file in moments]
    height = max(picture.height for picture in pictures)
    page = Image.new("RGB", (GAP + MOMENTS * (SIDE + GAP), GAP + height + CAPTION), PAPER)
    pen = ImageDraw.Draw(page)
    for place, (picture, (step, _)) in enumerate(zip(pictures, moments, strict=True)):
        left = GAP + place * (SIDE + GAP)
        page.paste(picture, (left, GAP))
        pen.text((left, GAP + height + CAPTION / 2), f"step {step:,}", INK, font(15), anchor="lm")
    about = f"{run.record.data.source}, seed {run.record.settings['seed']}"
    pen.text((page.width - GAP, GAP + height + CAPTION / 2), about, MUTED, font(15), anchor="rm")
    return page


def _picture(run: Run, step: int, file: Path) -> Image.Image:
    """One frame, scaled to the width of a column."""
    picture = draw_frame(run, step, file, SIDE, plain=True)
    assert picture is not None
    return picture.convert("RGB").resize((SIDE, round(SIDE * picture.height / picture.width)), Image.Resampling.LANCZOS)


def main(*paths: str) -> None:
    for path in paths:
        run = Run(path)
        target = PICTURES / f"{run.record.recipe}.png"
        strip(run).quantize(255, method=Image.Quantize.MAXCOVERAGE).save(target, optimize=True)
        print(target.name, target.stat().st_size)


if __name__ == "__main__":
    main(*sys.argv[1:])
