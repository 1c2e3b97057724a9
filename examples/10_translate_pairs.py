"""Image-to-image on pairs of your own: a folder of files with two halves, a training, and a file that is new.

Each file shows a digit at the left and its outline at the right; the outline is the input. A pair can also be two files
of the same name in two folders, and without pairs ``degradation=mask`` and others make the inputs from your images.

    python examples/10_translate_pairs.py [STEPS]

On the command line:

    gannet train pairs --recipe pix2pix degradation=paired data.inputs=right
    gannet apply RUN new.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageFilter

import gannet
from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.sessions.translation import translate_file


def outline(digit: Image.Image) -> Image.Image:
    """White where the brightness changes."""
    return Image.fromarray(np.clip(2 * np.asarray(digit.filter(ImageFilter.FIND_EDGES), int), 0, 255).astype(np.uint8))


def main(steps: int = 300) -> None:
    """Write the pairs, train, and translate the outline of a digit that training did not see."""
    Path("pairs").mkdir(exist_ok=True)
    digits = [Image.fromarray(image[:, :, 0]).resize((16, 16)) for image in Digits().read(silent).pixels[:300]]
    for number, digit in enumerate(digits[:-1]):
        Image.fromarray(np.hstack([digit, outline(digit)])).save(Path("pairs") / f"{number}.png")
    keys = {"degradation": "paired", "data.inputs": "right", "width": 8}
    run = gannet.train("pairs", recipe="pix2pix", steps=steps, out="runs/pairs", keys=keys)

    outline(digits[-1]).save("new.png")
    translate_file(run, Path("new.png"), Path("made.png"))
    target = np.asarray(digits[-1], float)
    for name in ("new.png", "made.png"):
        error = np.sqrt(np.square(np.asarray(Image.open(name), float) - target).mean())
        print(f"{name}: root mean square difference from the digit {error:.1f} of 255 levels")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
