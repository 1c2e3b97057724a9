"""Mean, deviation and worst seed against values worked by hand; time left; a sheet of cells; mistakes, one sentence each."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from gannet.cli import run
from gannet.comparison.result import Row, badness, finite, summarise
from gannet.comparison.work import seconds_left
from gannet.figures.comparison import comparison_sheet
from gannet.metrics.base import ScoreCard


def _card(metric: str, value: float, better: str = "lower", floor: float | None = 0.5) -> ScoreCard:
    return ScoreCard(metric, metric, value, floor, 100, 100, {}, better)


def _row(recipe: str, seed: int, *cards: ScoreCard, status: Any = "finished", seconds: float = 0.0, skipped: tuple[str, ...] = ()) -> Row:
    return Row(cast(Any, SimpleNamespace(recipe=recipe, seed=seed)), status, 10, seconds, cards, skipped)


@pytest.mark.parametrize(
    ("better", "floor", "worst"),
    [("lower", None, 4.0), ("higher", None, -1.0), ("one", None, 4.0), ("real", 3.5, -1.0), ("real", 1.0, 4.0)],
)
def test_the_worst_is_on_the_bad_side(better, floor, worst):
    assert max([2.0, 4.0, -1.0], key=lambda value: badness(value, better, floor)) == worst


def test_mean_deviation_and_worst_by_hand():
    rows = [_row("a", seed, _card("w1", value, floor=floor)) for seed, value, floor in ((5, 1.0, 0.2), (7, 4.0, 0.4), (9, 1.0, 0.6))]
    [summary] = summarise(rows)
    assert summary.mean == 2.0
    assert summary.deviation == pytest.approx(3**0.5)  # (1 + 4 + 1) / (3 - 1)
    assert (summary.worst.seed, summary.worst.value) == (7, 4.0)
    assert summary.floor == pytest.approx(0.4)
    assert (summary.runs, summary.count) == (3, 3)


def test_a_run_without_a_value_is_the_worst_and_is_counted():
    rows = [
        _row("a", 0, _card("w1", 1.0), _card("spread", 3.0)),
        _row("a", 1, _card("w1", 2.0), skipped=("spread left out: No mode.",)),
        _row("b", 0, status="stopped"),
        _row("b", 1, _card("w1", 3.0), _card("accuracy", 0.5)),
    ]
    found = {(s.recipe, s.metric): s for s in summarise(rows)}
    assert list(found) == [("a", "w1"), ("b", "w1"), ("a", "spread"), ("b", "spread"), ("b", "accuracy")]
    assert (found["b", "w1"].mean, found["b", "w1"].count, found["b", "w1"].runs) == (3.0, 1, 2)
    assert (found["b", "w1"].worst.seed, found["b", "w1"].worst.value) == (0, None)
    assert (found["a", "spread"].mean, found["a", "spread"].worst.seed) == (3.0, 1)
    assert found["b", "spread"].mean is None


def test_values_that_are_not_finite_are_told():
    good, said = finite([_card("w1", float("nan")), _card("w2", 1.0)])
    assert [card.metric for card in good] == ["w2"]
    assert said == ("w1 left out: its value is not finite.",)


def test_time_left_follows_the_same_recipe():
    rows = [_row("slow", 0, seconds=10.0), _row("fast", 0, seconds=2.0)]
    to_come: Any = [SimpleNamespace(recipe=name) for name in ("slow", "fast", "unknown")]
    assert seconds_left(to_come, rows) == 10 + 2 + 6
    assert seconds_left(to_come, []) is None


def test_a_sheet_shows_cells_in_rows_and_columns():
    red, blue = (Image.new("RGB", (50, 40), colour) for colour in ("#ff0000", "#0000ff"))
    sheet = np.asarray(comparison_sheet([("one", [red, blue]), ("two", ["stopped", red])], ["seed 0", "seed 1"]))
    is_red, is_blue = ((sheet == colour).all(2) for colour in ((255, 0, 0), (0, 0, 255)))
    assert is_red.sum() == 2 * 50 * 40
    assert is_blue.sum() == 50 * 40
    middle = sheet.shape[1] // 2
    assert is_red[:, :middle].sum() == is_red[:, middle:].sum()
    assert is_blue[:, :middle].sum() == 0


MISTAKES = {
    "unknown recipe": (["ring", "--recipes", "gan,dcgna"], ["Unknown recipe 'dcgna'"]),
    "images to a points recipe": (["digits", "--recipes", "dcgan,gan"], ["'gan' trains on points"]),
    "no recipes": (["ring", "--recipes", ","], ["--recipes is empty"]),
    "recipe twice": (["ring", "--recipes", "gan,gan_deep,gan-deep"], ["gan-deep more than once"]),
    "seed twice": (["ring", "--recipes", "gan", "--seeds", "1,1"], ["--seeds holds 1 more than once"]),
    "bad seed": (["ring", "--recipes", "gan", "--seeds", "0,-1"], ["'-1' is not a seed"]),
    "seed as key": (["ring", "--recipes", "gan", "seed=3"], ["seed=3", "--seeds"]),
    "key of one recipe": (["ring", "--recipes", "gan,particle-gan", "prior.width=2"], ["gan: Unknown key 'prior.width'"]),
    "mistake of all": (["ring", "--recipes", "gan,gan-deep", "data.sigma=-1"], ["gannet: data.sigma=-1", "greater than 0"]),
    "unknown metric": (["ring", "--recipes", "gan", "--metrics", "w9"], ["Unknown metric 'w9'"]),
    "metric of pictures": (["ring", "--recipes", "gan", "--metrics", "is"], ["is cannot be measured here", "not points"]),
    "weights missing": (["digits", "--recipes", "dcgan", "--metrics", "fd[dinov2]"], ["weights of dinov2 are not here"]),
    "other data": (["digits", "--recipes", "lsgan,wgan-gp"], ["data.size (none for lsgan, 32 for wgan-gp)", "data.size=VALUE"]),
    "other sampling": (["digits", "--recipes", "lsgan,cgan", "data.size=16"], ["sampler.classes (none for lsgan, balanced for cgan)"]),
    "too few samples": (["ring", "--recipes", "gan", "--samples", "3"], ["--samples"]),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(name, tmp_path, monkeypatch, capsys):
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setenv("GANNET_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("GANNET_WEIGHTS", str(tmp_path / "weights"))
    words, expected = MISTAKES[name]
    assert run(["compare", *words, "--steps", "1"]) == 2  # one step, should a mistake go unnoticed
    said = capsys.readouterr()
    for part in expected:
        assert part in said.err
    assert len(said.err.splitlines()) == 1, said.err
    assert said.out == ""
    assert list((tmp_path / "here").iterdir()) == [], "something was left behind"
