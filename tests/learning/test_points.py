"""Recipes on points still learn: thresholds that a broken part fails, over several seeds. Minutes; run by `make learn`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gannet

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
pytestmark = pytest.mark.slow


def _cards(data, recipe, seed, folder, **keys):
    run = gannet.train(data, recipe=recipe, seed=seed, out=folder / f"{data}-{recipe}-{seed}", keys=keys)
    cards, _ = run.measure()
    return {card.metric: card.value for card in cards} | {"floor": next(c.floor for c in cards if c.metric == "sliced_w")}


def _record(name, rows):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"learn-{name}.json").write_text(json.dumps(rows, indent=1) + "\n")


@pytest.mark.parametrize(("data", "modes"), [("ring", 8), ("grid", 25)])
def test_the_recommended_recipe_finds_every_mode(data, modes, tmp_path):
    rows = [_cards(data, None, seed, tmp_path) for seed in range(5)]
    _record(data, rows)
    good = [r for r in rows if r["modes"] == modes and r["high_quality"] >= 0.95 and 0.6 <= r["spread"] <= 1.3]
    assert len(good) >= (5 if data == "ring" else 4), rows
    if data == "ring":
        assert max(r["reverse_kl"] for r in rows) <= 0.02, rows


def test_overlapping_clouds(tmp_path):
    rows = [_cards("gmm", None, seed, tmp_path) for seed in range(3)]
    _record("gmm", rows)
    assert sum(r["sliced_w"] for r in rows) <= 1.5 * sum(r["floor"] for r in rows), rows


def test_the_classic_wanders_and_its_average_is_near(tmp_path):
    rows = [_cards("gmm", "gan-deep", 0, tmp_path)]
    _record("gmm-gan-deep", rows)
    assert rows[0]["sliced_w"] <= 4 * rows[0]["floor"], rows


@pytest.mark.parametrize("broken", [{"penalty.gamma": 1e-9, "penalty.final": 1e-9}, {"encoding": "raw"}])
def test_the_thresholds_notice_a_missing_part(broken, tmp_path):
    row = _cards("grid", None, 0, tmp_path, **broken)
    assert row["modes"] < 25 or row["high_quality"] < 0.95 or not 0.6 <= row["spread"] <= 1.3, row
