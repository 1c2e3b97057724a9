"""Commands between steps: what they do to weights is determined by seed and journal, and by nothing else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from support.real_runs import Quiet

import gannet.live.control
from gannet.config.build import build
from gannet.config.plan import plan
from gannet.errors import UserError
from gannet.runs.commands import answer, pending, submit
from gannet.runs.reader import Run
from gannet.runs.records import Parent
from gannet.sessions.fork import fork
from gannet.sessions.resume import resume, train_again
from gannet.sessions.train import start
from gannet.training.trainer import Trainer

STEPS = 12
KEYS = {"steps": STEPS, "hidden": 8, "batch_size": 8, "checkpoint.every": 4, "checkpoint.keep": 9, "frames.every": 0}
PENALIZED = KEYS | {"prior.count": 16, "penalty.final": 0.01}
EDITS = {
    3: [("set", {"key": "optimizer.generator.lr", "value": 0.01})],
    5: [
        ("step", {"player": "discriminator", "count": 3}),
        ("set", {"key": "penalty.gamma", "value": 2.0}),
        ("step", {"player": "generator"}),
    ],
    6: [("slow", {}), ("go", {})],
    9: [("set", {"key": "optimizer.discriminator.lr", "value": 0.02}), ("snapshot", {})],
}


class Person(Quiet):
    """Gives commands after certain steps; ``go`` is added where a command leaves the run paused."""

    def __init__(self, script) -> None:
        self.script, self.path, self.said = dict(script), Path(), []

    def started(self, path, plan, trainer):
        self.path, self.trainer = path, trainer
        self.advanced(trainer.step)

    def advanced(self, step):
        for name, arguments in self.script.pop(step, []):
            submit(self.path, name, arguments)
            if name == "step":
                submit(self.path, "go", {})

    def warned(self, sentence):
        self.said.append(sentence)


@pytest.fixture(autouse=True)
def looks_at_every_step(monkeypatch):
    monkeypatch.setattr(gannet.live.control, "LOOK_SECONDS", 0.0)


def _run(out, script=(), keys=PENALIZED, recipe="particle-gan"):
    given = plan("ring", recipe=recipe, given=keys, flags={"seed": 0, "device": "cpu", "precision": "fp32"})
    return start(given, out, Person(dict(script)))


def _weights(run):
    newest = sorted((run / "checkpoints").iterdir())[-1]
    return {
        f"{file.stem}/{k}": v.tobytes() for file in newest.glob("*.safetensors") for k, v in load_file(file).items()
    }


def _by_hand():
    """The edited run, played by the trainer's own methods."""
    given = plan(
        "ring", recipe="particle-gan", given=PENALIZED, flags={"seed": 0, "device": "cpu", "precision": "fp32"}
    )
    dataset = given.source.open(lambda *_: None)
    experiment, precision = build(given, dataset.form)
    trainer = Trainer(experiment, dataset, seed=0, precision=precision)

    def rate(player, lr):
        trainer.optimizer_settings[player] = replace(trainer.optimizer_settings[player], lr=lr)

    with torch.random.fork_rng(devices=[]):
        for step in range(STEPS):
            if step == 3:
                rate("generator", 0.01)
            if step == 5:
                for player in ("discriminator", "discriminator", "discriminator", "generator"):
                    if player == "generator":
                        trainer.game.penalties[0].gamma = 2.0
                    trainer.play_alone(player)
            if step == 9:
                rate("discriminator", 0.02)
            trainer.play()
    return {f"model/{k}": v.numpy().tobytes() for k, v in trainer.game.state_dict().items()}


@pytest.fixture
def edited(tmp_path):
    assert _run(tmp_path / "edited", EDITS).finished
    return tmp_path / "edited"


def test_commands_do_what_they_say(edited):
    weights = _weights(edited)
    assert {k: v for k, v in weights.items() if k.startswith("model/")} == _by_hand()
    events = [event for event in Run(edited).events() if event.kind == "command"]
    assert [(e.number, e.step, e.name) for e in events] == [
        (1, 3, "set"), (2, 5, "step"), (3, 5, "go"), (4, 5, "set"), (5, 5, "step"), (6, 5, "go"), (7, 6, "slow"), (8, 7,
        "go"),
        (9, 9, "set"), (10, 9, "snapshot"),
    ]  # fmt: skip
    assert {e.outcome for e in events} == {"applied"}
    assert (edited / "checkpoints" / "step-000000009").is_dir()


def test_a_run_trained_again_repeats_its_commands(edited, tmp_path):
    again = train_again(edited, None, {}, tmp_path / "again", Quiet()).path
    assert _weights(again) == _weights(edited)
    assert Run(again).record.parent == Parent(run=str(edited), step=0, changes={})
    third = train_again(again, None, {}, tmp_path / "third", Quiet()).path
    assert _weights(third) == _weights(edited)
    assert _weights(_run(tmp_path / "plain").path) != _weights(edited)


