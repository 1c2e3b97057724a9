"""Draw samples of a run of text-to-image for held-out captions: a column for each caption, the real image on top.

usage: python scripts/text_to_image_picture.py RUN OUT.png
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from gannet.api import load
from gannet.config.build import open_held_out
from gannet.data.base import silent
from gannet.figures.grid import image_grid

COLUMNS, ROWS = 10, 5


def main(run: str, out: str) -> None:
    trained = load(run)
    held_out = open_held_out(trained.plan, silent)
    assert held_out is not None
    real, captions = held_out.reference(COLUMNS, seed=0)[0], held_out.reference_captions(COLUMNS, seed=0)
    assert captions is not None
    drawn = [trained.sample(ROWS, seed=0, caption=caption)[0] for caption in captions]
    rows = [real, *np.stack(drawn, axis=1)]
    image_grid(np.concatenate(rows), COLUMNS, captions=captions, scale=5).save(Path(out), optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
