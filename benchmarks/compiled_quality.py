"""Do compiled steps train as well as eager ones? `python benchmarks/compiled_quality.py`: `gan-deep` on the ring, three
seeds, both learning rates 1e-3, 2,500 steps, one thread, 2,500 samples. The samples are of the generator without EMA,
because its EMA is longer than this training.

Writes benchmarks/results/compiled-quality.json: modes with a sample within 3 standard deviations, the share of such
samples, and processor seconds of the training without compilation.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch

from gannet.config.arguments import Root, read
from gannet.data.base import silent
from gannet.data.ring import Ring
from gannet.discovery import find
from gannet.seeding import torch_rng
from gannet.training import compiled
from gannet.training.precision import decide
from gannet.training.sampling import sample_game
from gannet.training.trainer import Trainer

SEEDS, STEPS, SAMPLES, RATE = (0, 1, 2), 2_500, 2_500, 1e-3
RESULT = Path(__file__).parent / "results" / "compiled-quality.json"


def measured(seed: int, compile_steps: bool) -> dict[str, float | str]:
    """One training and its result."""
    dataset = Ring().open(silent)
    keys = {f"optimizer.{player}.lr": RATE for player in ("generator", "discriminator")} | {"steps": STEPS}
    recipe = find("recipes", "gan-deep").load()
    [(arguments, _)] = read(keys, Root(recipe.function, skip=("form",)))
    torch.manual_seed(seed)
    precision = decide(device="cpu", precision="fp32", is_images=False, allow_bf16=False)
    trainer = Trainer(recipe(dataset.form, **arguments), dataset, seed=seed, precision=precision)
    if compile_steps:
        compiled.choose_step(trainer)
        assert trainer.whole_step is not None, trainer.step_kind
    begin = time.process_time()
    for _ in range(STEPS):
        trainer.play()
    seconds = time.process_time() - begin
    points = torch.as_tensor(
        dataset.form.decode(sample_game(trainer.game, SAMPLES, torch_rng(seed, "quality")))
    ).double()
    modes = dataset.truth.modes
    assert modes is not None
    distances = torch.cdist(points, torch.as_tensor(modes.means)) / float(modes.covariances[0, 0, 0]) ** 0.5
    near = distances <= 3
    return {
        "steps": "compiled" if compile_steps else "eager",
        "seed": seed,
        "modes": int(near.any(0).sum()),
        "within_3_sigma": near.any(1).double().mean().item(),
        "median_distance_in_sigma": distances.amin(1).median().item(),
        "processor_seconds": seconds,
    }


def main() -> None:
    torch.set_num_threads(1)
    compiled.PAYS_FROM = 1
    rows = []
    for seed in SEEDS:
        for compile_steps in (False, True):
            rows.append(measured(seed, compile_steps))
            print(rows[-1], flush=True)
    command = "python benchmarks/compiled_quality.py"
    document = {"command": command, "recipe": "gan-deep", "steps": STEPS, "lr": RATE, "rows": rows}
    RESULT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
