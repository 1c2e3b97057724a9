"""Would several seeds of a small game train faster as one batched program? `python benchmarks/many_games.py`: the
compiled step of one game, and the same graph for eight games at once by torch.vmap, on the ring, one thread.

Writes benchmarks/results/many-games.json, or many-games-avx2.json where torch uses no more than AVX2: milliseconds of
processor time for each step of each game, with and without drawing its batch; five rounds, in turn.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from gannet.config.arguments import Root, read
from gannet.data.base import silent
from gannet.data.ring import Ring
from gannet.discovery import find
from gannet.training.graph import Recording, State
from gannet.training.lowering import lowered
from gannet.training.precision import decide
from gannet.training.trainer import Trainer

RECIPES, GAMES, ROUNDS, STEPS = ("gan", "gan-deep", "ragan"), 8, 5, 100
RESULTS = Path(__file__).parent / "results"


def trainer(name: str, seed: int) -> Trainer:
    """A trainer after its first step."""
    dataset = Ring().open(silent)
    recipe = find("recipes", name).load()
    [(arguments, _)] = read({}, Root(recipe.function, skip=("form",)))
    torch.manual_seed(seed)
    precision = decide(device="cpu", precision="fp32", is_images=False, allow_bf16=False)
    found = Trainer(recipe(dataset.form, **arguments), dataset, seed=seed, precision=precision)
    found.play()
    return found


def measured(name: str) -> dict[str, object]:
    """Milliseconds of a step of one game: eager, compiled, and as one of several in a batched program."""
    trainers = [trainer(name, seed) for seed in range(GAMES)]
    recording = Recording(trainer(name, 0))
    states = [State(each, recording.buffers) for each in trainers]
    first = len(states[0].tensors)

    def draws() -> list[list[Tensor]]:
        return [state.inputs(recording.draws)[first:] for state in states]

    def stacked(rows: Sequence[Sequence[Tensor]]) -> list[Tensor]:
        return [torch.stack(list(column)) for column in zip(*rows, strict=True)]

    kept = stacked([[tensor.clone() for tensor in state.tensors] for state in states])
    example = [*kept, *stacked(draws())]
    alone = lowered(recording.graph, recording.example)
    together = lowered(make_fx(torch.vmap(recording.graph))(*(each.clone() for each in example)), example)
    given, all_given = states[0].inputs(recording.draws), stacked(draws())
    sides: dict[str, tuple[Callable[[], object], int]] = {
        "eager": (trainers[-1].play, 1),
        "compiled": (lambda: alone(*states[0].inputs(recording.draws)), 1),
        "batched": (lambda: together(*kept, *stacked(draws())), GAMES),
        "compiled, without drawing": (lambda: alone(*given), 1),
        "batched, without drawing": (lambda: together(*kept, *all_given), GAMES),
    }
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(ROUNDS):
        for side, (play, games) in sides.items():
            play()
            begin = time.process_time()
            for _ in range(STEPS // games):
                play()
            times[side].append(1e3 * (time.process_time() - begin) / (STEPS // games * games))
    return {
        "recipe": name,
        "games": GAMES,
        "milliseconds": {
            side: {"median": median(found), "least": min(found), "most": max(found)} for side, found in times.items()
        },
    }


def main() -> None:
    torch.set_num_threads(1)
    rows = []
    for name in RECIPES:
        rows.append(measured(name))
        print(rows[-1], flush=True)
    machine = {"instructions": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__}
    document = {"command": "python benchmarks/many_games.py", "machine": machine, "rows": rows}
    kind = "-avx2" if torch.backends.cpu.get_cpu_capability() == "AVX2" else ""
    (RESULTS / f"many-games{kind}.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
