"""One side of a measurement of `run.py`, in a separate process: `one_side.py WORK gannet|plain [THREADS]`.

Prints what it is as a line of JSON. Then, for each line on standard input: a number N takes N steps, and ``peak``
measures the rates of a matrix product and a convolution. Each is answered with a line of JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch.nn.functional import conv2d
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from gannet.config.arguments import Root, read
from gannet.data.base import Dataset, silent
from gannet.data.image_table import ImageTable
from gannet.data.ring import Ring
from gannet.discovery import find
from gannet.seeding import numpy_rng
from gannet.training.allocator import keep_freed_memory
from gannet.training.precision import Precision, decide, with_threads
from gannet.training.trainer import Trainer
from gannet_dev.machine import described

WARM_UP = 3
PEAK_SECONDS = 0.15


@dataclass(frozen=True)
class Work:
    """What both sides train."""

    title: str
    recipe: str
    data: Callable[[], Dataset]
    plain: Callable[[], Callable[[], object]]
    per_step: int
    unit: str
    steps: int
    """Steps of one round."""
    compiled: bool = False
    """Whether Gannet trains with ``compile=true``."""


def noise_images(side: int, channels: int) -> ImageTable:
    """10,000 random images."""
    pixels = numpy_rng(0, "bench").integers(0, 256, (10_000, channels, side, side), dtype="uint8")
    return ImageTable(pixels, content_hash="bench")


def plain_dcgan() -> Callable[[], object]:
    from gannet_dev.baselines.dcgan import Loop

    return Loop(torch.rand(10_000, 1, 28, 28) * 2 - 1).step


def plain_wgan_gp() -> Callable[[], object]:
    from gannet_dev.baselines.wgan_gp import Loop

    return Loop(torch.rand(10_000, 3, 32, 32) * 2 - 1).step


def plain_points() -> Callable[[], object]:
    from gannet_dev.baselines.points import Loop

    return Loop().step


def eager(recipe: str) -> Callable[[], Callable[[], object]]:
    """Gannet's own eager steps, for recipes that no plain loop trains."""
    return lambda: make_trainer(Work("", recipe, lambda: Ring().open(silent), plain_points, 1, "steps/s", 1)).play


WORKS = {
    "dcgan": Work("`dcgan`, 28x28x1, batch 128", "dcgan", lambda: noise_images(28, 1), plain_dcgan, 128, "images/s", 3),
    "wgan-gp": Work(
        "`wgan-gp`, 32x32x3, batch 64, 5 critic steps", "wgan-gp", lambda: noise_images(32, 3), plain_wgan_gp, 320,
        "critic images/s", 1,
    ),
    "points": Work(
        "`gan-deep`, ring, batch 128", "gan-deep", lambda: Ring().open(silent), plain_points, 1, "steps/s", 200
    ),
    "points-compiled": Work(
        "`gan-deep compile=true`, ring, batch 128", "gan-deep", lambda: Ring().open(silent), plain_points, 1, "steps/s",
        200, compiled=True,
    ),
    "particle-gan-compiled": Work(
        "`particle-gan compile=true` against eager steps, ring, batch 256", "particle-gan", lambda: Ring().open(silent),
        eager("particle-gan"), 1, "steps/s", 40, compiled=True,
    ),
    "wgan-gp-compiled": Work(
        "`wgan-gp compile=true` against eager steps, ring, batch 64", "wgan-gp", lambda: Ring().open(silent),
        eager("wgan-gp"), 1, "steps/s", 60, compiled=True,
    ),
}  # fmt: skip


def make_trainer(work: Work) -> Trainer:
    """A trainer as ``gannet train`` makes it with default keys."""
    dataset = work.data()
    recipe = find("recipes", work.recipe).load()
    [(arguments, _)] = read({}, Root(recipe.function, skip=("form",)))
    torch.manual_seed(0)
    experiment = recipe(dataset.form, **arguments)
    precision = decide(
        device="cpu", precision="auto", is_images=dataset.form.kind == "images", allow_bf16=experiment.allow_bf16
    )
    return Trainer(experiment, dataset, seed=0, precision=precision)


def compile_step(trainer: Trainer) -> None:
    """As ``compile=true``."""
    from gannet.training.compiled import PAYS_FROM, choose_step

    trainer.steps = max(trainer.steps, PAYS_FROM)
    choose_step(trainer)
    assert trainer.whole_step is not None, trainer.step_kind
    for _ in range(WARM_UP):
        trainer.play()


