"""A run finds its data from anywhere, takes the place they were moved to, and says when they have changed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from support.real_runs import SMALL

from gannet import cli

SETTINGS = [f"{key}={value}" for key, value in {**SMALL, "steps": 40, "health.every": 0}.items()]


def table(path: Path) -> Path:
    np.savetxt(path, np.random.default_rng(0).normal(size=(120, 2)), delimiter=",")
    return path


def images(folder: Path) -> Path:
    folder.mkdir()
    for index in range(24):
        Image.fromarray(np.random.default_rng(index).integers(0, 255, (8, 8), dtype=np.uint8)).save(
            folder / f"{index:02}.png"
        )
    return folder


@pytest.fixture
def moved(tmp_path, monkeypatch, capsys) -> Path:
    """A run on points.csv, named by a relative path; the working directory is another one now, and the file lies in
    ``elsewhere``.
    """
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "points.csv")
    assert cli.run(["train", "points.csv", "--recipe", "gan", "--out", "run", *SETTINGS]) == 0
    for name in ("elsewhere", "work"):
        (tmp_path / name).mkdir()
    shutil.move("points.csv", "elsewhere/points.csv")
    monkeypatch.chdir(tmp_path / "work")
    capsys.readouterr()
    return tmp_path / "run"


def test_another_working_directory_is_enough(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "points.csv")
    assert cli.run(["train", "./points.csv", "--recipe", "gan", "--out", "run", *SETTINGS]) == 0
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    for words in (
        ["resume", "../run", "--steps", "50"],
        ["measure", "../run", "--metrics", "w2"],
        ["train", "../run", "--out", "again"],
    ):
        assert cli.run(words) == 0
    shutil.move(tmp_path / "run", tmp_path / "work" / "renamed")
    assert cli.run(["resume", "renamed", "--steps", "60"]) == 0


def test_data_may_be_moved_to_a_folder_with_the_name_of_a_data_set(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    images(tmp_path / "photos")
    keys = ["--recipe", "mlp-gan", "--out", "run", "--steps", "2", "batch_size=8", "health.every=0", "measure.every=0"]
    assert cli.run(["train", "photos", *keys]) == 0
    shutil.move("photos", "mnist")
    assert cli.run(["resume", "run", "--steps", "4", "data.path=mnist"]) == 0


VERBS = {
    "resume": ["resume", "../run", "--steps", "50"],
    "measure": ["measure", "../run", "--metrics", "w2"],
    "train again": ["train", "../run", "--out", "more"],
    "fork": ["train", "../run@20", "--out", "more"],
}


@pytest.mark.parametrize("verb", VERBS)
def test_the_new_place_is_taken(moved, verb, capsys):
    assert cli.run(VERBS[verb]) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert "add data.path=PATH" in sentence
    assert not Path("more").exists()
    assert cli.run([*VERBS[verb], "data.path=../elsewhere/points.csv"]) == 0
    made = moved if verb in ("resume", "measure") else Path("more")
    if verb != "measure":
        recorded = json.loads((made / "run.json").read_text())["data"]["arguments"]["path"]
        assert recorded == str(moved.parent / "elsewhere" / "points.csv")


def test_other_data_at_the_new_place_are_refused_for_training_and_reported_by_measure(moved, capsys):
    other = Path("../elsewhere/points.csv")
    other.write_text(other.read_text() + "1.5,2.5\n")
    before = (moved / "run.json").read_text()
    for words in (VERBS["resume"], VERBS["train again"], VERBS["fork"]):
        assert cli.run([*words, f"data.path={other}"]) == 2
        assert "have changed since the run was trained" in capsys.readouterr().err
    assert (moved / "run.json").read_text() == before
    assert not Path("more").exists()
    assert cli.run(["measure", "../run", "--metrics", "w2,mmd", "--json", f"data.path={other}"]) == 0
    cards = json.loads(capsys.readouterr().out)["cards"]
    assert len(cards) == 2
    assert all("have changed since the run was trained" in " ".join(card["warnings"]) for card in cards)


def test_one_more_image_is_said_on_every_card(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GANNET_CACHE", str(tmp_path / "cache"))
    images(tmp_path / "faces")
    assert cli.run(["train", "faces", "--recipe", "mlp-gan", "--out", "run", "--steps", "4", "batch_size=8"]) == 0
    Image.new("L", (8, 8)).save("faces/more.png")
    capsys.readouterr()
    assert cli.run(["measure", "run", "--json", "--metrics", "power-spectrum", "--samples", "12"]) == 0
    assert all("have changed" in " ".join(card["warnings"]) for card in json.loads(capsys.readouterr().out)["cards"])


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ("data.path=nowhere", "does not exist"),
        ("data.path=..", "'folder'"),
        ("data.radius=2", "a run keeps its keys"),
        ("hidden=8", "a run keeps its keys"),
    ],
)
def test_nothing_else_can_be_given(moved, given, sentence, capsys):
    assert cli.run(["measure", "../run", given]) == 2
    assert sentence in capsys.readouterr().err


def test_data_without_a_path_have_no_place(trained, capsys):
    assert cli.run(["measure", str(trained("points")), "data.path=x"]) == 2
    assert "have no path; leave data.path out" in capsys.readouterr().err


def test_a_comparison_continues_on_data_that_were_moved(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    table(tmp_path / "points.csv")
    words = ["--recipes", "gan", "--seeds", "0", "--metrics", "w2", "--samples", "40", "--out", "c", *SETTINGS]
    assert cli.run(["compare", "points.csv", *words]) == 0
    shutil.move("points.csv", "moved.csv")
    begun = (tmp_path / "c/gan/seed-0/events.jsonl").read_bytes()
    assert cli.run(["compare", "moved.csv", *words]) == 0, capsys.readouterr().err
    assert (tmp_path / "c/gan/seed-0/events.jsonl").read_bytes() == begun
    Path("moved.csv").write_text(Path("moved.csv").read_text() + "1.5,2.5\n")
    capsys.readouterr()
    assert cli.run(["compare", "moved.csv", *words]) == 2
    assert "content_hash" in capsys.readouterr().err
