"""Mean, standard deviation and worst seed against values worked by hand; time left; a sheet of cells; mistakes, one
sentence each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import stdev
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support.real_runs import Person

from gannet.cli import run
from gannet.comparison.plan import Measurement, prepare
from gannet.comparison.result import Result, Row, badness, finite, summarise
from gannet.comparison.work import carry_out, seconds_left
from gannet.data.base import silent
from gannet.figures.comparison import comparison_sheet


class Listener(Person):
    def say(self, sentence: str) -> None:
        assert "is there already" in sentence


@pytest.fixture
def result(trained) -> Result:
    """Of two recipes with seeds 5, 7 and 9, which were trained and measured before."""
    measurement = Measurement(["w1", "precision", "modes"], 200)
    given = {"steps": 4, "hidden": 8, "batch_size": 8}
    path = trained("compared")
    return carry_out(
        prepare(
            "ring", ["gan", "lsgan"], seeds=[5, 7, 9], given=given, measurement=measurement, out=path, progress=silent
        ),
        Listener(),
    )


@pytest.fixture
def row(result) -> Callable[..., Row]:
    """A row of the comparison with some of its cards, whose values are such that they can be worked out by hand."""

    def of(recipe: str, seed: int, reference: float | None = 0.5, **changes: Any) -> Row:
        [found] = [row for row in result.rows if (row.entry.recipe, row.entry.seed) == (recipe, seed)]
        kept = {name: changes.pop(name) for name in ("w1", "precision", "modes") if name in changes}
        cards = tuple(
            card.model_copy(update={"value": kept[card.metric], "reference": reference})
            for card in found.cards
            if card.metric in kept
        )
        assert len(cards) == len(kept)
        return replace(found, cards=cards, **changes)

    return of


@pytest.mark.parametrize(
    ("better", "reference", "worst"),
    [("lower", None, 4.0), ("higher", None, -1.0), ("one", None, 4.0), ("real", 3.5, -1.0), ("real", 1.0, 4.0)],
)
def test_the_worst_is_on_the_bad_side(better, reference, worst):
    assert max([2.0, 4.0, -1.0], key=lambda value: badness(value, better, reference)) == worst


def test_mean_deviation_and_worst_by_hand(row):
    rows = [
        row("gan", seed, w1=value, reference=reference)
        for seed, value, reference in ((5, 1.0, 0.2), (7, 4.0, 0.4), (9, 1.0, 0.6))
    ]
    [summary] = summarise(rows)
    assert summary.mean == 2.0
    assert summary.deviation == pytest.approx(3**0.5)  # (1 + 4 + 1) / (3 - 1)
    assert (summary.worst.seed, summary.worst.value) == (7, 4.0)
    assert summary.reference == pytest.approx(0.4)
    assert (summary.runs, summary.count) == (3, 3)


def test_a_comparison_is_summed_up_from_its_cards(result):
    assert len(result.rows) == 6
    found = {(summary.recipe, summary.metric): summary for summary in result.summaries()}
    assert found.keys() == {(recipe, metric) for recipe in ("gan", "lsgan") for metric in ("w1", "precision", "modes")}
    for (recipe, metric), summary in found.items():
        cards = {
            row.entry.seed: card
            for row in result.rows
            if row.entry.recipe == recipe
            for card in row.cards
            if card.metric == metric
        }
        values = [card.value for card in cards.values()]
        assert summary.mean == pytest.approx(sum(values) / 3)
        assert summary.deviation == pytest.approx(stdev(values))
        assert summary.worst.value == (max(values) if metric == "w1" else min(values))
        assert cards[summary.worst.seed].value == summary.worst.value


def test_a_run_without_a_value_is_the_worst_and_is_counted(row):
    rows = [
        row("gan", 5, w1=1.0, precision=3.0),
        row("gan", 7, w1=2.0, skipped=("precision left out: No mode.",)),
        row("lsgan", 5, status="stopped"),
        row("lsgan", 7, w1=3.0, modes=0.5),
    ]
    found = {(s.recipe, s.metric): s for s in summarise(rows)}
    assert list(found) == [
        ("gan", "w1"),
        ("lsgan", "w1"),
        ("gan", "precision"),
        ("lsgan", "precision"),
        ("lsgan", "modes"),
    ]
    assert (found["lsgan", "w1"].mean, found["lsgan", "w1"].count, found["lsgan", "w1"].runs) == (3.0, 1, 2)
    assert (found["lsgan", "w1"].worst.seed, found["lsgan", "w1"].worst.value) == (5, None)
    assert (found["gan", "precision"].mean, found["gan", "precision"].worst.seed) == (3.0, 7)
    assert found["lsgan", "precision"].mean is None


def test_values_that_are_not_finite_are_reported(row):
    good, said = finite(row("gan", 5, w1=float("nan"), precision=1.0).cards)
    assert [card.metric for card in good] == ["precision"]
    assert said == ("w1 left out: its value is not finite.",)


def test_time_left_follows_the_same_recipe(result, row):
    rows = [row("gan", 5, seconds=10.0), row("lsgan", 5, seconds=2.0)]
    to_come = [next(entry for entry in result.comparison.entries if entry.recipe == name) for name in ("gan", "lsgan")]
    unknown = replace(to_come[0], recipe="unknown")
    assert seconds_left([*to_come, unknown], rows) == 10 + 2 + 6
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
    "jobs": (["ring", "--recipes", "gan", "--jobs", "0"], ["--jobs 0", "or auto"]),
    "swept value": (
        ["ring", "--recipes", "gan,lsgan", "--sweep", "batch_size=4,abc"],
        ["gannet: batch_size=abc: "],
    ),
    "swept key": (
        ["ring", "--recipes", "gan", "--sweep", "bach_size=4,8"],
        ["Unknown key 'bach_size'. Did you mean 'batch_size'?"],
    ),
    "swept and given": (
        ["ring", "--recipes", "gan", "--sweep", "hidden=4,8", "hidden=4"],
        ["hidden is given and swept"],
    ),
    "swept twice": (["ring", "--recipes", "gan", "--sweep", "lr=0.1,1e-1"], ["--sweep lr holds 0.1 more than once"]),
    "swept alike": (
        ["ring", "--recipes", "gan", "--sweep", "loss=non-saturating,non_saturating"],
        ["are the same run"],
    ),
    "swept data": (["ring", "--recipes", "gan", "--sweep", "data.sigma=0.1,0.2"], ["their data would differ"]),
    "backward seeds": (["ring", "--recipes", "gan", "--seeds", "4-1"], ["'4-1' is not a seed", "--seeds 0-4"]),
    "overlapping seeds": (["ring", "--recipes", "gan", "--seeds", "0-2,2"], ["--seeds holds 2 more than once"]),
    "bad seed": (["ring", "--recipes", "gan", "--seeds", "0,-1"], ["'-1' is not a seed"]),
    "seed as key": (["ring", "--recipes", "gan", "seed=3"], ["seed=3", "--seeds"]),
    "key of one recipe": (
        ["ring", "--recipes", "gan,particle-gan", "prior.width=2"],
        ["gan: Unknown key 'prior.width'"],
    ),
    "mistake of all": (
        ["ring", "--recipes", "gan,gan-deep", "data.sigma=-1"],
        ["gannet: data.sigma=-1: expected a number"],
    ),
    "unknown metric": (["ring", "--recipes", "gan", "--metrics", "w9"], ["Unknown metric 'w9'"]),
    "metric of images": (
        ["ring", "--recipes", "gan", "--metrics", "is"],
        ["is cannot be measured here", "not points"],
    ),
    "weights missing": (["digits", "--recipes", "dcgan", "--metrics", "fd[dinov2]"], ["weights of dinov2 are missing"]),
    "other data": (
        ["digits", "--recipes", "lsgan,wgan-gp"],
        ["data.size (none for lsgan, 32 for wgan-gp)", "data.size=VALUE"],
    ),
    "other sampling": (
        ["digits", "--recipes", "lsgan,cgan", "data.size=16"],
        ["sampler.classes (none for lsgan, balanced for cgan)"],
    ),
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
