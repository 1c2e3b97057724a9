"""Held-out images and what runs generate of them, for docs/applications/inversion.md: docs/pictures/inversion.png.

usage: GANNET_DATA=FOLDER python scripts/inversion_picture.py RUN [RUN ...]

One row of originals, and for each run a row of the samples that the default search finds; before it a row of G(E(x)) if
the run has an encoder.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch

from gannet.evaluation.inversion import invert
from gannet.figures.grid import image_grid
from gannet.games.base import Encodes, Generates
from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "inversion.png"
SHOWN = 12


def main(*paths: str) -> None:
    runs = [TrainedRun(path) for path in paths]
    real = runs[0].images().reference(SHOWN, seed=1)[0]
    rows = [real, *(row for run in runs for row in _found(run, real))]
    picture = image_grid(np.concatenate(rows), SHOWN, scale=2)
    picture.quantize(64).save(PICTURE, optimize=True)
    print(f"wrote {PICTURE}, {PICTURE.stat().st_size} bytes")


def _found(run: TrainedRun, real: np.ndarray) -> list[np.ndarray]:
    game, targets = run.game, run.form.encode(real)
    assert isinstance(game, Generates)
    rows = []
    if isinstance(game, Encodes):
        with torch.no_grad(), evaluating(game):
            rows.append(run.form.decode(game.generate(game.encode(targets))))
    return [*rows, run.form.decode(invert(game, targets, rng=torch_rng(0, "invert")).samples)]


if __name__ == "__main__":
    main(*sys.argv[1:])
