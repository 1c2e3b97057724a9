"""A run as figures and as data frames; the verdict and the earth mover's plan in its report."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from gannet.cli import run
from gannet.doctor.complaint import Complaint
from gannet.doctor.outcome import MEANINGS, outcome_of
from gannet.errors import UserError
from gannet.reports.run_figures import newest_frame, plan_figure, samples_figure, training_figure
from gannet.runs.reader import Run
from gannet.theory.earth_mover import plan_between_points


def test_the_plan_has_one_line_for_every_generated_point(trained) -> None:
    record = Run(trained("points"))
    figure = plan_figure(record)
    left, right = figure.axes
    [lines] = left.collections[:1]
    _, frame = newest_frame(record)
    segments = np.array(lines.get_segments())
    assert len(segments) == len(frame["fake"]) == 500
    cost = plan_between_points(frame["fake"], frame["real"]).cost
    assert np.linalg.norm(segments[:, 0] - segments[:, 1], axis=1).mean() == pytest.approx(cost, rel=1e-6)
    assert f"{cost:.3g}" in right.get_title(loc="left")
    with pytest.raises(UserError, match="is a run of images"):
        plan_figure(Run(trained("images")))


def test_figures_can_be_restyled(trained) -> None:
    record = Run(trained("points"))
    figure = training_figure(record)
    names = {text for axes in figure.axes for line in axes.lines for text in [line.get_label()]}
    assert names >= set(record.terms())
    legends = {text.get_text() for axes in figure.axes for text in axes.get_legend().get_texts()}
    assert {"discriminator/logit real", "generator/gradient norm"} <= legends
    for made in (figure, samples_figure(record)):
        made.axes[0].set_title("mine")
        assert made._repr_png_().startswith(b"\x89PNG")
    [axes] = samples_figure(Run(trained("images"))).axes
    height, width = np.asarray(axes.images[0].get_array()).shape[:2]
    assert (height, width) == (8 * 9 - 1, 8 * 9 - 1), "8 x 8 images of 8 x 8 pixels with gaps of one"
    with pytest.raises(UserError, match="no recorded terms"):
        training_figure(Run(trained("bare")))


def test_a_report_has_the_verdict_and_the_plan(trained, capsys: pytest.CaptureFixture[str]) -> None:
    path = trained("alarmed")
    assert run(["report", str(path)]) == 0
    page = (path / "report.html").read_text(encoding="utf-8")
    assert "<h2>Verdict: " in page
    assert "What is still to be moved" in page
    alarms = sum(event.severity == "alarm" for event in Run(path).events())
    assert alarms
    assert f"<dt>Alarms in training</dt><dd>{alarms}</dd>" in page
    shown = [int(step.replace(",", "")) for step in re.findall(r'alt="Samples: [^"]*, step ([\d,]+)"', page)]
    recorded = [step for step, _ in Run(path).frames()]
    assert len(shown) >= 2, "the samples when it was noticed, and now"
    assert shown[-1] == recorded[-1]
    assert set(shown) <= set(recorded), "a caption names the step of its samples"
    capsys.readouterr()
    assert run(["doctor", str(path)]) == 0
    word = page.split("<h2>Verdict: ")[1].split("<")[0]
    assert capsys.readouterr().out.startswith(f"VERDICT  {word}: ")


def _found(rule: str, severity: str = "alarm") -> Complaint:
    return Complaint(rule, severity, "", "", (1, 2))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "complaints", "cause", "facts"),
    [
        ("learned", [], None, {}),
        ("learned", [_found("mode-collapse", "past"), _found("ended", "warning")], None, {}),
        ("not measured", [], None, {"is_measured": False}),
        ("collapsed", [_found("mode-collapse"), _found("far-from-real-data")], "learning-rate-too-high", {}),
        ("collapsed", [_found("mode-collapse"), _found("still-learning", "warning")], "mode-collapse", {}),
        ("still learning", [_found("mode-collapse"), _found("far-from-real-data")], "too-few-steps", {}),
        ("memorised", [_found("memorisation", "warning"), _found("mode-collapse")], "memorisation", {}),
        ("memorised", [_found("far-from-real-data")], "too-few-steps", {"copies": True}),
        ("still learning", [_found("far-from-real-data")], "too-few-steps", {}),
        ("still learning", [_found("still-learning", "warning")], "still-learning", {}),
        ("not learned", [_found("far-from-real-data")], "learning-rate-too-low", {}),
        ("not learned", [_found("still-learning", "warning")], "learning-rate-too-high", {}),
        ("nothing trained", [], None, {"step": 0, "is_measured": False}),
    ],
)
def test_the_plain_verdict(outcome: str, complaints: list[Complaint], cause: str | None, facts: dict) -> None:
    given = {"step": 100, "is_measured": True, "copies": False} | facts
    assert outcome_of(complaints, cause, **given) == outcome
    assert outcome in MEANINGS


def test_runs_are_called_as_their_data_were_written(trained, tmp_path: Path, monkeypatch) -> None:
    from support.real_runs import SMALL, train

    monkeypatch.chdir(tmp_path)
    np.savetxt("my points.csv", np.random.default_rng(0).normal(size=(50, 2)), delimiter=",", header="x,y", comments="")
    train(tmp_path / "run", "my points.csv", **SMALL | {"steps": 4})
    record = Run(tmp_path / "run").record
    assert record.data.source == "csv-file"
    assert record.data.name == "my points.csv"
    assert Run(trained("points")).record.data.name == "ring"
