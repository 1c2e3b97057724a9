"""Every metric that discovery finds keeps the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

import gannet.metrics
from gannet.discovery import components
from gannet.testing.metrics import check_metric

FOUND = components("metrics")
NAMES = [
    "accuracy",
    "authpct",
    "class-accuracy",
    "class-histogram",
    "coverage",
    "ct",
    "density",
    "energy-distance",
    "fd",
    "fd-infinity",
    "fd-per-class",
    "high-quality",
    "is",
    "js",
    "kid",
    "kl-data-model",
    "kl-model-data",
    "mmd",
    "mode-balance",
    "modes",
    "ms-ssim",
    "nll",
    "power-spectrum",
    "precision",
    "purity",
    "recall",
    "reconstruction",
    "reconstruction-class",
    "reverse-kl",
    "sliced-w",
    "spread",
    "vendi",
    "w1",
    "w2",
]


def test_number_discovered() -> None:
    assert sorted(FOUND) == NAMES
    folder = Path(gannet.metrics.__path__[0])
    assert all((folder / f"{name.replace('-', '_')}.py").is_file() for name in FOUND)


@pytest.mark.parametrize("name", sorted(FOUND))
def test_range_is_declared(name: str) -> None:
    """No metric of Gannet leaves its range to the default, which is every number."""
    low, high = vars(FOUND[name].load())["bounds"]
    assert low < high


@pytest.mark.parametrize("name", sorted(FOUND))
def test_metric(name: str) -> None:
    check_metric(FOUND[name].load()())
