"""Measure what everything that a training records by default costs: frames, events, health checks, checkpoints, the
guard against values that are not finite, and measuring.

usage: python benchmarks/recording_cost.py

One training of each recipe with its defaults alternates between blocks that record everything and blocks that record
nothing and have no guard, and compares processor time; one thread. Writes benchmarks/results/recording-cost.json.
Takes about a minute of processor time.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

import gannet
from gannet.training import loop, trainer

RECIPES = {
    "particle-gan": ("ring", 250, {"checkpoint.every": 250}),
    "dcgan": ("digits", 100, {"checkpoint.every": 100}),
}
"""Recipe -> data, steps of a block, keys. Every block that records saves a checkpoint: 4 and 10 times as often as by
default, so the sum of ``percent_of_observers`` with their share of a checkpoint is what the defaults cost.
"""
BLOCKS = 4
"""A B A B."""
RESULT = Path(__file__).parent / "results" / "recording-cost.json"


@contextmanager
def unguarded(trained: trainer.Trainer) -> Iterator[None]:
    """No check of gradients and no copies that let a failed turn continue."""
    check, kept = trainer.gradients_are_finite, trained._statistics
    trainer.gradients_are_finite, trained._statistics = (lambda weights: True), []
    try:
        yield
    finally:
        trainer.gradients_are_finite, trained._statistics = check, kept


@contextmanager
def guard_counted(spent: dict[str, float]) -> Iterator[None]:
    """The check of gradients, with its time."""
    check = trainer.gradients_are_finite
    trainer.gradients_are_finite = _counted(check, spent)
    try:
        yield
    finally:
        trainer.gradients_are_finite = check


def measured(recipe: str) -> dict[str, Any]:
    """Seconds of every block, and the share of each observer in the blocks that record."""
    data, steps, keys = RECIPES[recipe]
    seconds: dict[bool, list[float]] = {True: [], False: []}
    spent: dict[str, float] = {}

    def alternating(trained: Any, observers: Any, request: Any, may_continue: Callable[[], bool]) -> None:
        counted = [replace(observer, act=_counted(observer.act, spent)) for observer in observers]
        for block in range(BLOCKS):
            records = block % 2 == 0
            with guard_counted(spent) if records else unguarded(trained):
                begin = time.process_time()
                for _ in range(steps):
                    if records:
                        may_continue()
                    terms = trained.play()
                    for observer in counted if records else ():
                        if observer.due(trained.step):
                            observer.act(terms)
                seconds[records].append(time.process_time() - begin)
            for observer in observers if block == BLOCKS - 1 else ():
                if observer.at_end:
                    observer.act(terms)
            print(f"{recipe}: {'recorded' if records else 'nothing'} {seconds[records][-1]:.2f} s", flush=True)

    plain, loop.run = loop.run, alternating
    try:
        with tempfile.TemporaryDirectory() as folder:
            gannet.train(data, recipe=recipe, out=Path(folder) / "run", keys={"steps": BLOCKS * steps, **keys})
    finally:
        loop.run = plain
    bare = sum(seconds[False])
    return {
        "recipe": recipe,
        "data": data,
        "keys": keys,
        "steps_per_block": steps,
        "seconds_recorded": [round(value, 3) for value in seconds[True]],
        "seconds_nothing": [round(value, 3) for value in seconds[False]],
        "cost_percent": [round(100 * (a / b - 1), 2) for a, b in zip(seconds[True], seconds[False], strict=True)],
        "cost_percent_median": round(
            100 * (statistics.median(seconds[True]) / statistics.median(seconds[False]) - 1), 2
        ),
        "percent_of_observers": {name: round(100 * value / bare, 2) for name, value in spent.items()},
    }


def _counted(act: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    name = act.__qualname__.split(".")[0]

    def counted(*given: Any) -> Any:
        begin = time.process_time()
        try:
            return act(*given)
        finally:
            spent[name] = spent.get(name, 0.0) + time.process_time() - begin

    return counted


def main() -> None:
    """Both recipes."""
    torch.set_num_threads(1)
    rows = [measured(recipe) for recipe in RECIPES]
    RESULT.write_text(json.dumps({"runs": rows}, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
