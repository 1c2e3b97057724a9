"""How the difference between two ranks and one process grows, and how rounding alone grows in one process. Run by
torchrun; rank 0 prints one JSON line for each case.

``PYTHONPATH=tests torchrun --nproc-per-node 2 -m support.rounding_growth STEPS RECIPE:KIND[:KEY=VALUE,...] ...``

In float64, or float32 with ``--float32``, as in ``support/spread_recipes.py``. A training on one process is compared
with one on all ranks, and with two more on one process: one whose initial parameters differ in their last bit, and one
that computes the same batches in reverse order, so that only the order of sums differs. ``--double`` averages the
gradients of the ranks in float64.
"""

from __future__ import annotations

import json
import sys
from contextlib import AbstractContextManager

import torch
from torch import Tensor
from torch.nn import functional

from gannet.ranks.group import ALONE, Ranks, join
from gannet.ranks.whole import _WholeBatch
from gannet.training import trainer as training
from gannet.training.trainer import Trainer
from support.spread_recipes import compute_in_double, differences, trained

REPORTED = (1, 2, 5, 10, 20, 30, 40, 60, 80, 100, 120, 140, 160, 180, 200)
"""Steps."""


class _Reversed(_WholeBatch):
    """Draws for each batch in reverse order; batch norm is that of torch."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is functional.batch_norm:
            return func(*args, **(kwargs or {}))
        return super().__torch_function__(func, types, args, kwargs)

    def _mine(self, full: Tensor, batches: int) -> Tensor:
        return full.unflatten(0, (batches, self.share)).flip(1).flatten(0, 1)


def play(trainer: Trainer, *, reverse: bool = False) -> None:
    """One step; with ``reverse``, of the same batches in reverse order."""
    if not reverse:
        trainer.play()
        return

    def together(ranks: Ranks, share: int) -> AbstractContextManager[None]:
        return _Reversed(ALONE, share)  # type: ignore[return-value]

    before, draw = training.together, trainer._draw
    training.together = together
    trainer._draw = lambda *place: tuple(None if t is None else t.flip(0) for t in draw(*place))
    try:
        trainer.play()
    finally:
        training.together, trainer._draw = before, draw


def grown(case: str, ranks: Ranks, steps: int) -> dict[str, object]:
    """Largest and median difference over the tensors, at some steps."""
    name, kind, *keys = case.split(":")
    given = dict(key.split("=") for word in keys for key in word.split(","))

    def made(ranks: Ranks = ALONE, *, rounded: bool = False) -> Trainer:
        return trained(name, kind, ranks, 0, rounded=rounded, **given)

    alone, others = made(), {"ranks": made(ranks), "last bit": made(rounded=True), "reverse": made()}
    found: dict[str, dict[str, list[float]]] = {other: {} for other in others}
    largest: dict[str, str] = {}
    for step in range(1, steps + 1):
        play(alone)
        for other, trainer in others.items():
            play(trainer, reverse=other == "reverse")
            if step in REPORTED:
                values = differences(alone, trainer)
                ordered = sorted(values.values())
                largest[other] = max(values, key=lambda name: values[name])
                found[other][str(step)] = [float(f"{value:.2g}") for value in (ordered[-1], ordered[len(ordered) // 2])]
    number_format = str(torch.get_default_dtype()).removeprefix("torch.")
    return {"case": case, "format": number_format, "largest_and_median": found, "largest": largest}


def average_in_double() -> None:
    """Average float32 gradients over ranks in float64 from now on."""
    summed = Ranks.summed

    def in_double(self: Ranks, tensor: Tensor) -> Tensor:
        return tensor.copy_(summed(self, tensor.double())) if tensor.dtype == torch.float32 else summed(self, tensor)

    Ranks.summed = in_double  # type: ignore[method-assign]


def main() -> None:
    """Compare the cases of the command line."""
    torch.set_num_threads(1)
    options = [word for word in sys.argv[1:] if word.startswith("--")]
    steps, *cases = [word for word in sys.argv[1:] if word not in options]
    if "--float32" not in options:
        compute_in_double()
    if "--double" in options:
        average_in_double()
    ranks = join()
    for case in cases:
        result = grown(case, ranks, int(steps))
        if ranks.rank == 0:
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