@pytest.mark.parametrize("step", [4, 8, 9])
def test_a_resume_repeats_what_was_commanded_after_its_checkpoint(edited, step):
    expected = _weights(edited)
    for folder in (edited / "checkpoints").iterdir():
        if int(folder.name[5:]) > step:
            shutil.rmtree(folder)
    assert resume(edited, Quiet()).finished
    assert _weights(edited) == expected
    commands = [event.number for event in Run(edited).events() if event.kind == "command"]
    assert commands == list(range(1, 11)), "kept once each"


def test_a_resume_before_the_first_checkpoint_begins_again(edited):
    expected = _weights(edited)
    shutil.rmtree(edited / "checkpoints")
    assert resume(edited, Quiet()).finished
    assert _weights(edited) == expected


@pytest.mark.parametrize("step", [8, 9])
def test_a_fork_without_changes_continues_as_its_parent(tmp_path, step):
    script = {k: v for k, v in EDITS.items() if k < 9} | {9: [("snapshot", {})]}
    parent = _run(tmp_path / "parent", script).path
    assert _weights(train_again(parent, step, {}, tmp_path / "child", Quiet()).path) == _weights(parent)
    shutil.rmtree(parent)
    # A fork trained again begins at its own fork, which it keeps.
    grandchild = train_again(tmp_path / "child", None, {}, tmp_path / "grandchild", Quiet()).path
    assert _weights(grandchild) == _weights(tmp_path / "child")


def test_a_fork_keeps_earlier_edits_and_drops_later_ones(edited, tmp_path):
    child = fork(edited, 8, {"penalty.gamma": "0.5"}, tmp_path / "child")
    arguments = Run(child).record.arguments
    assert arguments["optimizer.generator.lr"] == 0.01
    assert arguments["optimizer.discriminator.lr"] == 2e-3
    assert arguments["penalty.gamma"] == 0.5
    assert Run(child).record.parent == Parent(run=str(edited), step=8, changes={"penalty.gamma": "0.5"})
    assert resume(child, Quiet()).finished
    assert _weights(child) != _weights(edited)


@pytest.mark.parametrize(
    ("step", "changes", "says"),
    [
        (7, {}, "no checkpoint of step 7. Available: 4, 8, 9, 12"),
        (8, {"hidden": "9"}, "other networks"),
        (8, {"optimizer.generator.name": "rmsprop"}, "rule cannot change"),
        (8, {"data.modes": "3"}, "other data"),
        (8, {"penalty.gama": "1"}, "Did you mean 'penalty.gamma'"),
    ],
)
def test_a_fork_that_cannot_be_is_one_sentence_and_no_directory(edited, tmp_path, step, changes, says):
    with pytest.raises(UserError, match=says):
        fork(edited, step, changes, tmp_path / "child")
    assert not (tmp_path / "child").exists()


def test_a_single_player_moves_alone(tmp_path):
    seen = []

    class Watching(Person):
        def advanced(self, step):
            if step in (2, 3):
                seen.append({k: v.clone() for k, v in self.trainer.game.state_dict().items()})
            super().advanced(step)

    given = plan("ring", recipe="gan", given=KEYS, flags={"seed": 0, "device": "cpu", "precision": "fp32"})
    person = Watching({2: [("step", {"player": "discriminator", "count": 4})]})
    original = Trainer.play_alone
    moved = []

    def play_alone(self, player):
        before = {k: v.clone() for k, v in self.game.state_dict().items()}
        terms = original(self, player)
        moved.append({k.split(".")[0] for k, v in self.game.state_dict().items() if not torch.equal(v, before[k])})
        return terms

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "play_alone", play_alone)
        start(given, tmp_path / "run", person)
    assert moved == [{"discriminator"}] * 4


