"""RUN@STEP: sample, measure and report a run as it was, from the command line and from Python."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gannet
from gannet.cli import run
from gannet.errors import UserError
from gannet.runs.reader import Run, parse_run

Capture = pytest.CaptureFixture[str]
NONE_LIKE_IT = "has no checkpoint of step 150. Available: 100, 200, 300."


def refused(capsys: Capture, *words: str) -> str:
    capsys.readouterr()
    assert run(words) == 2
    message = capsys.readouterr().err
    assert message.count("gannet: ") == 1
    return message


def test_samples_are_those_of_the_step(trained, tmp_path: Path, capsys: Capture) -> None:
    path = trained("points")
    drawn = {}
    for name in ("@100", "@300", ""):
        assert run(["sample", f"{path}{name}", "-n", "50", "-o", str(tmp_path / "s.npz")]) == 0
        drawn[name] = np.load(tmp_path / "s.npz")["samples"]
    assert not np.array_equal(drawn["@100"], drawn[""])
    np.testing.assert_array_equal(drawn["@300"], drawn[""])
    np.testing.assert_array_equal(gannet.load(path, step=100).sample(50)[0], drawn["@100"])
    np.testing.assert_array_equal(gannet.load(f"{path}@100").sample(50)[0], drawn["@100"])
    assert NONE_LIKE_IT in refused(capsys, "sample", f"{path}@150")


def test_cards_carry_the_step(trained, capsys: Capture) -> None:
    path = trained("points")
    assert run(["measure", f"{path}@100", "--metrics", "w2", "--samples", "100", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["step"], document["cards"][0]["step"]) == (100, 100)
    assert Run(path).scores()[-1].step == 100
    assert NONE_LIKE_IT in refused(capsys, "measure", f"{path}@150")


def test_a_report_ends_at_the_step(trained, capsys: Capture) -> None:
    path = trained("measured")
    assert run(["report", f"{path}@40"]) == 0
    page = (path / "report-40.html").read_text(encoding="utf-8")
    assert "measured@40" in page
    assert "<dt>Steps</dt><dd>40</dd>" in page
    assert "<dt>State</dt><dd>finished</dd>" in page
    assert not (path / "report.html").exists()
    cut, whole = Run(path, until=40), Run(path)
    assert {card.step for card in cut.scores()} == {40}
    assert {card.step for card in whole.scores()} == {40, 60}
    assert max(step for step, _ in cut.frames()) <= 40 < max(step for step, _ in whole.frames())
    assert max(event.step for event in cut.events()) <= 40
    assert "has no step 61: its last recorded step is 60" in refused(capsys, "report", f"{path}@61")


def test_a_checkpoint_of_a_fork_is_its_origin(trained) -> None:
    assert gannet.load(trained("forked"), step=100).step == 100


def test_two_steps_are_refused(trained) -> None:
    path = trained("points")
    with pytest.raises(UserError, match="names step 100, and step=200 another"):
        gannet.load(f"{path}@100", step=200)
    with pytest.raises(UserError, match="Available: 100, 200, 300"):
        gannet.load(path, step=7)


def test_a_step_where_it_means_nothing_is_refused(trained, capsys: Capture) -> None:
    path = trained("points")
    assert "`gannet train RUN@STEP` continues from another" in refused(capsys, "resume", f"{path}@100")
    assert "explains the whole training" in refused(capsys, "doctor", f"{path}@100")


def test_a_name_is_looked_up_in_runs(trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    trained("points")
    monkeypatch.chdir(tmp_path)
    assert parse_run("points") == (Path("runs/points"), None)
    assert parse_run("points@100") == (Path("runs/points"), 100)
    assert run(["sample", "points@200", "-o", "s.npz"]) == 0
    trained("measured")
    assert run(["table", "measured", "--metrics", "w2"]) == 0
    assert "nothing does not exist" in refused(capsys, "sample", "nothing@3")
    # Something at the path itself comes first.
    (tmp_path / "points").mkdir()
    assert "points is not a run" in refused(capsys, "sample", "points")


def test_a_folder_with_an_at_sign_is_itself(trained, tmp_path: Path) -> None:
    path = trained("points", tmp_path / "mine@7")
    assert parse_run(path) == (path, None)
    assert gannet.load(path).step == 300


def test_a_folder_is_looked_up_in_runs(
    trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    trained("points", tmp_path / "runs" / "both" / "points")
    monkeypatch.chdir(tmp_path)
    for name in ("both", "runs/both/points"):
        assert run(["watch", name, "--once", "state.png"]) == 0
        assert run(["status", name]) == 0
        assert "finished" in capsys.readouterr().out
    assert "nothing is not a directory" in refused(capsys, "status", "nothing")
    assert "nothing is not a run and contains none" in refused(capsys, "watch", "nothing", "--once", "state.png")
    # Something at the path itself comes first.
    (tmp_path / "both").mkdir()
    assert "both is not a run and contains none" in refused(capsys, "watch", "both", "--once", "state.png")
