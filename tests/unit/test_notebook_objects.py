"""What objects show in a notebook, what they give to pandas, and a function of the user's own that looks at a
training.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import gannet
from gannet.cli import run as command
from gannet.runs.reader import Run

SMALL = {"recipe": "gan", "hidden": 4, "batch_size": 16, "keys": {"health.every": 0}}


def test_a_run_shows_its_state_samples_scores_and_links(trained) -> None:
    path = trained("measured")
    html = gannet.load(path)._repr_html_()
    assert "gan on ring" in html
    assert "step 60" in html
    assert "finished" in html
    assert 'src="data:image/png;base64,' in html
    assert f"gannet watch {path}" in html
    assert html.count("<td>w2</td>") == 1
    assert "report</a>" not in html
    assert command(["report", str(path)]) == 0
    assert "report</a>" in gannet.load(path)._repr_html_()
    assert "· 1 alarm: mode-collapse<" in gannet.load(trained("alarmed"))._repr_html_()


def test_score_cards_are_a_table(trained) -> None:
    cards, _ = gannet.load(trained("points")).measure(["w1", "modes"], samples=100)
    html = cards._repr_html_()
    assert [cell for cell in re.findall("<th>(.*?)</th>", html)][:4] == [
        "metric",
        "value",
        "95 % interval",
        "real data",
    ]
    for card in cards:
        assert f"<td>{card.label}</td>" in html
        assert card._repr_html_().count("<tr>") == 2
    assert list(cards) == cards


def test_an_animation_is_shown(trained, tmp_path: Path) -> None:
    made = gannet.load(trained("points")).animate(tmp_path / "a.gif")
    assert made == tmp_path / "a.gif"
    assert 'src="data:image/gif;base64,' in made._repr_html_()


@pytest.mark.slow
def test_a_comparison_shows_its_table_and_samples(trained) -> None:
    path = trained("compared")
    keys = {"hidden": 8, "batch_size": 8, "steps": 4, "metrics": ["w1", "precision", "modes"], "samples": 200}
    result = gannet.compare("ring", ["gan", "lsgan"], seeds=[5, 7, 9], out=path, quiet=True, **keys)
    html = result._repr_html_()
    assert html.count("<td>lsgan</td>") == 3
    assert "±" in html
    assert 'src="data:image/png;base64,' in html


def test_what_was_recorded_as_data_frames(trained) -> None:
    run = gannet.load(trained("measured"))
    terms, frames, scores = run.terms(), run.frames(), run.scores()
    steps, values = Run(run.path).terms()["generator/adversarial"]
    assert terms.index.name == frames.index.name == "step"
    np.testing.assert_array_equal(terms["generator/adversarial"].dropna(), values)
    assert terms.index.is_unique
    assert list(frames.index) == [step for step, _ in Run(run.path).frames()]
    assert isinstance(run.run.load_frame(frames["path"].iloc[-1]), dict)
    assert len(scores) == len(Run(run.path).scores())
    assert set(scores["metric"]) == {"w2", "modes", "precision"}
    assert steps.max() <= 60


def test_figures_by_name(trained) -> None:
    run = gannet.load(trained("points"))
    for name in ("training", "samples", "plan"):
        assert run.figure(name).axes
    with pytest.raises(gannet.UserError, match="Allowed: training, samples, plan"):
        run.figure("loss")  # type: ignore[arg-type]


def test_an_own_function_sees_the_training_and_does_not_change_it(tmp_path: Path) -> None:
    seen: list[gannet.Moment] = []
    shapes = []

    def look(moment: gannet.Moment) -> None:
        seen.append(moment)
        shapes.append(moment.sample(5).shape)
        torch.rand(3)

    watched = gannet.train("ring", **SMALL, steps=25, out=tmp_path / "a", quiet=True, observe=look, observe_every=10)
    plain = gannet.train("ring", **SMALL, steps=25, out=tmp_path / "b", quiet=True)
    assert [moment.step for moment in seen] == [10, 20, 25]
    assert shapes == [(5, 2)] * 3
    assert "generator/adversarial" in seen[0].terms
    for name, value in plain.game.state_dict().items():
        assert torch.equal(value, watched.game.state_dict()[name]), name
    with pytest.raises(gannet.UserError, match="observe_every=0"):
        gannet.train("ring", observe=look, observe_every=0, out=tmp_path / "c")


def test_terms_are_recorded_and_printed_at_regular_steps(tmp_path: Path, capfd) -> None:
    keys = {"hidden": 4, "batch_size": 16, "health.every": 0, "log.every": 7}
    run = gannet.train("ring", recipe="gan", steps=21, out=tmp_path / "a", keys=keys)
    assert list(run.terms().index) == [7, 14, 21]
    printed = [line.split(" of ")[0] for line in capfd.readouterr().err.splitlines() if line.startswith("step")]
    assert printed == ["step 7", "step 14", "step 21"]
    words = [f"{key}={value}" for key, value in keys.items()]
    assert command(["train", "ring", "--recipe", "gan", "--steps", "21", "--out", str(tmp_path / "b"), *words]) == 0
    lines = [line for line in capfd.readouterr().err.splitlines() if line.startswith("step")]
    assert [line.split(" of ")[0].split() for line in lines] == [["step", "7"], ["step", "14"], ["step", "21"]]


def test_a_bar_in_a_notebook(tmp_path: Path, monkeypatch, capfd) -> None:
    shown: list[str] = []
    handle = SimpleNamespace(update=shown.append)
    display = SimpleNamespace(HTML=str, display=lambda *_, **__: handle)
    shell = SimpleNamespace(get_ipython=lambda: SimpleNamespace(kernel=object()), display=display)
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", display)
    gannet.train("ring", **SMALL, steps=30, out=tmp_path / "run")
    assert 'value="30" max="30"' in shown[-1]
    assert str(tmp_path / "run") in shown[-1]
    assert capfd.readouterr().err == ""
