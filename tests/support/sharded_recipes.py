"""Compare a few steps of recipes whose networks are sharded over ranks with the same ranks without shards. Run by
torchrun; rank 0 prints one JSON line each.

``PYTHONPATH=tests torchrun --nproc-per-node 2 -m support.sharded_recipes STEPS [RECIPE:KIND ...]``

In float64, or float32 with ``--float32``, as in ``support/spread_recipes.py``.
"""

from __future__ import annotations

import torch

from gannet.errors import UserError
from gannet.ranks.group import Ranks
from gannet.training.shards import Shards
from support import spread_recipes


def compared(name: str, kind: str, ranks: Ranks, steps: int) -> dict[str, object]:
    """The differences on rank 0 after some steps, or why the recipe is refused."""
    case = {"case": f"{name}:{kind}"}
    try:
        spread = spread_recipes.trained(name, kind, ranks, steps, channels_last=False)
        sharded = spread_recipes.trained(name, kind, ranks, 0, channels_last=False)
        shards = Shards(sharded)
    except UserError as refused:
        return case | {"refused": str(refused)}
    for _ in range(steps):
        shards.play()
    shards.gather()
    if ranks.rank:
        return case
    found = spread_recipes.differences(spread, sharded)
    return case | {
        "ranks": ranks.size,
        "steps": steps,
        "tensors": len(found),
        "others": {name: value for name, value in found.items() if value >= 1e-5},
        "optimizers": optimizer_difference(spread, sharded),
        "share": share(shards, spread),
    }


def optimizer_difference(one, other) -> float:
    """The largest difference of a first moment relative to the largest of its player."""
    largest = 0.0
    for player, weights in one.weights.items():
        pairs = [
            (one.optimizers[player].state[w], other.optimizers[player].state[v])
            for w, v in zip(weights, other.weights[player], strict=True)
            if w in one.optimizers[player].state
        ]
        moments = [(a[k].double(), b[k].double()) for a, b in pairs for k in a if k != "step"]
        scale = max(float(a.abs().max()) for a, _ in moments)
        largest = max(largest, *(float((a - b).abs().max()) / scale for a, b in moments))
        assert all(float(a["step"]) == float(b["step"]) for a, b in pairs if "step" in a)
    return largest


def share(shards: Shards, whole) -> float:
    """The part of all parameters and optimizer states that this rank keeps between steps."""
    rows = [tensor for optimizer in shards.inner.optimizers.values() for tensor in tensors(optimizer)]
    return count(rows) / count([t for optimizer in whole.optimizers.values() for t in tensors(optimizer)])


def tensors(optimizer) -> list[torch.Tensor]:
    return [t for w, state in optimizer.state.items() for t in (w, *state.values()) if t.dim()]


def count(found: list[torch.Tensor]) -> int:
    return sum(tensor.untyped_storage().nbytes() for tensor in found)


if __name__ == "__main__":
    spread_recipes.main(compared)
