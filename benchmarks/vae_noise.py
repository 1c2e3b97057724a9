"""How much of `vae`'s distance from the modes of the ring is its noise: benchmarks/results/vae-noise.json.

usage: python benchmarks/vae_noise.py [SEED ...]     (11 12 13 by default, seeds that no proof uses)

Trains 3,000 steps for each seed. ``high_quality`` is measured on samples of p(x | z), as always, and on its means G(z).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gannet
from gannet.games.vae import VAE

RESULTS = Path(__file__).parent / "results" / "vae-noise.json"
KEYS = {"frames.every": 0, "health.every": 0}


def row(seed: int) -> dict[str, Any]:
    """Train and measure one seed."""
    with TemporaryDirectory() as folder:
        run = gannet.train("ring", recipe="vae", seed=seed, steps=3_000, out=Path(folder) / "run", keys=KEYS)
        game = run.game
        assert isinstance(game, VAE)
        [drawn], _ = run.measure(["high_quality"])
        game.noisy_samples = False
        [means], _ = run.measure(["high_quality"])
    return {
        "command": f"gannet train ring --recipe vae --steps 3000 --seed {seed}",
        "seed": seed,
        "high_quality": drawn.value,
        "high_quality of the means": means.value,
        "observation_noise": float(game.likelihood.log_deviation.detach().exp()),
        "n_fake": drawn.n_fake,
        "torch": run.run.record.environment["torch"],
    }


if __name__ == "__main__":
    rows = [row(int(seed)) for seed in sys.argv[1:] or ("11", "12", "13")]
    RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    for found in rows:
        print(found)