def test_slow_motion_changes_nothing_and_shows_the_step(tmp_path):
    plain = _run(tmp_path / "plain", keys=KEYS, recipe="gan").path
    lengths, play = [], Trainer.play

    def watched(self):
        terms = play(self)
        lengths.append(
            {p: torch.cat([w.grad.flatten() for w in weights]).norm().item() for p, weights in self.weights.items()}
        )
        return terms

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, "play", watched)
        slow = _run(tmp_path / "slow", {4: [("slow", {})]}, keys=KEYS, recipe="gan").path
    assert _weights(plain) == _weights(slow)
    arrays = dict(np.load(slow / "slow" / "000000005.npz"))
    assert arrays["step"] == 5
    discriminator, generator = (
        {k[len(p) + 1 :]: v for k, v in arrays.items() if k.startswith(p)} for p in ("discriminator", "generator")
    )
    # The loss is the non-saturating one on the whole batch of 8: its value, and its gradient at every fake.
    real, fake = (torch.tensor(discriminator[name]) for name in ("logit_real", "logit_fake"))
    expected = torch.nn.functional.softplus(-real).mean() + torch.nn.functional.softplus(fake).mean()
    torch.testing.assert_close(torch.tensor(discriminator["loss/adversarial"]), expected)
    logits = torch.tensor(generator["logit_fake"])
    torch.testing.assert_close(
        torch.tensor(generator["loss/adversarial"]), torch.nn.functional.softplus(-logits).mean()
    )
    by_rule = -torch.sigmoid(-logits)[:, None] * torch.tensor(generator["slope"]) / 8
    torch.testing.assert_close(torch.tensor(generator["gradient"]), by_rule)
    assert "gradient" not in discriminator
    # The first step that was watched is the rehearsal's.
    assert {"discriminator": discriminator["gradient_norm"], "generator": generator["gradient_norm"]} == pytest.approx(
        lengths[5], rel=1e-5
    )
    assert arrays["output_kind"] == 0
    assert np.array_equal(discriminator["field_after"], generator["field_before"])
    assert not np.array_equal(discriminator["field_before"], discriminator["field_after"])
    assert np.array_equal(generator["field_before"], generator["field_after"])
    assert np.array_equal(discriminator["fake"], discriminator["fake_after"])
    assert np.abs(generator["fake_after"] - generator["fake"]).max() > 0
    assert [e.text for e in Run(slow).events() if e.kind == "slow"] == ["000000005.npz"]


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("optimizer.generator.lr", 11.0, "a number > 0 and ≤ 10"),
        ("optimizer.generator.lr", 2e-4, "already has that value"),
        ("optimizer.generator.beta1", 0.3, "cannot change during training"),
        ("prior.rate", 3.0, "cannot change during training"),
        ("hidden", 4.0, "not a number of the recipe"),
        ("penalty.gamma", -1.0, "a number ≥ 0"),
    ],
)
def test_a_key_that_cannot_change_is_refused_in_the_journal(tmp_path, key, value, says):
    run = _run(tmp_path / "run", {2: [("set", {"key": key, "value": value})]}).path
    given = answer(run, 1)
    assert given is not None
    assert given.outcome == "refused"
    assert says in given.text
    assert _weights(run) == _weights(_run(tmp_path / "plain").path)


def test_torn_and_late_commands_are_refused(tmp_path):
    class Torn(Person):
        def advanced(self, step):
            if step == 2:
                (self.path / "commands").mkdir()
                (self.path / "commands" / "000001.json").write_text('{"name": "sto')
            if step == STEPS:
                submit(self.path, "set", {"key": "optimizer.generator.lr", "value": 0.1})

    given = plan("ring", recipe="gan", given=KEYS, flags={"seed": 0, "device": "cpu", "precision": "fp32"})
    run = start(given, tmp_path / "run", Torn({})).path
    answers = [answer(run, number) for number, _ in pending(run)]
    assert [(a.step, a.outcome) for a in answers] == [(2, "refused"), (STEPS, "refused")]
    assert "not a command file" in answers[0].text
    assert answers[1].text == "Training has ended."


def test_a_command_that_cannot_be_written_down_is_not_carried_out(tmp_path, monkeypatch):
    from gannet.runs.writer import RunWriter

    def full(self, *_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(RunWriter, "command", full)
    given = plan("ring", recipe="gan", given=KEYS, flags={"seed": 0, "device": "cpu", "precision": "fp32"})
    person = Person({2: [("set", {"key": "optimizer.generator.lr", "value": 0.1})]})
    run = start(given, tmp_path / "run", person).path
    assert any("No space left" in sentence for sentence in person.said)
    assert _weights(run) == _weights(_run(tmp_path / "plain", keys=KEYS, recipe="gan").path)


def test_every_move_alone_draws_its_own_batch():
    given = plan("ring", recipe="gan", given=KEYS, flags={"seed": 0, "device": "cpu", "precision": "fp32"})
    dataset = given.source.open(lambda *_: None)
    experiment, precision = build(given, dataset.form)
    trainer = Trainer(experiment, dataset, seed=0, precision=precision)
    seen = []

    def watch(turn):
        return lambda batch: (seen.append((batch.real.clone(), torch.rand(1, generator=batch.rng))), turn.terms(batch))[
            1
        ]

    trainer.turns = [replace(turn, terms=watch(turn)) for turn in trainer.turns]
    with torch.random.fork_rng(devices=[]):
        trainer.play()
        trainer.play_alone("discriminator")
        trainer.play_alone("discriminator")
    assert trainer.step == 1
    assert trainer.moves == 2
    reals = [seen[i][0] for i in (0, 2, 3)]
    assert not any(torch.equal(reals[i], reals[j]) for i, j in ((0, 1), (0, 2), (1, 2)))
    assert len({noise.item() for _, noise in seen}) == 4


def test_slow_motion_may_draw_random_numbers(tmp_path, monkeypatch):
    from gannet.games.two_player import TwoPlayer

    plain = _run(tmp_path / "plain", keys=KEYS, recipe="gan").path
    logits = TwoPlayer.logits
    monkeypatch.setattr(TwoPlayer, "logits", lambda self, *given: logits(self, *given) + 0 * torch.rand(1))
    slow = _run(tmp_path / "slow", {4: [("slow", {})]}, keys=KEYS, recipe="gan").path
    assert (slow / "slow" / "000000005.npz").exists()
    assert _weights(plain) == _weights(slow)
