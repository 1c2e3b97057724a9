"""``gannet config explain``: every key of a training, and what differs from the defaults."""

from __future__ import annotations

import json

import pytest

from gannet import cli
from gannet.catalogue.explained import explain
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.discovery import components
from gannet.runs.reader import Run


def explained(capsys: pytest.CaptureFixture, *words: object) -> str:
    assert cli.run(["config", "explain", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_what_differs_comes_first_with_its_default(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changed, usual = explained(capsys, "ring", "--recipe", "gan", "lr=0.002", "loss=hinge").split("\nDEFAULTS\n")
    for line in (
        "loss=hinge  [gannet list losses; default non-saturating]",
        "loss.margin=1",
        "optimizer.generator.lr=0.002  [number > 0 and ≤ 10; default 0.001]",
    ):
        assert line in changed
    assert "hidden=128" in usual
    assert "measure.every=none" in usual
    assert list(tmp_path.iterdir()) == []


def test_keys_of_a_run_are_those_of_its_record(trained, capsys):
    run = trained("points")
    document = json.loads(explained(capsys, run, "--json"))
    record = Run(run).record
    values = {name: row["value"] for name, row in document["keys"].items()}
    data = {f"data.{name}": value for name, value in record.data.arguments.items()}
    assert values == {**record.arguments, **data, **record.settings}
    assert document["keys"]["hidden"] == {"value": 16, "default": 128, "is_changed": True}


def test_mistakes_are_those_of_train(capsys):
    assert cli.run(["config", "explain", "ring", "hiden=3", "--recipe", "gan"]) == 2
    assert "Did you mean 'hidden'?" in capsys.readouterr().err


@pytest.mark.parametrize("recipe", components("recipes"))
def test_every_key_of_every_recipe_is_explained(recipe):
    data = "ring" if components("recipes")[recipe].load().kind == "points" else "digits"
    if recipe == "text-to-image":
        data = "captioned-digits"
    planned = plan(data, recipe=recipe, given={}, flags=DEFAULT_FLAGS)
    rows = explain(planned)
    assert not [row.key.name for row in rows if row.is_changed]
    assert {row.key.name for row in rows} >= set(planned.values["recipe"])
