"""What the contract of games cannot see: the moving average's formula, and that no two turns draw the same noise."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import cast

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.data.ring import Ring
from gannet.games.labels import frame_labels
from gannet.recipes.cgan import cgan
from gannet.recipes.gan import gan
from gannet.runs.writer import RunWriter
from gannet.training.ema import Average
from gannet.training.observers import record_frames
from gannet.training.precision import decide
from gannet.training.trainer import Trainer


def _trainer(**keys) -> Trainer:
    dataset = Ring().open(silent)
    precision = decide(device="cpu", precision="auto", is_images=False, allow_bf16=False)
    return Trainer(gan(dataset.form, hidden=4, batch_size=8, **keys), dataset, seed=0, precision=precision)


def test_the_average_keeps_its_decay_and_forgets_the_first_steps_quickly():
    game = _trainer().game
    game.generator.norm = nn.BatchNorm1d(3)
    average = Average(game, decay=0.75)
    before = copy.deepcopy(game.generator.state_dict())
    with torch.no_grad():
        for tensor in game.generator.state_dict().values():
            tensor.add_(4)
    for step, kept in ((0, 0.1), (1000, 0.75)):  # (1 + 0) / (10 + 0), and the decay asked for
        averaged = copy.deepcopy(average.game.generator.state_dict())
        average.update(step)
        for name, now in average.game.generator.state_dict().items():
            newest = before[name] + 4
            expected = kept * averaged[name] + (1 - kept) * newest if now.is_floating_point() else newest
            assert_close(now, expected, msg=name)


def test_every_turn_of_every_step_draws_other_noise():
    trainer = _trainer(steps=10)
    draws = []
    for step in range(3):
        trainer.step = step
        draws += [torch.rand(1, generator=trainer.batch(turn, i, 0).rng).item() for i, turn in enumerate(trainer.turns)]
    assert len(set(draws)) == 6
    trainer.step = 0
    assert torch.rand(1, generator=trainer.batch(trainer.turns[0], 0, 0).rng).item() == draws[0]


def test_reals_differ_from_step_to_step_and_are_shared_by_the_turns_of_one():
    trainer = _trainer(steps=10)
    first, second = (trainer.batch(turn, i, 0).real for i, turn in enumerate(trainer.turns))
    assert torch.equal(first, second)
    trainer.step = 1
    assert not torch.equal(first, trainer.batch(trainer.turns[0], 0, 0).real)


def test_progress_ends_the_schedule():
    trainer = _trainer(steps=4)
    trainer.step = 3
    assert trainer.batch(trainer.turns[0], 0, 0).progress == 0.75


def test_labels_of_frames_are_on_the_device_of_the_noise():
    """Networks join labels and latents, which fails across devices; ``meta`` stands in for a GPU."""
    game = cgan(Digits(size=16).open(silent).form).game
    labels, columns = frame_labels(game, 40, torch.device("meta"))
    assert labels is not None
    assert (labels.device.type, labels.shape, columns) == ("meta", (40,), 10)
    labels, _ = frame_labels(game, 40)
    assert labels is not None
    assert labels.tolist() == [*range(10)] * 4


def test_few_classes_fill_a_square():
    """Two classes are eight columns of eight rows, not a strip of 32 rows."""
    game = cgan(Digits(size=16, classes="3,8").open(silent).form).game
    labels, columns = frame_labels(game, 64)
    assert labels is not None
    assert (len(labels), columns) == (64, 8)
    assert labels.reshape(8, 8).tolist() == [[0, 1] * 4] * 8


def test_a_resumed_run_keeps_the_columns_of_its_frames():
    """Frames of two classes were two columns wide in runs of earlier versions; a recording must not change midway."""
    dataset = Digits(size=16, classes="3,8").open(silent)
    precision = decide(device="cpu", precision="auto", is_images=True, allow_bf16=False)
    trainer = Trainer(cgan(dataset.form, batch_size=8), dataset, seed=0, precision=precision)
    frames = []
    writer = cast("RunWriter", SimpleNamespace(frame=lambda step, image: frames.append(image.shape)))
    for columns in (0, 2):
        record_frames(trainer, dataset, writer, seed=0, every=1, count=64, columns=columns).act({})
    (square, _), (strip, _) = [(height / width, channels) for height, width, channels in frames]
    assert (square, strip) == (pytest.approx(1, abs=0.01), pytest.approx(16, rel=0.05))
