"""Draw docs/pictures/fooling.png: what gradient ascent on a classifier makes of noise, of digits, and of latents.

usage: GANNET_DATA=FOLDER python scripts/fooling_picture.py RUN

RUN is a trained run on MNIST with Gaussian latents, for example of `gannet train mnist --recipe dcgan --steps 600
batch_size=64`. Prints the figures that docs/theory/fooling.md quotes.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw

from gannet.features.cnn import classifier
from gannet.figures.grid import image_grid
from gannet.figures.theme import INK, PAPER, font
from gannet.seeding import torch_rng
from gannet.sessions.trained_run import TrainedRun
from gannet.theory.fooling import Ascent, ascend, prior_energy, total_variation
from gannet.training.sampling import evaluating

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "fooling.png"
CLASSES = torch.arange(10)
LEFT = 250


def main(run: TrainedRun) -> None:
    judge = classifier("mnist-cnn-v1")
    noise = torch.rand(10, 1, 28, 28, generator=torch_rng(0, "noise")) * 2 - 1
    pixels, labels = run.images().reference(200, seed=1)
    assert labels is not None
    real = run.form.encode(np.stack([pixels[labels == digit][0] for digit in range(10)]))
    with evaluating(run.game):
        run.game.requires_grad_(False)
        latents = run.game.draw_latents(10, torch_rng(0, "latents"))
        found = {
            "noise": ascend(judge, noise, CLASSES, steps=200, size=0.5),
            "noise, total variation": ascend(
                judge, noise, CLASSES, steps=400, size=0.5, penalty=lambda x: 0.01 * total_variation(x)
            ),
            "digits": ascend(judge, real, (CLASSES + 1) % 10, steps=60),
            "latents": ascend(
                judge, latents, CLASSES, generate=run.game.generate, penalty=lambda z: 0.02 * prior_energy(z), steps=200
            ),
            "discriminator": ascend(lambda x: to_logits(run.game.logits(x)), noise, 1),
        }
        samples = run.game.generate(latents)
        logits = {
            "real digits": run.game.logits(real),
            "noise": run.game.logits(noise),
            "fooled": run.game.logits(found["discriminator"].images),
        }
    print("logits of the discriminator:", {name: round(float(value.mean()), 2) for name, value in logits.items()})
    for name, ascent in found.items():
        report(name, ascent)
    amplified = (found["digits"].images - real) / 2
    amplified = amplified / amplified.abs().amax((1, 2, 3), keepdim=True)
    rows = [
        ("noise, climbed to 0, 1, ... 9", found["noise"].images),
        ("the same with less total variation", found["noise, total variation"].images),
        ("real digits", real),
        ("climbed to the next class", found["digits"].images),
        ("what was added, amplified", amplified),
        ("samples of a generator", samples),
        ("its latents climbed to 0, 1, ... 9", found["latents"].images),
        ("noise, climbed to 'real' in D", found["discriminator"].images),
    ]
    save(rows, run)


def to_logits(output: torch.Tensor) -> torch.Tensor:
    """(N,) logits of a discriminator -> (N, 2) logits of the classes 0, generated, and 1, real."""
    return torch.stack([torch.zeros_like(output), output], dim=1)


def report(name: str, found: Ascent) -> None:
    steps = (found.confidence > 0.5).float().argmax(1).float()
    said = f"{name}: confidence {found.confidence[:, 0].mean():.3f} -> {found.confidence[:, -1].mean():.3f}"
    said += f" (lowest {found.confidence[:, -1].min():.3f}), change {found.change.mean():.2f}"
    size = ((found.images + 1) / 2).flatten(1).norm(dim=1).mean()
    print(f"{said}, images have norm {size:.2f}, above 1/2 after {steps.median():.0f} steps")


def save(rows: list[tuple[str, torch.Tensor]], run: TrainedRun) -> None:
    images = run.form.decode(torch.cat([images for _, images in rows]))
    grid = image_grid(images, 10, scale=2)
    page = Image.new("RGB", (grid.width + LEFT, grid.height), PAPER)
    page.paste(grid, (LEFT, 0))
    pen, step = ImageDraw.Draw(page), grid.height / len(rows)
    for number, (words, _) in enumerate(rows):
        pen.text((LEFT - 10, step * (number + 0.5)), words, INK, font(14), anchor="rm")
    page.quantize(64, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main(TrainedRun(Path(sys.argv[1])))
