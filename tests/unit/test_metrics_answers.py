"""Metrics of what a game says about real samples, and who is asked about what."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.data.base import Truth, silent
from gannet.data.digits import Digits
from gannet.data.mnist import Mnist
from gannet.data.ring import Ring
from gannet.evaluation.choice import default_names
from gannet.evaluation.measure import ask, measurer
from gannet.metrics.base import Answers, Metric, Samples, as_estimate
from gannet.metrics.classes import Accuracy, Purity
from gannet.metrics.reconstruction import Reconstruction


def value(metric: Metric, answers: Answers) -> float:
    return as_estimate(
        metric.compute(Samples(answers.real, answers.real, Truth(), answers), np.random.default_rng(0))
    ).value


LABELS = np.array([0] * 5 + [1] * 5)
ROWS = np.zeros((10, 2), np.float32)


def test_accuracy_by_hand() -> None:
    said = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 2])
    assert_close(value(Accuracy(), Answers(ROWS, LABELS, predicted=said)), 0.7)
    # Every row counts alike, not every class: 9 of 12, though one class is never right.
    uneven = np.array([0] * 9 + [1] * 3)
    assert_close(
        value(Accuracy(), Answers(np.zeros((12, 2), np.float32), uneven, predicted=np.zeros(12, np.int64))), 0.75
    )


def test_purity_by_hand() -> None:
    """Cluster 3 holds 4 of class 0 and 1 of class 1, cluster 0 holds 1 and 4: (4 + 4) / 10. One cluster for all:
    1/2.
    """
    said = np.array([3, 3, 3, 3, 0, 0, 0, 0, 0, 3])
    assert_close(value(Purity(), Answers(ROWS, LABELS, clusters=said)), 0.8)
    assert_close(value(Purity(), Answers(ROWS, LABELS, clusters=np.zeros(10, np.int64))), 0.5)


def test_reconstruction_by_hand() -> None:
    black = np.zeros((10, 8, 8, 1), np.uint8)
    assert_close(value(Reconstruction(), Answers(black, reconstructed=black + 255)), 1.0)
    half = black.copy()
    half[:, :4] = 51  # a fifth of the range, in half of the pixels
    assert_close(value(Reconstruction(), Answers(black, reconstructed=half)), 0.5 * 0.04)
    points = np.array([[0, 0], [2, 4]] * 5, np.float32)  # variances 1 and 4
    assert_close(value(Reconstruction(), Answers(points, reconstructed=points + 1)), 1 / 2.5)
    mean = np.broadcast_to(points.mean(0), points.shape)
    assert_close(value(Reconstruction(), Answers(points, reconstructed=mean)), 1.0)


class Oracle(nn.Module):
    """Reconstructs with inverted brightness, and calls a image by the brightest of its first ten pixels."""

    relative_logits: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def encode(self, samples: Tensor) -> Tensor:
        return samples.flatten(1)

    def generate(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return -latents.view(-1, 1, 8, 8)

    def classify(self, samples: Tensor) -> Tensor:
        return samples.flatten(1)[:, :10]


def test_the_game_is_asked_about_every_row_in_order() -> None:
    dataset = Digits(labels=20).open(silent)
    answers = ask(Oracle(), dataset, None, 0)  # type: ignore[arg-type]
    assert answers is not None
    assert len(answers.real) == 1797
    assert answers.clusters is None
    assert np.array_equal(answers.reconstructed, 255 - answers.real)
    assert np.array_equal(answers.predicted, answers.real.reshape(1797, 64)[:, :10].argmax(1))
    assert answers.labels is not None
    assert answers.labels.min() == 0, "true labels, hidden in training or not"
    assert "trained on" in answers.warnings[0]


def test_held_out_pictures_are_preferred() -> None:
    train, test = Digits(classes="1,2").open(silent), Digits(classes="3,4").open(silent)
    answers = ask(Oracle(), train, test, 0)  # type: ignore[arg-type]
    assert answers is not None
    assert len(answers.real) == test.size
    assert answers.warnings == ()
    assert answers.protocol["real"]["content_hash"] == test.content_hash


def test_a_game_that_says_nothing_is_not_asked() -> None:
    dataset = Ring().open(silent)
    assert ask(nn.Linear(2, 2), dataset, None, 0) is None  # type: ignore[arg-type]
    assert not {"accuracy", "purity", "reconstruction"} & set(default_names("images"))


@pytest.mark.parametrize(
    ("split", "expected"), [("train", Mnist(split="test", size=32, classes="3,8")), ("test", None)]
)
def test_the_test_split_has_every_label(split, expected) -> None:
    assert Mnist(split=split, size=32, classes="3,8", labels=20).held_out() == expected


def test_cards_of_a_trained_game(tmp_path: Path) -> None:
    """From recipe to cards: the metrics that the game allows are there unasked, the others say what is missing."""
    from gannet.recipes.semi_supervised import semi_supervised

    dataset = Digits(size=16, labels=20).open(silent)
    game = semi_supervised(dataset.form).game
    measure = measurer(game, dataset, seed=0, run="r", weights="ema", samples=100)
    cards, left_out = measure(0)
    by_name = {card.metric: card for card in cards}
    assert {"accuracy", "fd", "sliced_w"} <= set(by_name)
    assert not {"reconstruction", "purity"} & set(by_name)
    assert left_out == []
    card = by_name["accuracy"]
    assert card.reference is None
    assert card.n_real == card.n_fake == 1797
    assert card.spec["protocol"]["real"]["held_out"] is False
    asked = measurer(game, dataset, seed=0, run="r", weights="ema", samples=100, metrics=["reconstruction"])(0)
    assert asked == ([], ["reconstruction left out: it needs a game that encodes."])
