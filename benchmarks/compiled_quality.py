"""Do compiled steps train as well as eager ones? `python benchmarks/compiled_quality.py`: `gan-deep` on gmm with
10,000 steps, and `particle-gan` on the ring with the number of steps that the recipe has; three seeds, one thread,
2,500 samples of the EMA generator.

Writes benchmarks/results/compiled-quality.json: W1 to 2,500 real points, that of as many other real points, and
processor seconds of the training without compilation.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

import torch

from gannet.config.arguments import Root, read
from gannet.data.base import Source, silent
from gannet.data.gmm import Gmm
from gannet.data.ring import Ring
from gannet.discovery import find
from gannet.metrics.wasserstein import transport_cost
from gannet.seeding import torch_rng
from gannet.training import compiled
from gannet.training.precision import decide
from gannet.training.sampling import sample_game
from gannet.training.trainer import Trainer

WORKS: tuple[tuple[str, type[Source], dict[str, int]], ...] = (
    ("gan-deep", Gmm, {"steps": 10_000}),
    ("particle-gan", Ring, {}),
)
SEEDS, SAMPLES = (0, 1, 2), 2_500
RESULT = Path(__file__).parent / "results" / "compiled-quality.json"


def measured(
    name: str, source: type[Source], keys: dict[str, int], seed: int, compile_steps: bool
) -> dict[str, float | int | str]:
    """One training and its result."""
    dataset = source().open(silent)
    recipe = find("recipes", name).load()
    [(arguments, _)] = read(keys, Root(recipe.function, skip=("form",)))
    torch.manual_seed(seed)
    precision = decide(device="cpu", precision="fp32", is_images=False, allow_bf16=False)
    trainer = Trainer(recipe(dataset.form, **arguments), dataset, seed=seed, precision=precision)
    if compile_steps:
        compiled.choose_step(trainer)
        assert trainer.whole_step is not None, trainer.step_kind
    begin = time.process_time()
    for _ in range(trainer.steps):
        trainer.play()
    seconds = time.process_time() - begin
    fake = dataset.form.decode(sample_game(trainer.average.game, SAMPLES, torch_rng(seed, "quality")))
    (real, _), (other, _) = (dataset.reference(SAMPLES, seed=number) for number in (1, 2))
    return {
        "recipe": name,
        "data": source.__name__.lower(),
        "training_steps": trainer.steps,
        "steps": "compiled" if compile_steps else "eager",
        "seed": seed,
        "w1": transport_cost(real, fake, power=1),
        "w1_of_real": transport_cost(real, other, power=1),
        "processor_seconds": seconds,
    }


def main() -> None:
    torch.set_num_threads(1)
    compiled.PAYS_FROM = 1
    rows = []
    for work in WORKS:
        for seed in SEEDS:
            for compile_steps in (False, True):
                rows.append(measured(*work, seed, compile_steps))
                print(rows[-1], flush=True)
    command = "python benchmarks/compiled_quality.py"
    document = {"command": command, "rows": rows}
    RESULT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
