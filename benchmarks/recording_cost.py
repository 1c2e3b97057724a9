"""Measure what everything that a training records by default costs: events, frames, health checks, checkpoints,
measuring, control, and the guard against values that are not finite.

usage: python benchmarks/recording_cost.py

One training of each recipe with its default keys and its default number of steps, on one thread. The share of each
observer is its processor time divided by that of the steps. In a second training, short blocks of steps that record
everything alternate with blocks that record nothing and have no guard, which also finds costs outside the observers.
Writes benchmarks/results/recording-cost.json. Takes a few minutes of processor time; other work on the machine makes
the blocks scatter.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from functools import wraps
from pathlib import Path
from typing import Any

import torch

import gannet
from gannet.training import loop, trainer
from gannet_dev.machine import described

RECIPES = {"gan": "ring", "particle-gan": "ring", "unrolled": "ring", "dcgan": "digits", "wgan-gp": "digits"}
"""Recipe -> data."""
MOST_STEPS = {"unrolled": 1500, "wgan-gp": 60}
"""Recipes whose default number of steps would take too long here; their rows say so."""
BLOCKS = 40
"""A B A B ..."""
RESULT = Path(__file__).parent / "results" / "recording-cost.json"
GUARD, CONTROL = "guard", "control"


@contextmanager
def unguarded(trained: trainer.Trainer) -> Iterator[None]:
    """No check of gradients and no copies that let a failed turn continue."""
    check, kept = trainer.are_finite, trained._statistics
    trainer.are_finite, trained._statistics = (lambda total, weights: True), []
    try:
        yield
    finally:
        trainer.are_finite, trained._statistics = check, kept


@contextmanager
def replaced_loop(run: Callable[..., None]) -> Iterator[None]:
    """Train with another loop."""
    plain, loop.run = loop.run, run
    try:
        yield
    finally:
        loop.run = plain


def train(recipe: str, run: Callable[..., None]) -> None:
    """Train with defaults and the loop ``run``."""
    keys = {"steps": MOST_STEPS[recipe]} if recipe in MOST_STEPS else {}
    with replaced_loop(run), tempfile.TemporaryDirectory() as folder:
        gannet.train(RECIPES[recipe], recipe=recipe, out=Path(folder) / "run", keys=keys, quiet=True)


def counted(name: str, act: Callable[..., Any], spent: dict[str, float]) -> Callable[..., Any]:
    """``act``, whose processor time is added to ``spent[name]``."""

    @wraps(act)
    def timed(*given: Any) -> Any:
        begin = time.thread_time()
        try:
            return act(*given)
        finally:
            spent[name] = spent.get(name, 0.0) + time.thread_time() - begin

    return timed


def shares(recipe: str) -> dict[str, Any]:
    """Processor time of every observer in one whole training, in percent of that of the steps alone."""
    spent: dict[str, float] = {}
    plain = loop.run

    def run(trained: trainer.Trainer, observers: Any, request: Any, may_continue: Callable[[], bool]) -> None:
        named = [replace(each, act=counted(each.act.__qualname__.split(".")[0], each.act, spent)) for each in observers]
        check = trainer.are_finite
        trainer.are_finite = counted(GUARD, check, spent)
        begin = time.thread_time()
        try:
            plain(trained, named, request, counted(CONTROL, may_continue, spent))
        finally:
            trainer.are_finite = check
        spent["all"] = time.thread_time() - begin
        spent["steps"] = float(trained.step)

    train(recipe, run)
    steps, bare = int(spent.pop("steps")), spent.pop("all")
    bare -= sum(spent.values())
    return {"steps": steps, "seconds": round(bare, 2)} | {
        "percent": {name: round(100 * value / bare, 2) for name, value in spent.items()}
    }


def blocks(recipe: str) -> dict[str, Any]:
    """Seconds of blocks that record everything and of blocks that record nothing."""
    seconds: dict[bool, list[float]] = {True: [], False: []}

    def run(trained: trainer.Trainer, observers: Any, request: Any, may_continue: Callable[[], bool]) -> None:
        plain, size = trained.play, trained.steps // BLOCKS
        for block in range(BLOCKS):
            records = block % 2 == 0
            begin = time.thread_time()
            if records:
                for _ in range(size):
                    may_continue()
                    terms = plain()
                    for each in observers:
                        if each.due(trained.step):
                            each.act(terms)
            else:
                with unguarded(trained):
                    for _ in range(size):
                        terms = plain()
            seconds[records].append(time.thread_time() - begin)
        for each in observers:
            if each.at_end:
                each.act(terms)

    train(recipe, run)
    ratios = sorted(a / b for a, b in zip(seconds[True], seconds[False], strict=True))
    return {
        "blocks": BLOCKS,
        "percent": round(100 * (sum(seconds[True]) / sum(seconds[False]) - 1), 2),
        "percent_median": round(100 * (statistics.median(ratios) - 1), 2),
        "percent_quartiles": [round(100 * (value - 1), 2) for value in statistics.quantiles(ratios, n=4)[::2]],
    }


def main() -> None:
    """All recipes."""
    torch.set_num_threads(1)
    rows = []
    for recipe, data in RECIPES.items():
        rows.append({"recipe": recipe, "data": data, "seed": 0, **shares(recipe), "alternating": blocks(recipe)})
        print(rows[-1], flush=True)
    document = {"machine": described(), "date": date.today().isoformat(), "runs": rows}
    RESULT.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
