"""Text-to-image on your own images: a folder with captions, a training, and a caption that training did not see.

The images are coloured squares, left or right. Each has a line in ``metadata.jsonl`` with its file name and its text; a
table ``captions.csv`` with the columns file_name and text does as well. "a red square, right" is left out of training:
its words are known, the combination is new.

    python examples/07_text_to_image.py [STEPS]

On the command line, for a folder with captions (the recipe text-to-image is then the default):

    gannet train squares
    gannet sample RUN --caption "a red square, right" -o red.png
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from PIL import Image

import gannet
from gannet.errors import UserError

COLOURS = {"red": (220, 40, 40), "green": (40, 170, 70), "blue": (50, 80, 210), "yellow": (240, 200, 50)}
PLACES = {"left": 1, "right": 9}
NEW = "a red square, right"


def write_squares(folder: Path, copies: int = 12) -> None:
    """16 x 16 images of a square of 6 x 6 pixels, at a random height, and their captions."""
    folder.mkdir(parents=True, exist_ok=True)
    rng, lines = np.random.default_rng(0), []
    for colour, rgb in COLOURS.items():
        for place, left in PLACES.items():
            for copy in range(copies):
                caption = f"a {colour} square, {place}"
                if caption == NEW:
                    continue
                pixels = np.full((16, 16, 3), 255, np.uint8)
                top = rng.integers(0, 11)
                pixels[top : top + 6, left : left + 6] = rgb
                Image.fromarray(pixels).save(folder / f"{colour}-{place}-{copy}.png")
                lines.append(json.dumps({"file_name": f"{colour}-{place}-{copy}.png", "text": caption}))
    (folder / "metadata.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def main(steps: int = 600) -> None:
    """Write the images, train, draw the caption that is new, and ask for a word that is not known."""
    write_squares(Path("squares"))
    run = gannet.train("squares", steps=steps, out="runs/squares", keys={"batch_size": 16, "width": 16})
    print(f"trained {run.plan.recipe_name} on {len(run.form.vocabulary)} words: {', '.join(run.form.vocabulary)}")
    images, captions = run.sample(64, caption=NEW)
    assert captions is not None
    run.save_picture(images, Path("red-right.png"), columns=8, labels=captions)
    darkness = 255 - images.astype(float).mean(axis=(0, 1, 3))  # (W,), from left to right
    print(
        f"{NEW!r}: left half {darkness[:8].mean():.1f}, right half {darkness[8:].mean():.1f} levels darker than white"
    )
    try:
        run.sample(1, caption="a purple square, left")
    except UserError as error:
        print(error)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
