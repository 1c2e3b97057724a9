"""Train particlegan (PyPI) on the 100 Gaussians of `grid100`, and measure it like runs of Gannet.

It is trained as its documentation describes: `GANTrainer` with a preset, 20,000 particles of 2 dimensions, batches of
2,048, a generator and discriminator of 3 x 128 LeakyReLU (its example with 100 Gaussians), and its initialisation. It
is not part of `make bench`, because it needs `pip install --no-deps particlegan==0.9.4`.

usage: python benchmarks/particlegan_grid100.py PRESET SECONDS  -> benchmarks/results/particlegan-grid100-PRESET.json
PRESET: gan (its default) or e22 (used by its documentation for this problem). SECONDS: processor seconds of training.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from particlegan import GANTrainer, get_recipe, init
from torch import nn

from gannet.data.base import Dataset, silent
from gannet.data.grid100 import Grid100
from gannet.evaluation.evaluate import evaluate

RESULTS = Path(__file__).parent / "results"
SETTINGS = {
    "gan": {"total_steps": 7000, "num_particles": 20_000, "z_dim": 2, "batch_size": 2048},
    "e22": {"num_particles": 20_000, "z_dim": 2, "batch_size": 2048, "output_noise_std": 0.029},
}
METRICS = ["modes", "high_quality", "reverse_kl", "spread"]
MEASURED_AT = (30, 60, 120, 240, 480, 960)
"""Processor seconds of training after which samples are measured."""


def network(inputs: int, outputs: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for _ in range(3):
        layers += [nn.Linear(inputs, 128), nn.LeakyReLU(0.2)]
        inputs = 128
    return nn.Sequential(*layers, nn.Linear(inputs, outputs))


def main(preset: str, seconds: float) -> None:
    data = Grid100().open(silent)
    recipe = get_recipe(preset, **SETTINGS[preset])
    generator, discriminator = network(recipe.z_dim, 2), network(2, 1)
    init.deterministic_orthogonal_(generator, seed=0)
    init.deterministic_orthogonal_(discriminator, seed=1)
    limit = {} if recipe.total_steps else {"max_steps": 1_000_000}
    trainer = GANTrainer(
        recipe, generator, discriminator, prior=init.deterministic_orthogonal_(recipe.make_prior()), seed=0, **limit
    )
    real, _ = data.reference(5000, seed=1)
    stream = np.random.default_rng(0)
    rows, spent, steps, looks = [], 0.0, 0, [look for look in MEASURED_AT if look <= seconds]
    while looks and steps < (recipe.total_steps or 1_000_000):
        batch = torch.from_numpy(data.reference(recipe.batch_size, seed=int(stream.integers(2**31)))[0]).float()
        begin = time.process_time()
        trainer.step(batch)
        spent, steps = spent + time.process_time() - begin, steps + 1
        if spent >= looks[0]:
            looks.pop(0)
            rows.append(
                {"preset": preset, "updates": steps, "processor_seconds": round(spent), **measured(trainer, data, real)}
            )
            print(rows[-1], flush=True)
    (RESULTS / f"particlegan-grid100-{preset}.json").write_text(json.dumps(rows, indent=1) + "\n")


def measured(trainer: GANTrainer, data: Dataset, real: np.ndarray) -> dict[str, float]:
    """Metrics of 2,500 samples of the trainer, with output noise if the preset learns it."""
    noise = trainer.recipe.output_noise_mode == "learnable"
    fake = trainer.sample(2500, output_noise=noise).detach().numpy().astype(np.float64)
    cards, _ = evaluate(
        fake, real[:2500], real[2500:], kind="points", truth=data.truth, names=METRICS, seed=0, protocol={}
    )
    return {card.metric: card.value for card in cards}


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
