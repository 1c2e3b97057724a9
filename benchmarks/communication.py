"""A cost model of a step on several processes, checked on two processes here and computed for 8, 64 and 512 GPUs.

usage: python benchmarks/communication.py [--gbytes 25] [--latency-us 10] [--tflops 100] [--operation-us U] [-o FILE]

A step takes compute(b) + communication(N) with b samples on each of N processes; nothing overlaps:

- compute(b) = max(operations x time of one, floating-point operations(b) / rate): a GPU is as slow as the slower of
  launching and calculating.
- communication(N) = sum over the all-reduces of a step, S bytes each, of
  2 log2(N) latency + 2 (N - 1) / N S / bandwidth, the time of a double binary tree
  (Sanders, Speck, Traeff 2009, https://doi.org/10.1016/j.parco.2009.09.001).

Here: two gloo processes with one thread each give latency and bandwidth of an all-reduce, the all-reduces of a step,
compute(b) as a step whose all-reduces return their argument, and the time of a whole step, which is compared with the
model. All are measured twice: in processor time (mean), which other work on the machine hardly changes, but which
leaves waiting out, and in time (the smallest of many). The options are assumptions about GPUs. Writes
benchmarks/results/communication.json.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from one_side import flops_of
from torch.utils._python_dispatch import TorchDispatchMode

from gannet.config.arguments import Root, read
from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.discovery import find
from gannet.ranks import group
from gannet.ranks.group import ALONE, Ranks
from gannet.training.allocator import keep_freed_memory
from gannet.training.precision import Precision
from gannet.training.trainer import Trainer
from gannet_dev.machine import described

RESULTS = Path(__file__).parent / "results"
CASES = {"dcgan": ("dcgan", {}), "r3gan": ("r3gan", {}), "r3gan width=128": ("r3gan", {"width": "128"})}
MEASURED = {"dcgan": 32, "r3gan": 8}
"""Batch of both processes together; the widest network is not timed here."""
SIZES = [4 * 4**k for k in range(12)]
"""Bytes of the measured all-reduces: 4 B to 17 MB."""
GPUS = (8, 64, 512)
BATCHES = [2**k for k in range(21)]
GRAPH_US = 2.0
"""Time of one operation if the step is launched as a whole, as a CUDA graph; assumed."""
SHARE = 0.1
"""Communication counts as hidden below this share of a step."""


def trainer_of(name: str, batch_size: int) -> Trainer:
    """The recipe with its default networks on digits of 32 x 32 pixels, in fp32."""
    recipe_name, keys = CASES[name]
    recipe, data = find("recipes", recipe_name).load(), Digits(size=32).open(silent)
    torch.manual_seed(0)
    [(arguments, _)] = read(dict(keys, batch_size=str(batch_size)), Root(recipe.function, skip=("form",)))
    precision = Precision(torch.device("cpu"), "fp32", channels_last=True, reason="benchmark", threads=1)
    return Trainer(recipe(data.form, **arguments), data, seed=0, precision=precision)


class Operations(TorchDispatchMode):
    """Counts the operations that would be launched on a GPU."""

    count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Count and call."""
        self.count += "view" not in str(func) and func is not torch.ops.aten.detach.default
        return func(*args, **(kwargs or {}))


def work_of(name: str) -> dict[str, float]:
    """Operations of a step on one process and on one of several, and floating-point operations for each sample."""
    batch, counts = 4, []
    for ranks in (ALONE, Ranks(0, 2)):
        trainer = trainer_of(name, batch * ranks.size)
        trainer.spread(ranks)
        with without_exchange():
            trainer.play()
            with Operations() as operations:
                trainer.play()
        counts.append(operations.count)
    alone = trainer_of(name, batch)
    gflop = sum(flops_of(alone.play).values()) / 1e9
    return {"operations_alone": counts[0], "operations": counts[1], "gflop_per_sample": round(gflop / batch, 4)}


