"""Every metric that discovery finds keeps the contract."""

from __future__ import annotations

import pytest

from gannet.discovery import components
from gannet.metrics.base import Metric
from gannet.testing.metrics import check_metric

FOUND = components("metrics")


@pytest.mark.parametrize("name", sorted(FOUND))
def test_range_is_declared(name: str) -> None:
    """Every metric of Gannet, or its family, declares its range; none relies on the default, which is every number."""
    metric = FOUND[name].load()
    family = metric.__mro__[: metric.__mro__.index(Metric)]
    low, high = next(vars(c)["bounds"] for c in family if "bounds" in vars(c))
    assert low < high


@pytest.mark.parametrize("name", sorted(FOUND))
def test_metric(name: str) -> None:
    check_metric(FOUND[name].load()())
