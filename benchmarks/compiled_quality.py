"""Do compiled steps train as well as eager ones? `python benchmarks/compiled_quality.py`: the trainings of WORKS, three
seeds, one thread, 2,500 samples of the EMA generator. `--only RECIPE` trains one of them again. `--perturb 1e-7`
trains with eager steps only, from parameters that are multiplied by 1 + 1e-7: how far rounding alone leads.

Writes benchmarks/results/compiled-quality.json: W1 to 2,500 real points, that of as many other real points, and
processor seconds of the training without compilation.
"""

from __future__ import annotations

import argparse
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
    ("wgan-gp", Gmm, {"steps": 3_000}),
    ("dragan", Ring, {"steps": 3_000}),
)
SEEDS, SAMPLES = (0, 1, 2), 2_500
KEYS = ("recipe", "data", "training_steps", "steps", "seed")
RESULT = Path(__file__).parent / "results" / "compiled-quality.json"


def measured(
    name: str, source: type[Source], keys: dict[str, int], seed: int, compile_steps: bool, perturb: float = 0.0
) -> dict[str, float | int | str]:
    """One training and its result."""
    dataset = source().open(silent)
    recipe = find("recipes", name).load()
    [(arguments, _)] = read(keys, Root(recipe.function, skip=("form",)))
    torch.manual_seed(seed)
    precision = decide(device="cpu", precision="fp32", is_images=False, allow_bf16=False)
    trainer = Trainer(recipe(dataset.form, **arguments), dataset, seed=seed, precision=precision)
    with torch.no_grad():
        for weight in trainer.game.parameters():
            weight.mul_(1 + perturb)
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
        "steps": "compiled" if compile_steps else f"eager, parameters times 1 + {perturb:g}" if perturb else "eager",
        "seed": seed,
        "w1": transport_cost(real, fake, power=1),
        "w1_of_real": transport_cost(real, other, power=1),
        "processor_seconds": seconds,
    }


def keep(row: dict[str, float | int | str]) -> None:
    """Add a training to the record, instead of an earlier one with the same keys."""
    earlier = json.loads(RESULT.read_text(encoding="utf-8"))["rows"] if RESULT.exists() else []
    rows = [other for other in earlier if any(other[key] != row[key] for key in KEYS)]
    names = [name for name, _, _ in WORKS]
    rows = sorted([*rows, row], key=lambda row: (names.index(row["recipe"]), row["seed"], row["steps"] != "eager"))
    document = {"command": "python benchmarks/compiled_quality.py", "rows": rows}
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=[name for name, _, _ in WORKS], action="append", help="can be repeated")
    parser.add_argument("--seed", type=int, action="append", help="can be repeated")
    parser.add_argument("--perturb", type=float, default=0.0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    compiled.PAYS_FROM = 1
    for name, source, keys in WORKS:
        if arguments.only and name not in arguments.only:
            continue
        for seed in arguments.seed or SEEDS:
            for compile_steps in (False,) if arguments.perturb else (False, True):
                row = measured(name, source, keys, seed, compile_steps, arguments.perturb)
                keep(row)
                print(row, flush=True)


if __name__ == "__main__":
    main()
