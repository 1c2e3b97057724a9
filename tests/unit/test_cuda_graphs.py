"""Turns as graphs: they compute what eager turns compute, and where a graph is not possible, the steps are eager and
the trainer says why.

A graph can be captured on a GPU only. Here, what would be captured is called again for every step; so these tests see
everything but the capture, which ``scripts/gpu_check.py`` checks on a GPU.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from support.recipe_cases import CASES, data_of, make
from support.trainer_state import state_of
from torch import Tensor

from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.errors import TrainingStopped
from gannet.games.two_player import TwoPlayer
from gannet.live.slow_motion import SlowMotion
from gannet.regularizers.base import Penalty
from gannet.sessions.reporter import PythonReporter
from gannet.sessions.resume import _differences
from gannet.sessions.train import choose_step_if_asked
from gannet.training import checkpoint, cuda_graphs
from gannet.training.cuda_graphs import KIND, GraphedSteps
from gannet.training.graph import CannotCompile
from gannet.training.precision import decide
from gannet.training.trainer import Trainer

READS_VALUES = "a turn depends on values that it computes"
EAGER = {
    "cyclegan": READS_VALUES,
    "semi-supervised": READS_VALUES,
    "text-to-image": READS_VALUES,
    "unrolled": "a turn depends on the number of the step",
    "wgan": "only Adam is supported",
}
"""Recipes whose steps are eager on a GPU, and why."""


@pytest.fixture(autouse=True)
def _as_on_a_gpu(monkeypatch):
    """The learning rate in float32, and labels that are not read: on a CPU torch's function checks them."""
    monkeypatch.setattr(
        Trainer, "rate", lambda t, player, progress: float(np.float32(t.optimizer_settings[player].lr_at(progress)))
    )
    for module in ("gannet.networks.base", "gannet.games.infogan"):
        monkeypatch.setattr(f"{module}.one_hot", lambda labels, n: (labels[..., None] == torch.arange(n)).long())


def _trainer(recipe: str = "gan", kind: str = "points", **keys: str) -> Trainer:
    precision = decide(device="cpu", precision="fp32", is_images=kind == "images", allow_bf16=False)
    return Trainer(make(recipe, kind, **keys), data_of(recipe, kind), seed=0, precision=precision)


def _captured(function):
    """As a graph: what it computes is always written to the same memory."""
    turn = function.func.__self__

    def start():
        before = [turn._values, *turn._gradients]
        function()
        after = [turn._values, *turn._gradients]
        if before[0] is not None:
            for old, new in zip(before, after, strict=True):
                old.copy_(new)
            turn._values, turn._gradients = before[0], tuple(before[1:])

    return start


def _graphed(recipe: str = "gan", kind: str = "points", record=_captured, **keys: str) -> Trainer:
    trainer = _trainer(recipe, kind, **keys)
    cuda_graphs.choose_step(trainer)
    if trainer.whole_step is not None:
        trainer.whole_step = GraphedSteps(trainer, record)
    return trainer


def _unequal(first: dict[str, Tensor], second: dict[str, Tensor]) -> list[str]:
    assert first.keys() == second.keys()
    return [name for name in first if not first[name].equal(second[name].to(first[name].dtype))]


@pytest.mark.parametrize(("recipe", "kind"), CASES)
def test_every_recipe_steps_by_graphs_that_compute_the_same_or_says_why_not(recipe, kind):
    trainer, eager = _graphed(recipe, kind), _trainer(recipe, kind)
    assert trainer.step_kind == (f"eager ({EAGER[recipe]})" if recipe in EAGER else KIND)
    assert (trainer.whole_step is None) == (recipe in EAGER)
    assert not any(optimizer.state for optimizer in trainer.optimizers.values()), "the choice took a step"
    for _ in range(4):
        assert not _unequal(eager.play(), trainer.play())
    assert not _unequal(state_of(eager), state_of(trainer))
    assert trainer.minimised == eager.minimised
    assert trainer.step == 4
    assert trainer.turns_taken == 0


