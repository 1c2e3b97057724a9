"""Recipes on pictures still learn: on the 1,797 built-in digits, in a minute each. Run by `make learn`."""

from __future__ import annotations

import pytest

import gannet

pytestmark = pytest.mark.slow

STEPS = {"dcgan": 400, "lsgan": 400, "dcgan-strided": 800, "mlp-gan": 2500, "cgan": 2500}


def _ratio(recipe, folder, steps, **keys):
    """Sliced W over its floor, on 800 samples."""
    run = gannet.train("digits", recipe=recipe, steps=steps, out=folder / f"{recipe}-{steps}", keys={"data.size": 16, **keys})
    [card], _ = run.measure(["sliced_w"], samples=800)
    assert card.floor
    return card.value / card.floor


@pytest.mark.parametrize("recipe", STEPS)
def test_it_learns_digits(recipe, tmp_path):
    untrained = _ratio(recipe, tmp_path, 1)
    trained = _ratio(recipe, tmp_path, STEPS[recipe])
    assert trained < 0.35 * untrained, (trained, untrained)
    assert trained < 8, trained
