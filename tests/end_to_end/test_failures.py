"""A turn that fails: its state is saved, the run continues from it to the bit, and the failure can be repeated."""

import json
import math
from pathlib import Path

import pytest
import torch
from support.real_runs import SMALL, Person, train

from gannet import cli
from gannet.errors import TrainingFailed, TrainingStopped
from gannet.evaluation import measure as measuring
from gannet.games.adversarial import Adversarial
from gannet.losses.least_squares import LeastSquares
from gannet.runs.reader import Run
from gannet.sessions.resume import resume, train_again
from gannet.training import checkpoint
from gannet.training.trainer import Trainer

KEYS = SMALL | {"steps": 30, "frames.every": 0, "health.every": 0}


def tensors(run: Path, step: int) -> dict[str, torch.Tensor]:
    folder = run / "checkpoints" / f"step-{step:09d}"
    names = ("model", "average", "optimizers")
    return {f"{name}/{key}": value for name in names for key, value in checkpoint.load_weights(folder, name).items()}


def require_equal(first: Path, second: Path, step: int) -> None:
    a, b = tensors(first, step), tensors(second, step)
    assert a.keys() == b.keys()
    assert [name for name in a if not torch.equal(a[name], b[name])] == []


def failing(patch: pytest.MonkeyPatch, error: BaseException, step: int, player: str = "generator") -> None:
    """After the forward and backward passes, which have changed statistics and random states."""
    whole = Trainer._gradients

    def gradients(self, turn, batch):
        terms = whole(self, turn, batch)
        if self.step == step and turn.player == player:
            raise error
        return terms

    patch.setattr(Trainer, "_gradients", gradients)


