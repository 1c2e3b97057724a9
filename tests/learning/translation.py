"""What image-to-image runs make of digits, next to what needs no learning."""

from __future__ import annotations

import numpy as np
import torch
from proving import Figures

from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating

SHOWN = 800


def gain(run: TrainedRun) -> Figures:
    """PSNR of the outputs and that of the inputs (mean fill, or the blurred image), in dB, and their difference."""
    shown = {name: images.astype(np.float64) for name, images in run.translations(SHOWN).items()}
    made, trivial = (
        10 * np.log10(255**2 / np.square(shown[name] - shown["target"]).mean()) for name in ("output", "input")
    )
    return {"PSNR": float(made), "trivial PSNR": float(trivial), "PSNR gain": float(made - trivial)}


@torch.no_grad()
def matched(run: TrainedRun) -> Figures:
    """Share of real images that the discriminator finds more convincing next to their own input than next to another
    one.
    """
    game, images = run.game, run.images()
    real = images.form.encode(images.reference(SHOWN, seed=0)[0])
    inputs = game.degradation(real, torch_rng(0, "matched"))
    with evaluating(game):
        own, other = (
            game.discriminator(*game.pair(real, shown)).logits.mean((1, 2, 3)) for shown in (inputs, inputs.roll(1, 0))
        )
    return {"matched": float((own > other).float().mean())}
