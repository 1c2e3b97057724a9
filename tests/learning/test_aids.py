"""Recipes of penalties, constraints and training aids still learn the ring, over three seeds. Minutes; run by `make learn`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gannet

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
pytestmark = pytest.mark.slow


def _cards(recipe, seed, folder, **keys):
    run = gannet.train("ring", recipe=recipe, seed=seed, out=folder / f"{recipe}-{seed}", keys=keys)
    cards, _ = run.measure()
    return {"seed": seed} | {card.metric: card.value for card in cards}


def _is_good(row, most_reverse_kl):
    return row["modes"] == 8 and row["reverse_kl"] <= most_reverse_kl


@pytest.mark.parametrize(("recipe", "most_reverse_kl"), [("dragan", 0.5), ("sngan", 0.05), ("improved-gan", 0.5)])
def test_all_modes_in_two_of_three_seeds(recipe, most_reverse_kl, tmp_path):
    rows = [_cards(recipe, seed, tmp_path) for seed in range(3)]
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"learn-{recipe}.json").write_text(json.dumps(rows, indent=1) + "\n")
    assert sum(_is_good(row, most_reverse_kl) for row in rows) >= 2, rows