@contextmanager
def without_exchange() -> Iterator[list[int]]:
    """Inside, all-reduces return their argument. Gives the bytes of each."""
    found: list[int] = []
    original = Ranks.summed

    def counted(self: Ranks, tensor: torch.Tensor) -> torch.Tensor:
        found.append(tensor.nbytes)
        return tensor

    Ranks.summed = counted  # type: ignore[method-assign]
    try:
        yield found
    finally:
        Ranks.summed = original  # type: ignore[method-assign]


def timed(act: Callable[[], object], seconds: float, fewest: int = 5) -> dict[str, float]:
    """Seconds of many repetitions; all ranks repeat equally often."""
    act()
    began = time.perf_counter()
    act()
    repeats = group.current().largest(max(fewest, int(seconds / (time.perf_counter() - began))))
    times, used = [], time.process_time()
    for _ in range(repeats := min(repeats, 2000)):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    processor = (time.process_time() - used) / repeats
    return {"processor": processor, "smallest": min(times), "median": statistics.median(times)}


def measure(seconds: float) -> dict[str, Any]:
    """What one of the two ranks measures."""
    torch.set_num_threads(1)
    keep_freed_memory()  # as training does
    ranks = group.join("cpu")
    wire = {size: timed(lambda s=size: ranks.summed(torch.zeros(s // 4)), seconds / 4) for size in SIZES}
    steps = {}
    for name, batch in MEASURED.items():
        alone = trainer_of(name, batch // ranks.size)
        single = timed(alone.play, seconds)
        together = trainer_of(name, batch)
        together.spread(ranks)
        with without_exchange() as sent:
            together.play()
        bytes_sent = list(sent)
        with without_exchange():  # both ranks at once, as in the training on both
            compute = timed(together.play, seconds)
        together = trainer_of(name, batch)
        together.spread(ranks)
        whole = timed(together.play, seconds)
        steps[name] = {"batch": batch, "alone": single, "compute": compute, "step": whole, "sent": bytes_sent}
    return {"wire": wire, "steps": steps, "ranks": ranks.size}


def sent_by(name: str, known: dict[str, Any]) -> list[int]:
    """Bytes of each all-reduce of a step. r3gan has no batch norm: one for each player, with a few numbers more."""
    if name in known:
        return known[name]["sent"]
    players = trainer_of(name, 2).weights
    return [4 * sum(weight.numel() for weight in weights) for weights in players.values()]


def fitted(wire: dict[str, dict[str, float]], kind: str) -> tuple[float, float]:
    """Latency in seconds and bandwidth in bytes per second of an all-reduce of two processes, by least squares of the
    relative error.
    """
    sizes, times = np.array([float(size) for size in wire]), np.array([row[kind] for row in wire.values()])
    columns = np.stack([np.ones_like(sizes), sizes], axis=1) / times[:, None]
    latency, per_byte = np.linalg.lstsq(columns, np.ones_like(times), rcond=None)[0]
    return float(latency), float(1 / per_byte)


def communication(sent: list[int], processes: int, latency: float, bandwidth: float) -> float:
    """Seconds of all all-reduces of a step."""
    return sum(2 * math.log2(processes) * latency + 2 * (processes - 1) / processes * s / bandwidth for s in sent)


def main() -> None:
    """Measure, check and extrapolate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="time of each measurement here")
    parser.add_argument("--gbytes", type=float, default=25.0, help="bandwidth of a GPU's link, 1e9 bytes/s")
    parser.add_argument("--latency-us", type=float, default=10.0, help="latency of one hop")
    parser.add_argument("--tflops", type=float, default=100.0, help="rate of a GPU, 1e12 operations/s")
    parser.add_argument("--operation-us", type=float, help="time of one launch; from gpu-check.json if omitted")
    parser.add_argument("-o", type=Path, default=RESULTS / "communication.json")
    given = parser.parse_args()
    if group.launched():
        found = measure(given.seconds)
        if group.current().rank == 0:
            print(json.dumps(found))
        return
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", __file__]
    done = subprocess.run([*command, f"--seconds={given.seconds}"], stdout=subprocess.PIPE, text=True, check=True)
    measured = json.loads(done.stdout.splitlines()[-1])
    steps = measured["steps"]
    work = {name: work_of(name) for name in CASES}
    if given.operation_us is None:
        gpu = json.loads((RESULTS / "gpu-check.json").read_text())
        given.operation_us = 1e3 * gpu["rows"]["precision"]["figures"]["bf16_ms"] / work["dcgan"]["operations_alone"]
    fits = {kind: fitted(measured["wire"], kind) for kind in ("processor", "smallest")}
    here = {name: {kind: _checked(row, kind, *fit) for kind, fit in fits.items()} for name, row in steps.items()}
    gpus = {}
    for microseconds in (given.operation_us, GRAPH_US):
        assumed = argparse.Namespace(**vars(given) | {"operation_us": microseconds})
        gpus[f"operation of {microseconds:.3g} us"] = {
            name: _on_gpus(assumed, sent_by(name, steps), work[name]) for name in CASES
        }
    record = {
        "command": " ".join(["python benchmarks/communication.py", *sys.argv[1:]]),
        "machine": described(),
        "all_reduce_of_2": {
            kind: {"latency_us": round(1e6 * latency, 1), "gbytes_per_second": round(bandwidth / 1e9, 3)}
            for kind, (latency, bandwidth) in fits.items()
        },
        "wire_us": {
            size: {kind: round(1e6 * t, 1) for kind, t in times.items()} for size, times in measured["wire"].items()
        },
        "here": here,
        "assumed": {k: v for k, v in vars(given).items() if k in ("gbytes", "latency_us", "tflops", "operation_us")},
        "work": work,
        "sent_bytes": {name: sent_by(name, steps) for name in CASES},
        "gpus": gpus,
    }
    given.o.write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps({key: record[key] for key in ("all_reduce_of_2", "here", "assumed", "work", "gpus")}, indent=1))


def _checked(row: dict[str, Any], kind: str, latency: float, bandwidth: float) -> dict[str, float]:
    exchange = sum(latency + size / bandwidth for size in row["sent"])
    return {
        "batch": row["batch"],
        "all_reduces": len(row["sent"]),
        "mbytes": round(sum(row["sent"]) / 1e6, 3),
        "alone_ms": round(1e3 * row["alone"][kind], 2),
        "compute_ms": round(1e3 * row["compute"][kind], 2),
        "communication_ms": round(1e3 * exchange, 2),
        "step_ms": round(1e3 * row["step"][kind], 2),
        "model_to_measured": round((row["compute"][kind] + exchange) / row["step"][kind], 3),
    }


def _on_gpus(given: argparse.Namespace, sent: list[int], work: dict[str, float]) -> dict[str, Any]:
    def compute(batch: int) -> float:
        return max(work["operations"] * given.operation_us / 1e6, batch * work["gflop_per_sample"] / given.tflops / 1e3)

    rows: dict[str, Any] = {"all_reduces": len(sent), "mbytes": round(sum(sent) / 1e6, 3)}
    for count in GPUS:
        exchange = communication(sent, count, given.latency_us / 1e6, 1e9 * given.gbytes)
        hidden = next((b for b in BATCHES if exchange <= SHARE * (exchange + compute(b))), None)
        overlapped = next((b for b in BATCHES if exchange <= compute(b)), None)
        rows[str(count)] = {
            "communication_ms": round(1e3 * exchange, 3),
            "compute_ms_at_64": round(1e3 * compute(64), 3),
            "share_at_64": round(exchange / (exchange + compute(64)), 3),
            "hidden_from": hidden,
            "hidden_from_if_overlapped": overlapped,
        }
    return rows


if __name__ == "__main__":
    main()
