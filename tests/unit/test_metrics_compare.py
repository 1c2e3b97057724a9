"""Cards that may not stand side by side are told apart, with the fields that differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gannet.errors import UserError
from gannet.metrics.base import ScoreCard
from gannet.metrics.compare import comparable, differing
from gannet.metrics.intervals import wilson
from gannet.metrics.table import render


def card(metric: str = "fd", run: str = "a", **spec: Any) -> ScoreCard:
    full = {"metric": metric, "extractor": "randconv-v1", "protocol": {"n_fake": 5000, "real": {"content_hash": "ab"}}, **spec}
    return ScoreCard(metric, metric, 1.0, None, 5000, 5000, full, "lower", run=run, ci95=(0.9, 1.1))


def test_equal_protocols_and_different_metrics_pass() -> None:
    comparable([])
    comparable([card(), card(run="b"), card("kid", version=2), card("kid", run="b", version=2)])
    render([card(), card(run="b")])


def test_the_fields_that_differ_are_named() -> None:
    other = card(run="b", protocol={"n_fake": 500, "real": {"content_hash": "ab"}}, extractor="mnist-cnn-v1")
    cards = [card(), other, card("kid"), card("kid", run="b", version=2)]
    with pytest.raises(UserError) as caught:
        comparable(cards)
    fd, kid = caught.value.problems
    assert "extractor (randconv-v1 and mnist-cnn-v1), protocol.n_fake (5000 and 500)" in fd
    assert "content_hash" not in fd
    assert cards[0].fingerprint in fd
    assert other.fingerprint in fd
    assert "version (nothing and 2)" in kid
    with pytest.raises(UserError, match="must not be compared"):
        render(cards)


def test_one_run_may_be_measured_in_two_ways() -> None:
    assert render([card(), card(extractor="mnist-cnn-v1")]).row_count == 2


def test_the_third_card_counts() -> None:
    with pytest.raises(UserError, match="version"):
        comparable([card(), card(run="b"), card(run="c", version=3)])


def test_missing_is_not_none() -> None:
    assert differing({"a": None, "b": {"c": [1]}}, {"b": {"c": [2]}}) == {"a": (None, None), "b.c": ([1], [2])}


@pytest.mark.parametrize("count", [200, 999, 2500, 20_000])
@pytest.mark.parametrize("metric", ["precision", "authpct"])
def test_no_printed_interval_claims_certainty(metric: str, count: int) -> None:
    """Samples that are all right, or all wrong: the table must not print ``100 (100 to 100)``, whatever the number of samples."""
    whole = 100 if metric == "authpct" else 1
    for value in (0, whole):
        low, high = (whole * end for end in wilson(value / whole, count, 2.26))
        (text,) = render([replace(card(metric), value=float(value), ci95=(low, high), n_fake=count)]).columns[1].cells
        first, last = str(text).partition("(")[2].rstrip(")").split(" to ")
        assert float(first) < float(last), text
        assert float(last if value else first) == value, text
