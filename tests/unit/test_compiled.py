"""Steps as one graph: they equal eager steps, and where they are not possible, the run takes eager ones and says why.

All tests except the slow one run the recorded graph without compiling it.
"""

from __future__ import annotations

import json
import signal

import pytest
import torch
from safetensors.torch import load_file
from support.real_runs import Person, train
from support.recipe_cases import data_of, make
from support.trainer_state import state_of
from torch.testing import assert_close

from gannet import cli
from gannet.errors import TrainingStopped
from gannet.live.slow_motion import SlowMotion
from gannet.regularizers.base import Penalty
from gannet.sessions.resume import resume
from gannet.training import compiled, lowering
from gannet.training.graph import StepNumber
from gannet.training.precision import decide
from gannet.training.trainer import Trainer

SMALL = {"hidden": 8, "batch_size": 8, "compile": True}


@pytest.fixture
def _recorded_only(monkeypatch):
    """Graphs are not compiled, and every training is long enough."""
    monkeypatch.setattr(compiled, "lowered", lambda graph, example: graph)
    monkeypatch.setattr(compiled, "PAYS_FROM", 1)


only_recorded = pytest.mark.usefixtures("_recorded_only")


def _trainer(recipe: str = "gan", **keys: str) -> Trainer:
    experiment = make(recipe, "points", **keys)
    precision = decide(device="cpu", precision="fp32", is_images=False, allow_bf16=False)
    return Trainer(experiment, data_of(recipe, "points"), seed=0, precision=precision)


ROUNDING = {
    "particle-gan": ("discriminator.trunk.4.bias", "discriminator.head.bias"),  # cancel in differences of logits
    "began": ("layers.0.bias", "layers.3.bias", "running_mean"),  # batch norm subtracts the bias
}
"""Parameters whose gradient is zero up to rounding, so that Adam moves them by chance, and what contains them."""


@only_recorded
@pytest.mark.parametrize(
    ("recipe", "keys"),
    [
        ("gan", {}),
        ("flow-matching", {}),  # one player
        ("wgan-gp", {}),  # several turns of a player, and second derivatives
        ("wgan-gp", {"penalty.every": "2"}),  # random numbers are drawn in steps with the penalty only
        ("particle-gan", {}),  # a penalty whose strength depends on the progress
        ("particle-gan", {"penalty.every": "4"}),
        ("dragan", {"penalty.every": "3"}),
        ("began", {}),  # statistics of batches, and a buffer of the game
    ],
)
def test_a_compiled_step_equals_an_eager_one(recipe, keys):
    trainer, eager = _trainer(recipe, **keys), _trainer(recipe, **keys)
    compiled.choose_step(trainer)
    assert trainer.step_kind == "compiled"
    assert trainer.step == 0
    assert not any(optimizer.state for optimizer in trainer.optimizers.values()), "the choice took a step"
    for _ in range(5):
        assert_close(trainer.play(), eager.play(), atol=1e-5, rtol=1e-4)
    found, expected = state_of(trainer), state_of(eager)
    moved_by_chance = [name for name in found if name.endswith(ROUNDING.get(recipe, ()))]
    for name in moved_by_chance:
        assert_close(found.pop(name), expected.pop(name), atol=2e-3, rtol=0)
    assert_close(found, expected, atol=1e-5, rtol=1e-4)
    assert trainer.minimised == eager.minimised


@only_recorded
@pytest.mark.parametrize(("recipe", "keys"), [("gan", {}), ("wgan-gp", {"penalty.every": "3"})])
def test_the_graph_is_what_plays(recipe, keys, monkeypatch):
    trainer = _trainer(recipe, **keys)
    compiled.choose_step(trainer)
    trainer.play()
    monkeypatch.setattr(trainer, "_take", None)
    names = [set(trainer.play()) for _ in range(4)]
    assert ["discriminator/gradient_penalty" in found for found in names] == (
        [False, False, True, False] if keys else [False] * 4
    )


