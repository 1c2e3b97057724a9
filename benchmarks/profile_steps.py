"""Where the processor time of a training step goes: `python benchmarks/profile_steps.py`, one thread.

Writes benchmarks/results/profile.json: the processor time of a step of several works of `make bench`, and its shares.
Torch's profiler gives the time of each kind of operation, in the fastest of three rounds. What is left is Python,
autograd and starting operations; in a compiled step also the loops that the compiler made. The profiler makes each
operation about a microsecond longer, so the shares of small operations are a little too large. A batch of the
generator alone is timed too. Each instruction set keeps its own rows; the environment restricts a processor, as
docs/results/speed.md says of the rows of AVX2.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

import torch
from one_side import WORKS, compile_step, make_trainer
from torch.autograd.profiler import record_function
from torch.autograd.profiler_util import FunctionEvent
from torch.profiler import ProfilerActivity, profile

from gannet.training.allocator import keep_freed_memory
from gannet.training.trainer import Trainer
from gannet_dev.machine import described

RESULT = Path(__file__).parent / "results" / "profile.json"
PROFILED = {
    "points": "`gan-deep`, ring, batch 128",
    "points-compiled": "`gan-deep compile=true`, ring, batch 128",
    "particle-gan": "`particle-gan`, ring, batch 256",
    "particle-gan-compiled": "`particle-gan compile=true`, ring, batch 256",
    "dcgan": "`dcgan`, 28x28x1, batch 128",
    "wgan-gp": "`wgan-gp`, 32x32x3, batch 64, 5 critic steps",
}
STEPS = {"dcgan": 3, "wgan-gp": 1, "points": 60, "points-compiled": 100}
"""Steps of one round without the profiler; 20 of every other work."""
MOST_PROFILED = 5
"""Most steps of one round with it."""
ROUNDS = 3
DATA, OPTIMIZER, REST = "data", "optimizer and EMA", "rest"
KINDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("convolutions, backward", ("convolution_backward",)),
    ("convolutions, forward", ("convolution", "conv2d", "conv_transpose")),
    ("matrix products", ("::mm", "addmm", "::bmm", "linear_pointwise", "mkldnn_linear")),
    ("pooling and upsampling", ("pool", "upsample")),
    ("copies between number formats and layouts", ("::copy_",)),
)
"""Kind -> parts of the names of its operations; the first that fits counts."""
NO_WORK = ("aten::t", "aten::transpose", "aten::as_strided", "aten::expand", "aten::view", "aten::empty",
           "aten::detach", "aten::reshape", "aten::to", "aten::_to_copy", "aten::empty_strided", "aten::resize_",
           "aten::unsafe_split", "aten::split", "aten::unbind", "aten::slice", "aten::select", "aten::alias",
           "aten::empty_like", "aten::narrow", "aten::permute", "aten::squeeze", "aten::unsqueeze")  # fmt: skip
"""Operations that only describe tensors."""


def kind_of(event: FunctionEvent) -> str | None:
    """What an operation's own time counts as; None if it computes nothing."""
    parent: FunctionEvent | None = event
    while parent is not None:
        if parent.name in (DATA, OPTIMIZER):
            return parent.name
        parent = parent.cpu_parent
    if "::" not in event.name or event.name.startswith("autograd::") or event.name in NO_WORK:
        return None
    return next((kind for kind, parts in KINDS if any(part in event.name for part in parts)), "elementwise and sums")


def marked(call: Callable[..., Any], name: str) -> Callable[..., Any]:
    """A function whose operations count as ``name``."""

    def act(*arguments: Any, **keywords: Any) -> Any:
        with record_function(name):
            return call(*arguments, **keywords)

    return act


def mark(trainer: Trainer) -> None:
    """Let the operations of data and updates say what they are."""
    trainer.dataset.batch = marked(trainer.dataset.batch, DATA)  # type: ignore[method-assign]
    trainer.average.update = marked(trainer.average.update, OPTIMIZER)  # type: ignore[method-assign]
    for optimizer in trainer.optimizers.values():
        optimizer.step = marked(optimizer.step, OPTIMIZER)  # type: ignore[method-assign]


def seconds_of(trainer: Trainer, steps: int) -> tuple[float, float]:
    """Wall and processor seconds of a step."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(steps):
        trainer.play()
    return (time.perf_counter() - wall) / steps, (time.process_time() - processor) / steps


def seconds_of_generator(trainer: Trainer, steps: int) -> float:
    """Processor seconds of generating one batch without gradients: what a batch that two turns share would save."""
    game: Any = trainer.game
    began = time.process_time()
    with torch.no_grad(), trainer.precision.autocast():
        for _ in range(steps):
            game.generate(game.draw_latents(trainer.batch_size, trainer.rng))
    return (time.process_time() - began) / steps


def measured(name: str) -> dict[str, Any]:
    """The shares of one work."""
    work, steps = WORKS[name if name in WORKS else f"{name}-compiled"], STEPS.get(name, 20)
    is_compiled = name.endswith("-compiled")
    trainer = make_trainer(work)
    torch.set_num_threads(1)
    for _ in range(3):
        trainer.play()
    if is_compiled:
        compile_step(trainer)
    milliseconds = 1e3 * median(seconds_of(trainer, steps)[1] for _ in range(ROUNDS))
    generator = None if is_compiled else 1e3 * median(seconds_of_generator(trainer, steps) for _ in range(ROUNDS))
    mark(trainer)
    steps = min(steps, MOST_PROFILED)
    fastest, times = float("inf"), Counter[str]()
    for _ in range(ROUNDS):
        with profile(activities=[ProfilerActivity.CPU]) as found:
            wall, _ = seconds_of(trainer, steps)
        if wall < fastest:  # the profiler knows wall times only, which other work of the machine makes longer
            fastest, times = wall, Counter()
            for event in found.events():
                if (kind := kind_of(event)) is not None:
                    times[kind] += event.self_cpu_time_total / 1e6 / steps
    parts = {kind: times[kind] / fastest for kind in sorted(times)}
    return {
        "work": PROFILED[name],
        "milliseconds": milliseconds,
        "generator_share": None if generator is None else generator / milliseconds,
        "precision": trainer.precision.dtype,
        "shares": parts | {REST: 1 - sum(parts.values())},
        "date": date.today().isoformat(),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--only", choices=sorted(PROFILED), action="append", help="can be repeated; all works if omitted"
    )
    names = parser.parse_args().only or list(PROFILED)
    keep_freed_memory()
    kind = described()["instruction_set"]
    for name in names:
        row = measured(name)
        keep(kind, name, row)
        print(
            name, f"{row['milliseconds']:.2f} ms", {k: f"{100 * v:.0f} %" for k, v in row["shares"].items()}, flush=True
        )


def keep(kind: str, name: str, row: dict[str, Any]) -> None:
    """Add a row to the record."""
    earlier = json.loads(RESULT.read_text()) if RESULT.exists() else {"rows": {}}
    rows = earlier["rows"].get(kind, {}) | {name: row}
    document = {
        "command": "python benchmarks/profile_steps.py",
        "machine": {key: described()[key] for key in ("processor", "torch", "python")},
        "rows": earlier["rows"] | {kind: {name: rows[name] for name in PROFILED if name in rows}},
    }
    RESULT.write_text(json.dumps(document, indent=1) + "\n")


if __name__ == "__main__":
    main()