def seconds_of(act: Callable[[], object]) -> tuple[float, float]:
    """Wall seconds and processor seconds of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    act()
    return time.perf_counter() - wall, time.process_time() - cpu


class Counter(TorchDispatchMode):
    """Counts floating-point operations. Torch's FlopCounterMode follows modules too and fails in second derivatives."""

    def __init__(self) -> None:
        super().__init__()
        self.counts = {"matrix product": 0.0, "convolution": 0.0}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if (packet := func._overloadpacket) in flop_registry:
            kind = "convolution" if "convolution" in str(packet) else "matrix product"
            self.counts[kind] += flop_registry[packet](*args, **(kwargs or {}), out_val=result)
        return result


def flops_of(step: Callable[[], object]) -> dict[str, float]:
    """Floating-point operations of one step in matrix products and in convolutions, both directions."""
    with Counter() as counter:
        step()
    return counter.counts


def peak_rates(dtype: torch.dtype) -> dict[str, dict[str, float]]:
    """GFLOP/s of wall time and of processor time: a matrix product of side 1024, and a 3x3 convolution 64 -> 64 of 64
    images 32x32, channels-last.
    """
    side = 1024
    a, b = torch.rand(side, side, dtype=dtype), torch.rand(side, side, dtype=dtype)
    images = torch.rand(64, 64, 32, 32, dtype=dtype).contiguous(memory_format=torch.channels_last)
    kernel = torch.rand(64, 64, 3, 3, dtype=dtype).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        return {
            "matrix product": rate(lambda: a @ b, 2 * side**3),
            "convolution": rate(lambda: conv2d(images, kernel, padding=1), 2 * 9 * 64 * 64 * 64 * 32 * 32),
        }


def rate(act: Callable[[], object], flops: float) -> dict[str, float]:
    """The fastest of several repetitions, because a peak rate is what the machine can do."""
    act()
    best = {"wall": 0.0, "cpu": 0.0}
    end = time.perf_counter() + PEAK_SECONDS
    while time.perf_counter() < end:
        wall, cpu = seconds_of(act)
        best = {"wall": max(best["wall"], flops / wall / 1e9), "cpu": max(best["cpu"], flops / cpu / 1e9)}
    return best


def answer(step: Callable[[], object], word: str, dtype: torch.dtype) -> dict[str, object]:
    """What one line on standard input asks for."""
    if word == "peak":
        return dict(peak_rates(dtype))
    before = resource.getrusage(resource.RUSAGE_SELF)
    wall, cpu = seconds_of(lambda: [step() for _ in range(int(word))])
    after = resource.getrusage(resource.RUSAGE_SELF)
    faults = after.ru_minflt - before.ru_minflt
    return {"wall": wall / int(word), "cpu": cpu / int(word), "faults": faults, "peak_mb": after.ru_maxrss / 1024}


def describe(precision: Precision, flops: dict[str, float], side: str) -> dict[str, object]:
    """The machine, the threads and the operations of a step."""
    return {
        **described(),
        "threads": torch.get_num_threads(),
        "precision": precision.dtype if side == "gannet" else "fp32",
        "flops": flops,
    }


def main() -> None:
    name, side, *threads = sys.argv[1:]
    work = WORKS[name]
    with ExitStack() as stack:
        trainer: Trainer | None = None
        if side == "gannet":
            keep_freed_memory()  # as sessions/train.py
            trainer = make_trainer(work)
            stack.enter_context(trainer.precision.applied())
            step, precision = trainer.play, trainer.precision
        else:
            is_points = work.unit == "steps/s"
            precision = decide(device="cpu", precision="fp32", is_images=not is_points, allow_bf16=False)
            stack.enter_context(with_threads(precision.threads))  # as many as Gannet uses
            step = work.plain()
        if threads:
            stack.enter_context(with_threads(int(threads[0])))
        for _ in range(WARM_UP):
            step()
        flops = flops_of(step)
        if trainer is not None and work.compiled:
            compile_step(trainer)
        print(json.dumps(describe(precision, flops, side)), flush=True)
        dtype = torch.bfloat16 if precision.dtype == "bf16" else torch.float32
        for line in sys.stdin:
            print(json.dumps(answer(step, line.strip(), dtype)), flush=True)


if __name__ == "__main__":
    main()