@pytest.mark.parametrize(
    "question", [bool, float, lambda step: step == 5, lambda step: step % 3 == 1, lambda step: step < 100]
)
def test_a_graph_answers_no_other_question_about_the_number_of_its_step(question):
    assert [StepNumber(step) % 3 == 0 for step in range(4)] == [True, False, False, True]
    assert [bool(StepNumber(step) % 3) for step in range(4)] == [False, True, True, False]
    with pytest.raises(TypeError, match="StepNumber"):
        question(StepNumber(5))


@only_recorded
@pytest.mark.parametrize(
    ("keys", "steps", "expected"),
    [({}, 30, 1), ({"penalty.every": "7"}, 30, 2), ({"penalty.every": "40"}, 30, 1)],
)
def test_there_is_one_graph_for_each_kind_of_the_steps_that_are_left(keys, steps, expected, monkeypatch):
    graphs = []
    monkeypatch.setattr(compiled, "lowered", lambda graph, _: graphs.append(graph) or graph)
    trainer = _trainer("wgan-gp", **keys)
    trainer.steps = steps
    compiled.choose_step(trainer)
    assert trainer.step_kind == "compiled"
    assert len(graphs) == expected


@only_recorded
def test_a_value_that_is_not_finite_changes_nothing_and_is_reported_as_by_an_eager_step():
    trainer = _trainer()
    compiled.choose_step(trainer)
    for _ in range(2):
        trainer.play()
    with torch.no_grad():
        trainer.weights["generator"][0][0, 0] = torch.inf
    before = state_of(trainer)
    with pytest.raises(TrainingStopped, match="the discriminator's loss or gradient is not finite"):
        trainer.play()
    names = [name for name in before if not name.endswith(".grad")]
    assert all(before[name].equal(now) for name, now in state_of(trainer).items() if name in names)


@only_recorded
def test_a_batch_of_another_size_is_an_eager_step():
    trainer = _trainer()
    compiled.choose_step(trainer)
    for _ in range(2):
        trainer.play()
    trainer.batch_size //= 2
    trainer._drawn = None
    assert trainer.whole_step is not None
    assert trainer.whole_step() is None
    trainer.play()


@only_recorded
def test_slow_motion_watches_an_eager_step():
    trainer = _trainer()
    compiled.choose_step(trainer)
    trainer.play()
    slow = SlowMotion(trainer)
    trainer.play()
    assert "fake" in " ".join(slow.finish())
    assert trainer.whole_step is not None
    assert trainer.whole_step() is not None


def _only_at_first(self, logits_of, real, fake, batch):
    return self(logits_of, real, fake, batch) if batch.step < 100 else None


def _only_after_two(self, logits_of, real, fake, batch):
    return self(logits_of, real, fake, batch) if batch.step % 5 == 2 else None


@only_recorded
@pytest.mark.parametrize(
    ("recipe", "penalty", "reason"),
    [
        ("wgan", None, "only Adam"),
        ("wgan-gp", _only_at_first, "depends on the number of the step"),
        ("wgan-gp", _only_after_two, "depends on the number of the step"),
    ],
)
def test_an_unsupported_step_stays_eager_with_a_reason(recipe, penalty, reason, monkeypatch):
    if penalty is not None:
        monkeypatch.setattr(Penalty, "term", penalty)
    trainer = _trainer(recipe)
    before = state_of(trainer)
    compiled.choose_step(trainer)
    assert trainer.whole_step is None
    assert reason in trainer.step_kind
    assert all(before[name].equal(now) for name, now in state_of(trainer).items())
    trainer.play()


def test_a_short_training_and_a_missing_compiler_stay_eager(monkeypatch):
    trainer = _trainer()
    trainer.steps = compiled.PAYS_FROM - 1
    compiled.choose_step(trainer)
    assert trainer.step_kind == "eager (compiling saves time from 10,000 steps)"
    monkeypatch.setattr(compiled, "PAYS_FROM", 1)
    monkeypatch.setattr(compiled, "lowered", _no_compiler)
    compiled.choose_step(trainer)
    assert trainer.step_kind.startswith("eager (no C++ compiler was found")


def _no_compiler(graph, example):
    from torch._inductor.exc import InvalidCxxCompiler

    raise InvalidCxxCompiler


@only_recorded
def test_a_graph_that_computes_something_else_is_not_used(monkeypatch):
    monkeypatch.setattr(compiled, "lowered", lambda graph, example: lambda *inputs: graph(*(2 * x for x in inputs)))
    trainer = _trainer()
    compiled.choose_step(trainer)
    assert "differ" in trainer.step_kind


