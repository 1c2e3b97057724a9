"""Compare a few steps of recipes on one process and on all ranks. Run by torchrun; rank 0 prints one JSON line each.

``PYTHONPATH=tests torchrun --nproc-per-node 2 -m support.spread_recipes STEPS [RECIPE:KIND ...]``

In float64, because float32 cannot tell a mistake from rounding: where a gradient is nearly zero, Adam divides the
rounding error by itself and moves the parameter by the learning rate. ``--float32`` computes in float32. Tensors that
differ by more than 1e-5 are listed with the difference, and with that of two trainings on one process whose initial
parameters differ in their last bit.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

import torch

from gannet.errors import UserError
from gannet.ranks.group import ALONE, Ranks, join
from gannet.training import checkpoint
from gannet.training.precision import Precision
from gannet.training.trainer import Trainer
from support.recipe_cases import CASES, data_of, make


def trained(
    name: str,
    kind: str,
    ranks: Ranks,
    steps: int,
    *,
    rounded: bool = False,
    channels_last: bool = True,
    **given: str,
) -> Trainer:
    """A small experiment after some steps. ``rounded`` changes each initial parameter by its last bit; ``given`` are
    arguments of the recipe.
    """
    precision = Precision(torch.device("cpu"), "fp32", kind == "images" and channels_last, "test", 1)
    trainer = Trainer(make(name, kind, **given), data_of(name, kind), seed=0, precision=precision)
    if torch.get_default_dtype() == torch.float64:
        trainer.game.double()
        trainer._draw = in_double(trainer._draw)
    if rounded:
        with torch.no_grad():
            for weight in trainer.game.parameters():
                weight.copy_(weight.nextafter(torch.tensor(torch.inf)))
    trainer.spread(ranks)
    for _ in range(steps):
        trainer.play()
    return trainer


def in_double(draw):
    """``draw`` with samples in float64."""
    return lambda *place: tuple(
        tensor.double() if tensor is not None and tensor.is_floating_point() else tensor for tensor in draw(*place)
    )


def differences(one: Trainer, other: Trainer) -> dict[str, float]:
    """|a - b| / |a| of every floating-point tensor of the game and of its EMA."""
    found = {}
    for (name, a), (_, b) in zip(_tensors(one), _tensors(other), strict=True):
        size, distance = a.double().norm(), (a.double() - b.double()).norm()
        found[name] = float(distance / size) if size > 1e-6 else float(distance)
    return found


def _tensors(trainer: Trainer) -> list[tuple[str, torch.Tensor]]:
    ema = {f"EMA of {name}": tensor for name, tensor in trainer.average.state_dict().items()}
    return list((trainer.game.state_dict() | ema).items())


def compute_in_double() -> None:
    """Make float64 the number format of everything that this process computes from now on."""
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double


def compared(name: str, kind: str, ranks: Ranks, steps: int) -> dict[str, object]:
    """The difference between one process and all ranks after some steps, or why the recipe is refused."""
    try:
        together = trained(name, kind, ranks, steps)
    except UserError as refused:
        return {"case": f"{name}:{kind}", "refused": str(refused)}
    alone = trained(name, kind, ALONE, steps)
    found, rounding = (
        differences(alone, other) for other in (together, trained(name, kind, ALONE, steps, rounded=True))
    )
    return {
        "case": f"{name}:{kind}",
        "ranks": ranks.size,
        "steps": steps,
        "format": str(torch.get_default_dtype()).removeprefix("torch."),
        "tensors": len(found),
        "largest": max(found.values()),
        "within_1e-5": sum(value < 1e-5 for value in found.values()),
        "others": {name: [value, rounding[name]] for name, value in found.items() if value >= 1e-5},
        "ranks_equal": ranks.all_equal(checkpoint.fingerprint(together)),
    }


def main(compare: Callable[[str, str, Ranks, int], dict[str, object]]) -> None:
    """Compare the recipes of the command line and print: also the frame of ``support/sharded_recipes.py``."""
    torch.set_num_threads(1)
    words = [word for word in sys.argv[1:] if word != "--float32"]
    if "--float32" not in sys.argv:
        compute_in_double()
    ranks, steps = join(), int(words[0])
    for case in words[1:] or [":".join(case) for case in CASES]:
        name, kind = case.split(":")
        result = compare(name, kind, ranks, steps)
        if ranks.rank == 0:
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main(compared)
