"""Methods against lost modes do what they promise: packing, and R3GAN. Minutes; run by `make learn`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import gannet

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"
RING = {"data.radius": 1, "data.sigma": 0.01}
"""PacGAN's."""
METRICS = ["modes", "high_quality", "reverse_kl", "spread"]
pytestmark = pytest.mark.slow


def _values(recipe, seed, folder, **keys):
    run = gannet.train("ring", recipe=recipe, seed=seed, out=folder / f"{recipe}-{seed}-{len(keys)}", keys=RING | keys)
    cards, _ = run.measure(METRICS)
    return {"recipe": recipe, "seed": seed, **keys, **{card.metric: card.value for card in cards}}


def _record(name, rows):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / f"learn-{name}.json").write_text(json.dumps(rows, indent=1) + "\n")


def test_packs_find_more_modes(tmp_path):
    """A budget at which the GAN without packs loses modes: PacGAN's networks at 64 in place of 400 units, and fast."""
    small = {"steps": 2000, "hidden": 64, "optimizer.generator.lr": 2e-3, "optimizer.discriminator.lr": 2e-3}
    rows = [_values("pacgan2", seed, tmp_path / f"{pack}", pack=pack, **small) for pack in (1, 2) for seed in range(3)]
    _record("packing", rows)
    alone, packed = rows[:3], rows[3:]
    assert sum(r["modes"] for r in packed) > sum(r["modes"] for r in alone), rows
    assert sum(r["modes"] == 8 for r in packed) >= 2, rows
    assert sum(r["reverse_kl"] for r in packed) < 0.5 * sum(r["reverse_kl"] for r in alone), rows


def test_r3gan_finds_every_mode_of_the_ring(tmp_path):
    rows = [_values("r3gan", seed, tmp_path) for seed in range(3)]
    _record("r3gan", rows)
    assert all(r["modes"] == 8 for r in rows), rows
    assert all(r["high_quality"] >= 0.5 and r["reverse_kl"] <= 0.1 for r in rows), rows