@pytest.mark.parametrize("recipe", ["wgan-gp", "particle-gan"])
def test_steps_with_and_without_a_lazy_penalty_are_different_graphs(recipe):
    keys = {"penalty.every": "3"}
    captures = []
    trainer = _graphed(recipe, record=lambda function: captures.append(function) or _captured(function), **keys)
    eager = _trainer(recipe, **keys)
    for _ in range(7):
        assert not _unequal(eager.play(), trainer.play())
    assert not _unequal(state_of(eager), state_of(trainer))
    assert len(captures) == 3, "D with and without the penalty, and G"


def test_what_a_game_does_after_a_turn_is_in_the_graph():
    keys = {f"optimizer.{player}.name": "adam" for player in ("generator", "discriminator")}
    trainer, eager = _graphed("wgan", **keys), _trainer("wgan", **keys)
    for _ in range(3):
        eager.play()
        trainer.play()
    assert trainer.step_kind == KIND
    assert not _unequal(state_of(eager), state_of(trainer)), "weights were not clipped"


def test_terms_of_a_step_stay_as_they_are_in_the_next_one():
    trainer = _graphed()
    trainer.play()
    terms = trainer.play()
    before = {name: value.clone() for name, value in terms.items()}
    after = trainer.play()
    assert not _unequal(before, terms)
    assert len(_unequal(before, after)) == len(before)


def test_the_graphs_are_what_plays(monkeypatch):
    trainer = _graphed()
    trainer.play()
    monkeypatch.setattr(trainer, "_take", None)
    trainer.play()


@pytest.mark.parametrize("player", ["discriminator", "generator"])
@pytest.mark.parametrize(("recipe", "kind"), [("gan", "points"), ("dcgan", "images")])  # dcgan: batch norm in G
def test_a_value_that_is_not_finite_stops_as_an_eager_step_does(recipe, kind, player):
    """The player's turn changes nothing, also no statistics, and the turn before it stays played."""
    trainer, eager = _graphed(recipe, kind), _trainer(recipe, kind)
    before: dict[str, Tensor] = {}
    for t in (trainer, eager):
        t.play()
        t.play()
        t.weights[player][0].register_hook(lambda gradient: gradient * torch.nan)
        before = state_of(t)
    with pytest.raises(TrainingStopped, match=f"the {player}'s loss or gradient is not finite") as found:
        trainer.play()
    with pytest.raises(TrainingStopped) as expected:
        eager.play()
    assert str(found.value) == str(expected.value)
    assert trainer.turns_taken == eager.turns_taken == (player == "generator")
    now, other = ({n: v for n, v in state_of(t).items() if not n.endswith(".grad")} for t in (trainer, eager))
    assert not _unequal(now, other)
    moved = {name.partition(".")[0] for name in trainer.game.state_dict() if not before[name].equal(now[name])}
    assert moved == ({"discriminator"} if player == "generator" else set())


def test_a_capture_that_fails_leaves_eager_steps_that_continue(monkeypatch):
    """Also in the middle of a step."""
    count = []

    def record(function):
        count.append(1)
        if len(count) == 2:
            raise CannotCompile("the second capture fails")
        return _captured(function)

    trainer, eager = _graphed(record=record), _trainer()
    for _ in range(4):
        eager.play()
        trainer.play()
    assert trainer.step_kind == "eager (the second capture fails)"
    assert trainer.whole_step is None
    assert not _unequal(state_of(eager), state_of(trainer))


def test_a_turn_that_asks_about_the_step_only_later_becomes_eager(monkeypatch):
    def term(self, logits_of, real, fake, batch):
        return self(logits_of, real, fake, batch) if batch.step % 2 or batch.step % 3 == 0 else None

    monkeypatch.setattr(Penalty, "term", term)
    trainer, eager = _graphed("wgan-gp"), _trainer("wgan-gp")
    for _ in range(6):
        eager.play()
        trainer.play()
    assert "different questions" in trainer.step_kind
    assert not _unequal(state_of(eager), state_of(trainer))


