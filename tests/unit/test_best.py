"""What is measured while images train, the best checkpoint by FD, and trainings that end at a goal."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.real_runs import BEST, Person, Quiet, train

from gannet.cli import run
from gannet.config.build import new_experiment, open_data
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.data.base import silent
from gannet.errors import UserError
from gannet.runs.best import best_card
from gannet.runs.reader import Run, parse_run
from gannet.runs.state import state_of
from gannet.sessions.goal import Goal, parse_goal
from gannet.sessions.resume import resume
from gannet.sessions.scores import measured_every
from gannet.testing.games import FP32
from gannet.training.trainer import Trainer

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def cards(trained_once):
    """FD cards of a real run with values that the test chooses, one for every 100 steps."""
    measured = next(card for card in Run(trained_once("best")).scores() if card.metric == "fd")

    def made(*values, **more):
        return [
            measured.model_copy(update={"value": value, "step": 100 * (index + 1)} | more)
            for index, value in enumerate(values)
        ]

    return made


def test_images_are_measured_by_default(trained_once):
    cards = Run(trained_once("best")).scores()
    assert [(card.step, card.metric) for card in cards] == [
        (step, metric) for step in (30, 60, 90) for metric in ("fd", "class_histogram")
    ]
    assert {card.n_fake for card in cards} == {178}
    assert all(card.reference is not None for card in cards)


@pytest.mark.parametrize(
    ("recipe", "keys", "every"), [("mlp-gan", {}, 500), ("flow-matching", {"evaluations": 12}, 2000)]
)
def test_games_with_costly_samples_are_measured_less_often(recipe, keys, every):
    """At least 20 training samples for each of the 898 measured ones, and 4 times as many for 12 evaluations."""
    given = {"steps": 2000, "batch_size": 40, "data.size": 8, **keys}
    planned = plan("digits", recipe=recipe, given=given, flags=DEFAULT_FLAGS)
    dataset = open_data(planned, silent)
    trainer = Trainer(new_experiment(planned, dataset.form), dataset, seed=0, precision=FP32)
    assert measured_every(planned, trainer) == every


def test_the_best_checkpoint_is_kept_and_named(trained, tmp_path: Path, capsys: Capture):
    path = trained("best")
    assert sorted(folder.name for folder in path.glob("checkpoints/step-*")) == ["step-000000030", "step-000000090"]
    assert parse_run(f"{path}@best") == (path, 30)
    assert run(["sample", f"{path}@best", "-n", "20", "-o", str(tmp_path / "s.png")]) == 0
    capsys.readouterr()
    assert run(["measure", f"{path}@best", "--metrics", "sliced-w", "--samples", "100", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["step"] == 30


def test_a_run_without_measurements_has_no_best(trained, capsys: Capture):
    path = trained("points")
    assert run(["sample", f"{path}@best"]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "has no best checkpoint" in message
    assert run(["sample", f"{path}@worst"]) == 2
    assert "'worst' is not a step. After @, write digits only" in capsys.readouterr().err


def test_the_lowest_fd_that_can_be_chosen(cards):
    series = cards(3.0, 1.0, 2.0, 1.0)
    assert best_card(series).step == 200, "of equal values, the earliest"
    assert best_card(series, lambda step: step > 200).step == 400
    assert best_card(series, lambda step: False) is None
    assert best_card(cards(float("nan"), 5.0)).step == 200
    assert best_card(cards(1.0, metric="class_histogram") + cards(1.0, weights="raw")) is None
    longer = cards(3.0, 2.0, 4.0)
    assert best_card([*longer, *cards(0.1, n_fake=5_000)]).value == 2.0, "measured in another way afterwards"


def test_a_goal_is_reached(cards):
    below = parse_goal(" FD < 0.5", None)
    assert below == Goal("fd", "<", 0.5)
    assert below.reached([]) == below.reached(cards(0.1, 0.5)) == ""
    assert below.reached(cards(0.9, 0.4)) == "FD[digits-cnn-v1] is 0.40 < 0.5 at step 200"
    assert parse_goal("fd>2", None).reached(cards(1.0, 3.0))
    patient = parse_goal(None, 2)
    assert patient.reached(cards(3.0, 1.0, 2.0)) == ""
    assert patient.reached(cards(3.0, 1.0, 2.0, 1.5)) == (
        "FD[digits-cnn-v1] has not fallen in 2 measurements since step 200"
    )
    assert patient.reached(cards(3.0, 1.0, 2.0, 0.5)) == ""


@pytest.mark.parametrize("text", ["", "fd", "fd=0.2", "fd<", "<0.2", "fd<a", "fd<nan", "fd<=0.2", "fd<0.2 tv<1"])
def test_a_goal_of_another_form_is_refused(text):
    with pytest.raises(UserError, match="write METRIC<VALUE or METRIC>VALUE"):
        parse_goal(text, None)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["ring", "--stop-when", "w1<1"],
            "--stop-when: nothing is measured during this training. Set measure.every=N.",
        ),
        (
            ["ring", "measure.every=20", "--stop-when", "w1<1"],
            "--stop-when: nothing is measured during this training. Set measure.every=N.",
        ),
        (["ring", "--patience", "3", "measure.every=2"], "--patience: fd is not measured during this training."),
        (["ring", "--patience", "0"], "--patience 0: expected a number of measurements, at least 1."),
    ],
)
def test_a_goal_that_is_not_measured_is_refused(words, sentence, tmp_path: Path, capsys: Capture):
    assert run(["train", *words, "--recipe", "gan", "--steps", "4", "hidden=4", "--out", str(tmp_path / "r")]) == 2
    message = capsys.readouterr().err.splitlines()[-1]
    assert sentence in message
    assert not (tmp_path / "r").exists()


def test_a_training_ends_at_its_goal_and_stays_there(trained, capsys: Capture):
    path = trained("best")
    for _ in range(2):  # the second one finds that the goal is reached
        assert run(["resume", str(path), "--steps", "150", "--patience", "3"]) == 0
        message = capsys.readouterr().err
        assert "Stopped at the goal: FD[digits-cnn-v1] has not fallen in 3 measurements since step 30." in message
        assert "Best FD[digits-cnn-v1] at step 30, which is kept" in message
        last = Run(path).events()[-1]
        assert (last.kind, last.reason, last.step) == ("stop", "goal", 120)
    assert str(state_of(path, Run(path).events())) == "stopped at its goal"
    assert run(["resume", str(path), "--steps", "150"]) == 0
    assert "The goal that stopped this run is not kept: it now trains to step 150." in capsys.readouterr().err


@pytest.mark.slow
def test_training_and_a_resume_are_the_same_with_measurements(tmp_path: Path):
    """Bit for bit: without measurements, and killed after the best step."""
    from support.real_runs import KILL

    train(tmp_path / "off", "digits", "mlp-gan", **BEST | {"measure.every": 0})
    train(tmp_path / "killed", "digits", "mlp-gan", Person({70: [KILL]}), **BEST)
    assert resume(tmp_path / "killed", Quiet()).finished
    train(whole := tmp_path / "whole", "digits", "mlp-gan", **BEST)
    for other in (tmp_path / "off", tmp_path / "killed"):
        for name in ("model", "average", "optimizers"):
            last = Path("checkpoints", "step-000000090", f"{name}.safetensors")
            assert (other / last).read_bytes() == (whole / last).read_bytes()
    values = [[(card.step, card.value) for card in Run(path).scores()] for path in (whole, tmp_path / "killed")]
    assert values[0] == values[1]
