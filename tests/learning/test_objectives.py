"""Every objective of its own finds the ring's modes: its recipe with its own defaults, three seeds. Minutes; run by `make learn`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gannet

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
pytestmark = pytest.mark.slow
METRICS = ["modes", "high_quality", "reverse_kl", "spread"]
RECIPES = ["ragan", "softmax-gan", "f-gan", "ebgan", "began", "unrolled"]


def _cards(recipe, seed, folder, **keys):
    run = gannet.train("ring", recipe=recipe, seed=seed, out=folder / f"{recipe}-{seed}", keys=keys)
    cards, _ = run.measure(METRICS)
    return {"seed": seed} | {card.metric: card.value for card in cards}


def _record(name, rows):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"learn-{name}.json").write_text(json.dumps(rows, indent=1) + "\n")


def _learnt(row):
    """All eight modes, about equally often: weights that one mode dominates have a reverse KL of up to log 8 = 2.08."""
    return row["modes"] == 8 and row["reverse_kl"] <= 0.7


@pytest.mark.parametrize("recipe", RECIPES)
def test_it_finds_the_ring(recipe, tmp_path):
    rows = [_cards(recipe, seed, tmp_path) for seed in range(3)]
    _record(f"ring-{recipe}", rows)
    assert sum(map(_learnt, rows)) >= 2, rows
