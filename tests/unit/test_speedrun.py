"""The rules of `make speedrun`: what counts, when a goal is reached, and what the record and the page contain."""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from gannet_dev.docs.speedrun import speedrun_page

ROOT = Path(__file__).parents[2]


@pytest.fixture
def speedrun(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import speedrun

    yield speedrun
    sys.modules.pop("speedrun", None)


class Training:
    """A step takes 1 second and a measurement 7; the FD is 10 / step."""

    def __init__(self, steps: int = 10**6) -> None:
        self.seconds, self.steps_taken, self.steps = 3.0, 0, steps
        self.measured: list[int] = []

    def step(self):
        self.seconds += 1
        self.steps_taken += 1

    def done(self):
        return self.steps_taken >= self.steps

    def measure(self):
        self.seconds += 7
        self.measured.append(self.steps_taken)
        return {"fd": 10 / self.steps_taken, "modes": float(self.steps_taken)}


@pytest.fixture
def result(speedrun, monkeypatch):
    def run(training, *goals, limit=1000.0, excluded=2.0, growth=1.1):
        monkeypatch.setattr(speedrun, "clock", lambda: training.seconds)
        return speedrun.run(
            training, [speedrun.Goal(g) for g in goals], training.measure, 10.0, limit, excluded, growth
        )

    return run


def test_measuring_does_not_count(result):
    training = Training()
    found = result(training, "fd<=0.5", "fd<=0.1")
    assert found["ended"] == "all goals"
    # The start took 3 s, 2 of which prepared measuring; every step takes 1 s.
    assert [row["processor_seconds"] for row in found["log"]] == [step + 1.0 for step in training.measured]
    assert found["reached"]["fd<=0.5"] == {"processor_seconds": 21.0, "step": 20}


@pytest.mark.parametrize(("growth", "most"), [(1.1, 35), (1.3, 14)])
def test_times_between_measurements_grow_by_the_same_ratio(result, growth, most):
    training = Training()
    found = result(training, "fd<=0.05", growth=growth)
    times = [row["processor_seconds"] for row in found["log"]]
    assert times[0] == 10
    assert all(after <= before * growth + 1 for before, after in pairwise(times))
    assert len(times) < most


def test_a_training_ends_at_its_last_step_with_a_measurement(result):
    found = result(Training(steps=30), "fd<=0.5", "fd<=0.1")
    assert (found["ended"], found["log"][-1]["step"]) == ("last step", 30)
    assert found["reached"]["fd<=0.1"] is None


def test_a_training_ends_at_the_limit(result):
    assert result(Training(), "fd<=0.1", limit=40.0)["ended"] == "limit"


def test_all_conditions_of_a_goal_must_hold(speedrun):
    goal = speedrun.Goal("modes>=8,high-quality>=0.9")
    assert goal.is_met({"modes": 8.0, "high-quality": 0.9})
    assert not goal.is_met({"modes": 8.0, "high-quality": 0.89})
    assert not goal.is_met({"modes": 7.0, "high-quality": 1.0})
    assert not goal.is_met({"modes": 8.0})


def test_a_goal_of_another_form_is_one_sentence(speedrun):
    for text in ("fd", "fd<0.5", "fd<=low"):
        with pytest.raises(SystemExit, match="write METRIC<=VALUE"):
            speedrun.Goal(text).conditions()


ROW = {
    "entry": "dcgan",
    "seed": 0,
    "class_labels": False,
    "threads": 1,
    "machine": {"processor": "P", "instruction_set": "AVX", "torch": "2"},
    "reached": {"fd<=0.5": {"processor_seconds": 12.3, "step": 90}, "fd<=0.1": None},
    "ended": "limit",
    "log": [{"processor_seconds": 40.2, "step": 1234, "fd": 0.3}],
    "command": "python benchmarks/speedrun.py mnist mnist",
}


def test_a_record_replaces_the_same_training_and_keeps_the_others(speedrun, tmp_path):
    path = tmp_path / "speedrun-mnist.json"
    for row in (ROW, ROW | {"seed": 1}, ROW | {"ended": "last step"}):
        speedrun.keep(path, "mnist", row)
    rows = json.loads(path.read_text(encoding="utf-8"))["rows"]
    assert [(row["seed"], row["ended"]) for row in rows] == [(1, "limit"), (0, "last step")]
    page = speedrun_page(tmp_path)
    assert "| `dcgan` | not used | 0 | 12 | - | 1,234 | last step (40 s) |" in page
    assert "python benchmarks/speedrun.py mnist mnist" in page


def test_a_recipe_ends_at_its_last_step_and_the_plain_loop_does_not(speedrun):
    recipe = speedrun.OfRecipe("gan", {"steps": "1", "hidden": "4"}, "ring", 0)
    loop = speedrun.PlainDCGAN({"data.size": "28"}, "digits", 0)
    for entry in (recipe, loop):
        assert not entry.done()
        entry.step()
        assert entry.steps_taken == 1
    assert (recipe.done(), loop.done()) == (True, False)
