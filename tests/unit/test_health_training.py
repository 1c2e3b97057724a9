"""Vitals of made games against what was made, and training with them against training without."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import gannet
from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.data.image_table import ImageTable
from gannet.data.ring import Ring
from gannet.health.base import examine, history_of
from gannet.runs.records import Event
from gannet.training.observers import gradient_norms
from gannet.training.vitals import _vitals, effective_number, share_above, watch_health

RING = Ring().open(silent)


class Made(nn.Module):
    """A game whose samples and scores are given."""

    def __init__(self, samples, score, relative_logits=False):
        super().__init__()
        self.samples, self.give, self.relative_logits = samples, score, relative_logits

    def sample(self, count, *, labels=None, rng):
        return self.samples[:count]

    def logits(self, samples, labels=None):
        return self.give(samples)


def take(dataset, samples, score=lambda x: 0 * x.flatten(1)[:, 0], held_out=None, relative_logits=False):
    game = Made(samples, score, relative_logits)
    precision = SimpleNamespace(device=torch.device("cpu"))
    trainer = SimpleNamespace(game=game, average=SimpleNamespace(game=game), precision=precision)
    return _vitals(trainer, dataset, held_out, seed=0)()


def real_points(count=500):
    return RING.batch(count, seed=5, position=0, device=torch.device("cpu"))


def digits(rows):
    pixels = Digits(size=16).open(silent).pixels[rows].numpy()
    return ImageTable(pixels, content_hash="made")


def inside(dataset, count, seed=0):
    return dataset.form.encode(dataset.reference(count, seed=seed)[0])


def test_modes_are_counted():
    points, labels = real_points()
    assert take(RING, points)["modes_found"] == 8
    assert take(RING, points[labels % 4 == 1].repeat(10, 1))["modes_found"] == 2
    assert take(RING, points + 10)["modes_found"] == 0
    # A Gaussian in the plane has 1 - e^-4.5 of its mass within 3 sigma.
    expected = 8 * (1 - (1 - (1 - np.exp(-4.5)) / 8) ** 500)
    assert take(RING, points)["modes_expected"] == pytest.approx(expected, rel=1e-9)


def test_an_endless_distribution_has_no_copies_and_no_held_out_samples():
    assert set(take(RING, real_points()[0])) == {
        "modes_found", "modes_known", "modes_expected", "separation", "probability_real", "probability_fake",
    }  # fmt: skip


def test_scores_without_a_zero_are_no_probabilities():
    points, _ = real_points()
    found = take(RING, points, relative_logits=True)
    assert found["separation"] == 0.5
    assert not any(name.startswith("probability") for name in found)
    certain = take(RING, points + 100, score=lambda x: torch.where(x[:, 0] > 50, -3.0, 3.0))
    assert certain["separation"] == 1
    assert certain["probability_real"] == pytest.approx(1 / (1 + np.exp(-3)))
    assert certain["probability_fake"] == pytest.approx(1 / (1 + np.exp(3)))


def test_share_above_against_pairs():
    first, second = torch.tensor([1.0, 2, 3]), torch.tensor([2.0, 0])
    # 1 > 0; 2 = 2, 2 > 0; 3 > 2, 3 > 0: 4 and a half of 6.
    assert share_above(first, second) == pytest.approx(4.5 / 6)


def test_effective_number_of_rows():
    far = torch.eye(6) * 1000
    assert effective_number(far, 1.0) == pytest.approx(6)
    assert effective_number(far[[0, 0, 0]], 1.0) == pytest.approx(1)
    assert effective_number(far[[0, 0, 1, 1]], 1.0) == pytest.approx(2)


def test_diversity_and_copies_of_pictures():
    seen, others = digits(slice(0, 900)), digits(slice(900, 1797))
    fresh = take(seen, inside(others, 64), held_out=others)
    assert 0.8 < fresh["diversity"] < 1.25
    assert fresh["copies"] < 0.15
    copied = take(seen, inside(seen, 64, seed=9), held_out=others)
    assert copied["copies"] == 1
    assert take(seen, inside(seen, 64, seed=9))["copies"] == 1, "without held-out data too"
    assert take(seen, inside(others, 64))["copies"] < 0.15
    collapsed = take(seen, inside(others, 1).repeat(64, 1, 1, 1) + 0.02 * torch.randn(64, 1, 16, 16), held_out=others)
    assert collapsed["diversity"] < 0.1


def test_power_in_fine_details_is_compared_with_that_of_real_images():
    seen, others = digits(slice(0, 900)), digits(slice(900, 1797))
    real = inside(others, 64)
    assert abs(take(seen, real)["spectrum_excess"]) < 0.2
    board = torch.tensor([[1.0, -1.0], [-1.0, 1.0]]).repeat(8, 8)
    for pattern in (board, board.repeat_interleave(2, 0).repeat_interleave(2, 1)[:16, :16], torch.randn(64, 1, 16, 16)):
        assert take(seen, (real + 0.3 * pattern).clamp(-1, 1))["spectrum_excess"] > 0.3
    assert take(seen, real + 0.004 * board)["spectrum_excess"] < 0.25, "a level of 255 is not seen"


def test_rows_that_are_repeated_in_the_data_are_no_copies():
    twice = digits(np.repeat(np.arange(100), 3))
    assert "copies" not in take(twice, inside(twice, 64))


def test_a_discriminator_that_knows_its_rows_by_heart():
    seen, others = digits(slice(0, 900)), digits(slice(900, 1797))
    rows = inside(seen, 900).flatten(1)

    def by_heart(x):
        return (torch.cdist(x.flatten(1), rows).amin(1) < 0.1).float()

    fake = inside(others, 64, seed=1)
    assert take(seen, fake, by_heart, others)["training_above_held_out"] == 1
    assert abs(take(seen, fake, lambda x: x.flatten(1).mean(1), others)["training_above_held_out"] - 0.5) < 0.2


def run(folder, **keys):
    data, recipe, given = keys.pop("data"), keys.pop("recipe"), keys
    gannet.train(data, recipe=recipe, out=folder, keys=given)
    files = sorted((folder / "checkpoints").glob("step-*/*.safetensors")) + sorted((folder / "frames").iterdir())
    return {f"{file.parent.name}/{file.name}": file.read_bytes() for file in files}


PLAYED = [
    ("ring", "gan", {"steps": 30, "hidden": 16}),
    ("digits", "cgan", {"steps": 6, "batch_size": 8, "data.size": 16}),
    ("digits", "bigan", {"steps": 6, "batch_size": 8, "data.size": 16}),
]


@pytest.mark.parametrize(("data", "recipe", "keys"), PLAYED)
def test_training_is_the_same_with_and_without(tmp_path, data, recipe, keys):
    off = run(tmp_path / "off", data=data, recipe=recipe, **keys, **{"health.every": 0})
    on = run(tmp_path / "on", data=data, recipe=recipe, **keys, **{"health.every": 1})
    assert off.keys() == on.keys()
    for name in off:
        assert off[name] == on[name], name
    kinds = [
        [json.loads(line)["kind"] for line in (tmp_path / name / "events.jsonl").read_text().splitlines()]
        for name in ("off", "on")
    ]
    assert kinds[0].count("vitals") == 0
    assert kinds[1].count("vitals") == keys["steps"]


def test_layers_keep_their_modes_and_the_gradients_are_the_turns(tmp_path):
    from test_trainer import _trainer

    trainer = _trainer(steps=10)
    trainer.play()
    trainer.game.generator.train(False)
    modes = [layer.training for layer in trainer.game.modules()]
    before = {name: w.grad.clone() for name, w in trainer.game.named_parameters()}
    state = torch.get_rng_state()
    take = _vitals(trainer, RING, None, seed=0)
    assert take() == take(), "the same noise every time"
    assert torch.equal(torch.get_rng_state(), state), "private generators only"
    assert [layer.training for layer in trainer.game.modules()] == modes
    assert all(torch.equal(w.grad, before[name]) for name, w in trainer.game.named_parameters())
    norms = gradient_norms(trainer)
    for player in ("generator", "discriminator"):
        own = torch.cat([before[name].flatten() for name in before if name.startswith(player)])
        assert norms[f"{player}/gradient_norm"] == pytest.approx(own.norm().item(), rel=1e-5)


class Heard:
    """What would be written."""

    path = "run"

    def __init__(self):
        self.written, self.vitals = [], []

    def event(self, kind, step, **fields):
        event = Event.model_validate({"seq": len(self.vitals), "kind": kind, "step": step, **fields})
        self.vitals.append(event)
        return event

    def health(self, step, *, rule, severity, text, values):
        self.written.append((step, rule, severity))


def collapsing(events, from_step, writer, reported):
    """Samples reach all modes until step 2,000 and one mode afterwards; a look every 200 steps."""
    points, labels = real_points()
    game = Made(points, lambda x: 0 * x[:, 0])
    average = SimpleNamespace(game=game)
    precision = SimpleNamespace(device=torch.device("cpu"))
    trainer = SimpleNamespace(
        game=game, average=average, precision=precision, steps=8_000, weights={}, norms={}, minimised=set(), step=0
    )
    observer = watch_health(trainer, RING, None, writer, seed=0, every=None, events=events, on_alarm=reported.append)
    assert observer.every == 200
    for step in range(from_step, 4001, 200):
        trainer.step = step
        game.samples = points if step <= 2000 else points[labels == 3].repeat(20, 1)
        observer.act({})


def test_a_finding_is_written_once_and_reported_once():
    writer, reported = Heard(), []
    collapsing([], 200, writer, reported)
    # The third look after the collapse turns the median of five.
    assert writer.written == [(2600, "mode-collapse", "alarm")]
    assert len(reported) == 1
    assert "1 of 8" in reported[0]
    assert "gannet doctor run" in reported[0]


def test_a_resumed_run_finds_the_same():
    whole, reported = Heard(), []
    collapsing([], 200, whole, reported)
    earlier = [event for event in whole.vitals if event.step <= 3000]
    again, reported = Heard(), []
    collapsing(earlier, 3200, again, reported)
    assert again.written == [], "it was written before the interruption"
    earlier = [event for event in whole.vitals if event.step <= 2200]
    collapsing(earlier, 2400, again, reported)
    assert again.written == whole.written


def test_what_is_written_can_be_read_as_a_history(tmp_path):
    gannet.train("ring", recipe="gan", out=tmp_path / "run", steps=60, hidden=8, keys={"health.every": 10})
    from gannet.runs.reader import Run

    reported = history_of(Run(tmp_path / "run").events())
    assert reported.minimised == {"discriminator/adversarial", "generator/adversarial"}
    assert list(reported.get("separation")[0]) == [1, 4, 10, 16, 20, 30, 40, 50, 60]
    assert examine(reported) == []
