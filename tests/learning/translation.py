"""What image-to-image runs make of digits, next to what needs no learning."""

from __future__ import annotations

from pathlib import Path

import digits
import numpy as np
import torch
from PIL import Image
from proving import Figures

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import evaluating

SHOWN = 800


def write_pairs(folder: Path) -> Path:
    """Files of two halves: at the left a digit, at the right its negative, moved by one pixel and darker."""
    folder.mkdir()
    for number, digit in enumerate(Digits().read(silent).pixels[:600, :, :, 0]):
        moved = (255 - np.roll(digit, 1, axis=1)) // 2
        Image.fromarray(np.concatenate([digit, moved], axis=1)).save(folder / f"{number}.png")
    return folder


def crossed(run: TrainedRun) -> Figures:
    """Share of digits of one class that are seen as the other class after translation, and the error of the way
    back.
    """
    shown = run.translations(SHOWN)
    names = np.asarray([int(name) for name in run.form.class_names])
    before, after = (digits.seen(shown[name]) for name in ("input", "output"))
    other = np.where(before == names[0], names[1], names[0])
    known = np.isin(before, names)
    error = np.abs(shown["back"].astype(np.float64) - shown["input"]).mean()
    return {"crossed": float((after == other)[known].mean()), "error of the way back": float(error)}


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
