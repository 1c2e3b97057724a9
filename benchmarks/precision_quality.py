"""Does bf16 train images as well as fp32? `python benchmarks/precision_quality.py FOLDER [PRECISIONS [SEED...]]`:
`dcgan` and the recommended recipe on MNIST with their default steps, three seeds, one thread, ``bf16,fp32`` by default.

FOLDER has MNIST's files. ``last_layer`` is the class of the generator's last convolution: ``ToImage`` computes the same
as ``ConvTranspose2d``, which earlier rows have, up to rounding. Adds to benchmarks/results/precision-quality.json:
FD[mnist-cnn-v1] of 5,000 samples of the EMA generator with 5,000 test images, and processor seconds of the training. On
a processor without native bf16, bf16 is slow.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from gannet.config.build import build
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import silent
from gannet.features.extractors import features
from gannet.metrics.frechet import frechet_distance
from gannet.seeding import torch_rng
from gannet.training.allocator import keep_freed_memory
from gannet.training.precision import with_threads
from gannet.training.sampling import sample_chunks
from gannet.training.trainer import Trainer
from gannet_dev.machine import described

RECORD = Path(__file__).parent / "results" / "precision-quality.json"
EXTRACTOR, SAMPLES = "mnist-cnn-v1", 5_000
RECIPES = ("dcgan", "dcgan-relativistic")


def trained(folder: str, recipe: str, precision: str, seed: int) -> dict[str, object]:
    """One training and its measure."""
    flags = DEFAULT_FLAGS | {"seed": seed, "precision": precision, "device": "cpu"}
    planned = plan(folder, recipe=recipe, given={}, flags=flags)
    dataset = planned.source.open(silent)
    experiment, chosen = build(planned, dataset.form)
    trainer = Trainer(experiment, dataset, seed=seed, precision=chosen)
    begin = time.process_time()
    while trainer.step < trainer.steps:
        trainer.play()
    seconds = time.process_time() - begin
    test = plan(folder, recipe=recipe, given={"data.split": "test"}, flags=flags).source.open(silent)
    chunks = sample_chunks(trainer.average.game, SAMPLES, torch_rng(seed, "samples"))
    samples = np.concatenate([dataset.form.decode(chunk) for chunk in chunks])
    real = features(EXTRACTOR, test.reference(SAMPLES, seed=0)[0])
    return {
        "recipe": recipe,
        "precision": precision,
        "last_layer": type(trainer.game.generator.upsampling[-2]).__name__,  # type: ignore[attr-defined]
        "seed": seed,
        "steps": trainer.steps,
        f"fd[{EXTRACTOR}]": round(frechet_distance(real, features(EXTRACTOR, samples)), 4),
        "processor_seconds": round(seconds, 1),
        "machine": described(),
        "date": date.today().isoformat(),
    }


def main() -> None:
    folder, precisions, *seeds = [*sys.argv[1:], *["bf16,fp32"][len(sys.argv) - 2 :]]
    keep_freed_memory()
    for seed in map(int, seeds or "012"):
        for recipe in RECIPES:
            for precision in precisions.split(","):
                with with_threads(1):
                    row = trained(folder, recipe, precision, seed)
                print(json.dumps(row), flush=True)
                rows = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else []
                RECORD.write_text(json.dumps([*rows, row], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