CASES = [
    ("ring", "gan", "generator"),
    ("ring", "gan", "discriminator"),
    pytest.param("ring", "unrolled", "generator", marks=pytest.mark.slow),
    pytest.param("ring", "wgan-gp", "generator", marks=pytest.mark.slow),
    pytest.param("digits", "dcgan", "generator", marks=pytest.mark.slow),
    pytest.param("digits", "sngan", "generator", marks=pytest.mark.slow),
    pytest.param("digits", "began", "generator", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("data", "recipe", "player"), CASES)
def test_a_failed_turn_continues_to_the_bit(tmp_path, monkeypatch, data, recipe, player):
    keys = KEYS if data == "ring" else {"steps": 8, "batch_size": 8, "frames.every": 0, "health.every": 0}
    step = keys["steps"] - 3
    train(tmp_path / "whole", data, recipe, **keys)
    with monkeypatch.context() as patch:
        failing(patch, MemoryError(), step, player)
        with pytest.raises(TrainingFailed, match=f"Step {step}, the {player}'s turn: out of memory") as caught:
            train(tmp_path / "failed", data, recipe, **keys)
    assert f"Step {step} is saved." in str(caught.value)
    resume(tmp_path / "failed", Person())
    require_equal(tmp_path / "whole", tmp_path / "failed", keys["steps"])


def test_out_of_memory_is_one_sentence_that_says_what_to_lower(tmp_path, monkeypatch, capsys):
    failing(monkeypatch, RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried 4 TB"), 25)
    keys = [f"{key}={value}" for key, value in KEYS.items()]
    run = tmp_path / "run"
    assert cli.run(["train", "ring", "--recipe", "gan", "--out", str(run), "--quiet", *keys]) == 5
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "Traceback" not in said
    assert "out of memory. Lower batch_size, hidden or frames.count, or end other processes. Step 25 is saved." in said
    report = json.loads((run / "crash" / "step-000000025.json").read_text())
    assert (report["player"], report["step"], report["turn"], report["batch_position"]) == ("generator", 25, 1, 25)
    assert "you tried 4 TB" in (run / "crash" / "step-000000025.txt").read_text()


def test_an_update_that_failed_half_way_is_not_saved(tmp_path, monkeypatch):
    """Its parameters may be changed already: the newest checkpoint before it is used."""
    calls = []

    def after_turn(self, player):
        calls.append(player)
        if len(calls) == 2 * 25 + 3:  # the rehearsal's two, then 25 steps
            raise RuntimeError("half way")

    monkeypatch.setattr(Adversarial, "after_turn", after_turn)
    with pytest.raises(TrainingFailed, match="Step 25 is not saved: the newest checkpoint is of step 20") as caught:
        train(tmp_path / "run", "ring", "gan", **KEYS)
    assert not caught.value.is_saved


def test_a_parameter_that_is_not_finite_is_not_saved(tmp_path, monkeypatch):
    """Spoiled by the last update before a checkpoint is due, so that no loss has shown it."""
    calls = []

    def after_turn(self, player):
        calls.append(player)
        if len(calls) == 2 * 21:  # the rehearsal's two, then 20 steps
            next(self.generator.parameters()).data[0] = math.nan

    monkeypatch.setattr(Adversarial, "after_turn", after_turn)
    train(tmp_path / "run", **KEYS | {"checkpoint.every": 10})
    assert Run(tmp_path / "run").events()[-1].text.startswith("Step 20: a parameter is not finite, so this step is not")
    [newest, *_] = checkpoint.newest_first(tmp_path / "run" / "checkpoints")
    assert newest.name == "step-000000010"
    assert not checkpoint.problems(newest)


def test_values_that_are_not_finite_leave_what_repeats_them(trained, tmp_path):
    run = trained("failed")
    stop = Run(run).events()[-1]
    assert (stop.kind, stop.reason, stop.step) == ("stop", "guard", 50)
    report = json.loads((run / "crash" / "step-000000050.json").read_text())
    assert (report["seed"], report["batch_size"]) == (7, 16)
    assert {"player", "turn", "repeat", "batch_position", "error", "repeat_with"} <= report.keys()
    assert not checkpoint.problems(run / "crash" / "step-000000050")
    with pytest.raises(TrainingStopped) as again:
        train_again(run, 50, {}, tmp_path / "again", Person())
    assert str(again.value).startswith(stop.text)
    train_again(run, 50, {"loss.a": 0.0}, tmp_path / "remedy", Person())
    assert Run(tmp_path / "remedy").events()[-1].kind == "finish"


def test_an_exception_while_measuring_is_a_warning(trained, tmp_path, monkeypatch):
    def broken(*given, **keys):
        def measure(step):
            torch.rand(3)
            raise MemoryError

        return measure

    monkeypatch.setattr(measuring, "measurer", broken)
    train(tmp_path / "plain", **KEYS)
    train(tmp_path / "measured", **KEYS | {"measure.every": 10})
    warnings = [event.text for event in Run(tmp_path / "measured").events() if event.kind == "warning"]
    assert warnings == ["Not measured: out of memory"] * 3
    require_equal(tmp_path / "plain", tmp_path / "measured", 30)


def test_too_little_memory_for_the_first_step_leaves_nothing(tmp_path, monkeypatch, capsys):
    failing(monkeypatch, MemoryError(), 0, "discriminator")
    assert cli.run(["train", "ring", "--recipe", "gan", "--out", str(tmp_path / "run"), "--quiet"]) == 2
    assert "too little memory" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_failed_turn_is_a_row_of_a_comparison(tmp_path, monkeypatch, capsys):
    words = ["compare", "ring", "--recipes", "lsgan,gan", "--seeds", "1", "--steps", "10", "--metrics", "w1"]
    words += ["--out", str(tmp_path / "c"), "hidden=8", "batch_size=8", "checkpoint.every=5"]
    whole = Trainer._gradients

    def gradients(self, turn, batch):
        if self.step == 7 and isinstance(self.game.loss, LeastSquares):
            raise RuntimeError("The projector fell over.")
        return whole(self, turn, batch)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_gradients", gradients)
        assert cli.run(words) == 1
    said = capsys.readouterr().err
    assert "lsgan, seed 1: " in said
    assert "The projector fell over." in said
    lsgan, gan = json.loads((tmp_path / "c" / "compare.json").read_text())["recipes"]
    assert (lsgan["runs"][0]["status"], lsgan["runs"][0]["step"]) == ("failed", 7)
    assert gan["runs"][0]["status"] == "finished"
    assert cli.run(words) == 0, "the same command continues it"
    lsgan, _ = json.loads((tmp_path / "c" / "compare.json").read_text())["recipes"]
    assert (lsgan["runs"][0]["status"], lsgan["runs"][0]["step"]) == ("finished", 10)
