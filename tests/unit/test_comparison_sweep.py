"""Swept keys: every combination is an ordinary run, named and checked like one; JSON, CSV and figures."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from gannet.cli import run
from gannet.comparison.variants import Variant, canonical_value, parse_sweep, variants
from gannet.errors import UserError
from gannet.figures.sweep import SweptMetric, draw_sweep


def test_all_combinations_the_last_key_fastest():
    sweep = parse_sweep(["batch_size=16,64", "lr=1e-3,0.01", "loss=hinge"])
    found = [variant.name for variant in variants(["gan", "mine.py"], sweep, {})]
    assert len(found) == 8
    assert found[:3] == [
        f"gan batch_size={b} lr={r} loss=hinge" for b, r in ((16, "0.001"), (16, "0.01"), (64, "0.001"))
    ]
    assert found[4].startswith("mine ")
    assert Variant("gan", (("loss", "a/b:C"),)).folder == "gan,loss=a_b:C"


@pytest.mark.parametrize(
    ("text", "value"), [("1e-3", "0.001"), ("0.0010", "0.001"), ("064", "64"), ("2.0", "2"), ("hinge", "hinge")]
)
def test_a_number_has_one_spelling(text, value):
    assert canonical_value(text) == value


def test_commas_in_brackets_separate_no_values():
    assert parse_sweep(["betas=(0,0.9),(0.5,0.9)"]) == {"betas": ["(0,0.9)", "(0.5,0.9)"]}


@pytest.mark.parametrize("words", [["lr"], ["=3"], ["lr=1", "lr=2"]])
def test_wrong_words(words):
    with pytest.raises(UserError, match="--sweep"):
        parse_sweep(words)


def test_a_sweep_trains_measures_and_draws(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = (
        "compare ring --recipes gan --seeds 3-4 --steps 3 --metrics w1 --samples 50 hidden=8 --sweep "
        "batch_size=8,4 --sweep lr=1e-3"
    )
    assert run([*words.split(), "--out", "s"]) == 0
    said = capsys.readouterr()
    assert "gan batch_size=8 lr=0.001" in said.out
    document = json.loads((tmp_path / "s" / "compare.json").read_text())
    assert document["sweep"] == {"batch_size": ["8", "4"], "lr": ["0.001"]}
    for entry, size in zip(document["recipes"], (8, 4), strict=True):
        assert entry["arguments"]["batch_size"] == size
        assert entry["arguments"]["optimizer.generator.lr"] == 1e-3
        assert entry["changes"] == {"batch_size": str(size), "lr": "0.001"}
        assert [run["path"] for run in entry["runs"]] == [
            f"gan,batch_size={size},lr=0.001/seed-{seed}" for seed in (3, 4)
        ]
    table = pd.read_csv(tmp_path / "s" / "compare.csv")
    assert table["batch_size"].tolist() == [8, 4]
    assert (tmp_path / "s" / "figures" / "w1.pdf").read_bytes().startswith(b"%PDF")
    ElementTree.parse(tmp_path / "s" / "figures" / "w1.svg")
    assert run([*words.split()[:-2], "--sweep", "lr=0.0010", "--out", "s"]) == 0
    assert capsys.readouterr().err.count("is there already") == 4, "another spelling is the same run"
    assert run(["report", "s"]) == 0
    assert "data:image/svg+xml" in (tmp_path / "s" / "report.html").read_text()


def _text(figure) -> str:
    return " ".join(
        text.get_text()
        for axes in figure.axes
        for text in [*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label]
    )


def test_a_heat_map_shows_mean_and_spread():
    values = {("16", "0.1"): (1.0, 3.0), ("16", "1"): (50.0, 50.0), ("64", "0.1"): (4.0,), ("64", "1"): ()}
    recipe = SweptMetric("gan", "w1 (lower is better)", "lower", values, 2, 0.5)
    figure = draw_sweep({"batch_size": ["16", "64"], "lr": ["0.1", "1"]}, [recipe])
    drawn = np.ma.getdata(figure.axes[0].images[0].get_array())
    np.testing.assert_array_equal(drawn, [[2.0, 50.0], [4.0, np.nan]])
    for words in (
        "2\n± 1.4",
        "50\n± 0",
        "4\n(1 of 2)",
        "no value",
        "batch_size",
        "lr",
        "gan: w1 (lower is better), real data 0.5",
    ):
        assert words in _text(figure)
    assert figure.get_figwidth() == 3.4


def test_one_key_is_a_curve_for_each_recipe():
    recipes = [
        SweptMetric(name, "modes", "higher", {("0.001",): (1.0, 3.0), ("0.1",): (5.0, 6.0)}, 2, 8.0)
        for name in ("gan", "lsgan")
    ]
    figure = draw_sweep({"lr": ["0.001", "0.1"]}, recipes)
    [axes] = figure.axes
    assert axes.get_xscale() == "log"
    assert [container[0].get_ydata().tolist() for container in axes.containers] == [[2.0, 5.5]] * 2
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["real data", "gan", "lsgan"]