@pytest.mark.parametrize("read", [float, lambda x: x.nonzero(), lambda x: x[x > 0], lambda x: x.unique()])
def test_a_turn_that_reads_a_value_is_eager(read, monkeypatch):
    terms = TwoPlayer.generator_terms

    def reading(self, batch):
        read(batch.real.sum().reshape(1) if read is not float else batch.real.sum())
        return terms(self, batch)

    monkeypatch.setattr(TwoPlayer, "generator_terms", reading)
    trainer = _graphed()
    assert trainer.step_kind == f"eager ({READS_VALUES})"


def test_code_of_the_user_is_a_graph_only_on_request(monkeypatch):
    """A graph would repeat nothing that the code does in Python."""
    calls, terms = [], TwoPlayer.generator_terms
    monkeypatch.setattr(TwoPlayer, "generator_terms", lambda game, batch: calls.append(1) or terms(game, batch))
    trainer = _trainer()
    trainer.has_own_code = True
    cuda_graphs.choose_step(trainer)
    assert "code of yours" in trainer.step_kind
    assert not calls
    cuda_graphs.choose_step(trainer, asked=True)
    assert trainer.step_kind == KIND


@pytest.mark.parametrize("asked", [False, True])
def test_a_training_on_a_gpu_steps_by_graphs_without_a_key(asked, monkeypatch):
    called = []
    monkeypatch.setattr(cuda_graphs, "choose_step", lambda trainer, asked: called.append(asked))
    trainer = _trainer()
    trainer.precision = replace(trainer.precision, device=torch.device("cuda"))
    planned = plan("ring", recipe="gan", given={"compile": asked}, flags=DEFAULT_FLAGS)
    choose_step_if_asked(planned, trainer, PythonReporter(quiet=True))
    assert called == [asked]


def test_trying_the_turns_changes_nothing():
    trainer = _trainer("began", "images")
    before, numbers = state_of(trainer), torch.get_rng_state()
    cuda_graphs.choose_step(trainer)
    assert not _unequal(before, state_of(trainer))
    assert torch.get_rng_state().equal(numbers)


def test_slow_motion_and_turns_of_one_player_are_eager_and_change_nothing():
    trainer, eager = _graphed(), _trainer()
    for t in (trainer, eager):
        t.play()
        slow = SlowMotion(t)
        t.play()
        slow.finish()
        t.play_alone("generator")
        t.play()
    assert not _unequal(state_of(eager), state_of(trainer))


def test_after_a_restored_checkpoint_and_after_an_edit_graphs_are_captured_again(tmp_path):
    captures = []
    trainer = _graphed(record=lambda function: captures.append(function) or _captured(function))
    for _ in range(3):
        trainer.play()
    checkpoint.save(tmp_path, trainer, seconds=0, keep=1)
    for _ in range(2):
        trainer.play()
    expected = state_of(trainer)
    checkpoint.restore(checkpoint.latest_valid(tmp_path)[0], trainer)
    for _ in range(2):
        trainer.play()
    assert not _unequal(expected, state_of(trainer))
    assert len(captures) == 4
    trainer.choose_again()
    assert isinstance(trainer.whole_step, GraphedSteps)
    assert not trainer.whole_step._graphs


def test_on_a_gpu_a_resume_by_graphs_of_a_run_of_eager_steps_is_exact():
    gpu = {"device": "cuda", "processes": "1"}
    assert _differences(gpu, gpu | {"steps": KIND}) == []
    cpu = {"device": "cpu", "processes": "1"}
    assert _differences(cpu, cpu | {"steps": "compiled"}) == ["steps was None, now it is compiled"]
