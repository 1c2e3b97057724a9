"""Does `wgan-gp` train as well with convolutions at the lower resolution and a penalty without zero derivatives?
`python benchmarks/convolution_quality.py`: digits of 16 x 16 pixels, three seeds, one thread, each seed in both ways.

Writes benchmarks/results/convolution-quality.json: FD of features of `digits-cnn-v1` between 1,797 samples of the EMA
generator and the digits, and processor seconds of the training.
"""

from __future__ import annotations

import json
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from unittest.mock import patch

import torch
from torch import nn

from gannet.config.arguments import Root, read
from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.discovery import find
from gannet.features.cnn import responses
from gannet.metrics.frechet import frechet_distance
from gannet.networks.subpixel import Upsampling
from gannet.regularizers import gradient_penalty
from gannet.seeding import torch_rng
from gannet.training.allocator import keep_freed_memory
from gannet.training.precision import decide
from gannet.training.sampling import sample_game
from gannet.training.trainer import Trainer

STEPS, SEEDS, SIDE = 250, (0, 1, 2), 16
RESULT = Path(__file__).parent / "results" / "convolution-quality.json"


def measured(seed: int, way: str) -> dict[str, float | int | str]:
    """One training and its result."""
    dataset = Digits(size=SIDE).open(silent)
    recipe = find("recipes", "wgan-gp").load()
    [(arguments, _)] = read({"steps": STEPS}, Root(recipe.function, skip=("form",)))
    torch.manual_seed(seed)
    experiment = recipe(dataset.form, **arguments)
    precision = decide(device="cpu", precision="auto", is_images=True, allow_bf16=experiment.allow_bf16)
    with ExitStack() as stack:
        if way == "plain":
            stack.enter_context(patch.object(Upsampling, "forward", nn.Sequential.forward))
            stack.enter_context(patch.object(gradient_penalty, "without_zeros", lambda *_: nullcontext()))
        trainer = Trainer(experiment, dataset, seed=seed, precision=precision)
        begin = time.process_time()
        for _ in range(STEPS):
            trainer.play()
        seconds = time.process_time() - begin
    real, _ = dataset.reference(1_797, seed=0)
    fake = dataset.form.decode(sample_game(trainer.average.game, len(real), torch_rng(seed, "quality")))
    first, second = (responses("digits-cnn-v1", images)[0] for images in (real, fake))
    return {
        "way": way,
        "seed": seed,
        "fd": frechet_distance(first, second),
        "processor_seconds": seconds,
        "precision": precision.dtype,
    }


def main() -> None:
    torch.set_num_threads(1)
    keep_freed_memory()
    rows = []
    for seed in SEEDS:
        for way in ("plain", "faster"):
            rows.append(measured(seed, way))
            print(rows[-1], flush=True)
    about = {"recipe": "wgan-gp", "data": "digits", "side": SIDE, "steps": STEPS}
    document = {"command": "python benchmarks/convolution_quality.py", **about, "rows": rows}
    RESULT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