@only_recorded
@pytest.mark.parametrize(("recipe", "keys"), [("gan", {}), ("particle-gan", {"penalty.every": 3})])
def test_a_run_says_how_it_steps_resumes_to_the_bit_and_says_when_it_resumes_otherwise(
    recipe, keys, tmp_path, monkeypatch
):
    whole, halves = tmp_path / "whole", tmp_path / "halves"
    keys = SMALL | keys
    edit = {12: [("set", {"key": "optimizer.generator.lr", "value": 0.01})]}
    stop = {20: [lambda: signal.raise_signal(signal.SIGTERM)]}
    train(whole, "ring", recipe, Person(edit), steps=30, **keys)
    train(halves, "ring", recipe, Person(edit | stop), steps=30, **keys)
    assert json.loads((whole / "run.json").read_text())["environment"]["steps"] == "compiled"
    assert '"text":"Steps are compiled."' in (whole / "events.jsonl").read_text()
    resume(halves, Person())
    assert "Resumed with" not in (halves / "events.jsonl").read_text()
    for name in ("model", "average", "optimizers"):
        tensors = [load_file(run / "checkpoints" / "step-000000030" / f"{name}.safetensors") for run in (whole, halves)]
        assert all(tensors[0][key].equal(tensors[1][key]) for key in tensors[0])
    monkeypatch.setattr(compiled, "PAYS_FROM", 10_000)
    resume(halves, Person(), steps=35)
    assert "Resumed with steps was compiled, now it is eager" in (halves / "events.jsonl").read_text()


@only_recorded
@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this build of torch has no oneDNN")
def test_matrix_products_of_onednn_compute_the_same_step(monkeypatch):
    monkeypatch.setattr(lowering, "LEAST_SIDE", 2)
    monkeypatch.setattr(lowering, "LEAST_PRODUCTS", 1)
    trainer, eager = _trainer("wgan-gp"), _trainer("wgan-gp")
    graphs = []
    monkeypatch.setattr(compiled, "lowered", lambda graph, _: graphs.append(lowering.with_onednn(graph)) or graphs[0])
    compiled.choose_step(trainer)
    products = [node for node in graphs[0].graph.nodes if "_linear_pointwise" in str(node.target)]
    assert len(products) > 20
    for _ in range(5):
        assert_close(trainer.play(), eager.play(), atol=1e-5, rtol=1e-4)
    assert_close(state_of(trainer), state_of(eager), atol=1e-5, rtol=1e-4)


def test_where_onednn_cannot_be_called_the_plain_graph_is_compiled(monkeypatch):
    compiled_graphs = []

    def fails_with_onednn(graph, example):
        if graph == "with oneDNN":
            raise AssertionError
        compiled_graphs.append(graph)

    monkeypatch.setattr(lowering, "prefers_onednn", lambda: True)
    monkeypatch.setattr(lowering, "with_onednn", lambda graph: "with oneDNN")
    monkeypatch.setattr(lowering, "_compiled", fails_with_onednn)
    lowering.lowered("plain", [])
    assert compiled_graphs == ["plain"]


@pytest.mark.slow
@pytest.mark.parametrize(("recipe", "steps", "keys"), [("gan", 200, []), ("wgan-gp", 30, ["penalty.every=4"])])
def test_a_real_compiler_gives_the_same_within_rounding(recipe, steps, keys, tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "PAYS_FROM", 1)
    words = ["train", "ring", "--recipe", recipe, "--steps", str(steps), "hidden=8", *keys, "--quiet"]
    for name, key in (("compiled", "true"), ("eager", "false")):
        assert cli.run([*words, f"compile={key}", "--out", str(tmp_path / name)]) == 0
    found, expected = (
        load_file(tmp_path / name / "checkpoints" / f"step-{steps:09d}" / "model.safetensors")
        for name in ("compiled", "eager")
    )
    assert json.loads((tmp_path / "compiled" / "run.json").read_text())["environment"]["steps"] == "compiled"
    assert_close(found, expected, atol=1e-3, rtol=1e-2)
