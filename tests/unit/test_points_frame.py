"""What a frame of points says about both networks, against what can be worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gannet.config import plan as planning
from gannet.config.build import build, open_data, run_record
from gannet.runs.reader import Run
from gannet.runs.writer import RunWriter
from gannet.training.points_frame import points_frame
from gannet.training.trainer import Trainer


@pytest.fixture(params=["gan", "particle-gan"])
def trained(request):
    plan = planning.plan(
        "ring", recipe=request.param, given={"hidden": 16, "batch_size": 16}, flags={"seed": 3, "device": "cpu"}
    )
    dataset = open_data(plan, lambda *_: None)
    experiment, precision = build(plan, dataset.form)
    with precision.applied() as precision:
        trainer = Trainer(experiment, dataset, seed=3, precision=precision)
        trainer.play()
        yield trainer, dataset, plan, precision


def test_a_frame_shows_the_game_and_changes_nothing(trained):
    trainer, dataset, _, _ = trained
    before = {name: value.clone() for name, value in trainer.game.state_dict().items()}
    frame, again = points_frame(trainer, dataset, 3)(), points_frame(trainer, dataset, 3)()
    shapes = {name: array.shape for name, array in frame.items()}
    assert shapes == {
        "real": (500, 2), "fake": (500, 2), "extent": (4,), "output_kind": (), "logits": (48, 48), "pull": (150, 2),
        "latents": (500, 2), "manifold": (21, 21, 2), **({"spread": ()} if trainer.game.relative_logits else {}),
    }  # fmt: skip
    for name, array in frame.items():
        np.testing.assert_array_equal(array, again[name])
        assert np.isfinite(array).all()
    for name, value in trainer.game.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert trainer.game.training


def test_logits_are_the_discriminators_at_the_corners(trained):
    trainer, dataset, _, _ = trained
    frame = points_frame(trainer, dataset, 3)()
    x0, x1, y0, y1 = frame["extent"]
    corners = np.array([[x0, y0], [x1, y0], [x0, y1], [x1, y1]], np.float32)
    with torch.no_grad():
        logits = trainer.game.eval().logits(dataset.form.encode(corners))
        shown = torch.cat([trainer.game.logits(dataset.form.encode(frame[name])) for name in ("real", "fake")])
    trainer.game.train()
    found = torch.as_tensor(frame["logits"][[0, 0, -1, -1], [0, -1, 0, -1]])
    if trainer.game.relative_logits:
        found, logits = found * float(frame["spread"]), logits - np.median(shown.numpy())
    torch.testing.assert_close(found, logits, rtol=1e-3, atol=1e-4)


def test_the_push_is_that_of_the_objective(trained, monkeypatch):
    trainer, _, plan, _ = trained
    weights = torch.tensor([0.7, -0.4])
    monkeypatch.setattr(trainer.game, "logits", lambda samples, labels=None: samples @ weights)
    fake, real = torch.tensor([[1.0, 2.0], [-0.5, 0.25]]), torch.tensor([[0.3, 0.1], [0.2, -0.6]])
    # G minimises softplus(-D(x)), or softplus(D(y) - D(x)) where it is compared with a real y: its push is sigmoid(...)
    # w
    gap = fake @ weights - (real @ weights if plan.recipe_name == "particle-gan" else 0)
    expected = (1 / (1 + gap.exp()))[:, None] * weights
    torch.testing.assert_close(trainer.game.pull(fake, real), expected, rtol=1e-5, atol=1e-6)


def test_latents_are_what_the_fakes_were_made_from(trained):
    trainer, dataset, _, _ = trained
    frame = points_frame(trainer, dataset, 3)()
    game = trainer.average.game
    original = game.generate
    seen = []
    game.generate = lambda latents, labels=None: seen.append(latents) or original(latents, labels)
    again = points_frame(trainer, dataset, 3)()
    del game.generate
    np.testing.assert_array_equal(again["fake"], frame["fake"])
    *blocks, last = seen
    drawn, grid = torch.cat(blocks)[: len(frame["fake"])], last.reshape(21, 21, -1)
    np.testing.assert_array_equal(drawn[:, :2], frame["latents"])
    torch.testing.assert_close(grid[10, 10], drawn.mean(0), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(grid[10, 20, 0] - grid[10, 10, 0], 2 * drawn[:, 0].std(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(grid[20, 10, 1] - grid[10, 10, 1], 2 * drawn[:, 1].std(), rtol=1e-4, atol=1e-5)


def test_a_run_keeps_its_modes_and_a_reader_finds_probabilities(trained, tmp_path):
    trainer, dataset, plan, precision = trained
    with RunWriter.create(tmp_path / "run", run_record(plan, dataset, precision)) as writer:
        writer.frame(1, points_frame(trainer, dataset, 3)())
    run = Run(tmp_path / "run")
    modes = run.record.data.modes
    np.testing.assert_allclose(modes["means"][2], [0.0, 2.0], atol=1e-12)
    np.testing.assert_allclose(modes["covariances"][0], np.eye(2) * 0.02**2)
    frame = run.load_frame(run.frames()[0][1])
    assert isinstance(frame, dict)
    logits = frame["logits"].astype(np.float64)
    if trainer.game.relative_logits:  # white on the line of equality, and no colour is lost on differences far outside
        np.testing.assert_allclose(frame["field"], 0.5 + 0.5 * np.clip(logits / frame["spread"], -1, 1), atol=1e-5)
    else:
        np.testing.assert_allclose(frame["field"], 1 / (1 + np.exp(-logits)), rtol=1e-5)
