"""Stacked-MNIST on a made set of ten images, whose digit can be read from their grey level."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from gannet.data.base import ClassModes, Truth, silent
from gannet.data.resolve import source_for
from gannet.data.stacked_mnist import StackedMnist
from gannet.errors import UserError
from gannet.evaluation.choice import default_names
from gannet.evaluation.evaluate import evaluate
from gannet.metrics.base import Samples, as_estimate
from gannet.metrics.mode_counts import class_counts
from gannet.metrics.modes import ModesCaptured, ReverseKL


def idx_folder(path: Path, labels: list[int], split: str = "train") -> Path:
    """Images 8 x 8 that are 20 times their label grey all over."""
    path.mkdir(exist_ok=True)
    pixels = np.repeat(np.array(labels, np.uint8) * 20, 64)
    (path / f"{split}-images-idx3-ubyte").write_bytes(
        bytes.fromhex("00000803") + bytes([0, 0, 0, len(labels), 0, 0, 0, 8, 0, 0, 0, 8]) + pixels.tobytes()
    )
    (path / f"{split}-labels-idx1-ubyte").write_bytes(
        bytes.fromhex("00000801") + bytes([0, 0, 0, len(labels)]) + bytes(labels)
    )
    return path


def test_channels_and_labels_belong_together(tmp_path: Path) -> None:
    data = StackedMnist(path=str(idx_folder(tmp_path, [*range(10)][::-1]))).open(silent)
    assert data.shape == (3, 8, 8)
    assert data.size == 128_000
    assert data.num_classes == 1000
    images, labels = data.reference(500, seed=0)
    assert labels is not None
    digits = images[:, 0, 0] // 20  # (N, 3)
    assert [f"{a}{b}{c}" for a, b, c in digits] == [data.class_names[label] for label in labels]
    inside, again = data.batch(64, seed=0, position=3, device=torch.device("cpu"))
    assert again is not None
    levels = (inside[:, :, 0, 0] + 1) * 127.5 / 20
    assert torch.equal((levels.round() @ torch.tensor([100.0, 10.0, 1.0])).long(), again)


def test_weights_are_the_shares_of_the_rows(tmp_path: Path) -> None:
    """Digit 0 is two of eleven images: class 000 comes up 128,000 * (2/11)^3 = 769 times, class 999 96 times."""
    classes = StackedMnist(path=str(idx_folder(tmp_path, [*range(10), 0]))).open(silent).truth.classes
    assert classes is not None
    assert classes.weights.sum() == pytest.approx(1)
    assert classes.weights[0] * 128_000 == pytest.approx(769, abs=5 * 769**0.5)
    assert classes.weights[999] * 128_000 == pytest.approx(96, abs=5 * 96**0.5)


def test_test_digits_are_held_out(tmp_path: Path) -> None:
    source = StackedMnist(path=str(idx_folder(tmp_path, [*range(10)])))
    idx_folder(tmp_path, [*range(10), 9], "test")
    held_out = source.held_out()
    assert held_out is not None
    assert held_out.held_out() is None
    assert held_out.open(silent).content_hash != source.open(silent).content_hash


def test_it_is_found_by_name() -> None:
    assert source_for("stacked-mnist") == ("stacked-mnist", {})


def test_other_images_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"is not MNIST: its classes are 0, 1, 2;"):
        StackedMnist(path=str(idx_folder(tmp_path, [0, 1, 2]))).open(silent)


def stacks(*classes: tuple[int, int, int]) -> np.ndarray:
    """Images of three of the first ten of the built-in digits, which are 0 to 9 in order and written clearly."""
    from sklearn.datasets import load_digits

    levels = np.rint(load_digits().images[:10] * (255 / 16)).astype(np.uint8)
    return levels[np.array(classes)].transpose(0, 2, 3, 1)


def counted_by(metric: ModesCaptured | ReverseKL, fake: np.ndarray, weights: np.ndarray) -> float:
    samples = Samples(fake, fake, Truth(classes=ClassModes("digits-cnn-v1", weights)))
    return as_estimate(metric.compute(samples, np.random.default_rng(0))).value


UNIFORM = np.full(1000, 0.001)


def test_the_first_channel_leads() -> None:
    counts = class_counts(stacks((3, 1, 4), (3, 1, 4), (0, 0, 7)), "digits-cnn-v1")
    assert counts.shape == (1000,)
    assert {int(number): int(counts[number]) for number in counts.nonzero()[0]} == {314: 2, 7: 1}


def test_modes_and_divergence_by_hand() -> None:
    """Shares 3/4 and 1/4 of two among 1,000 equal classes: 3/4 ln 750 + 1/4 ln 250."""
    fake = stacks(*[(1, 2, 3)] * 9, *[(9, 0, 0)] * 3)
    assert counted_by(ModesCaptured(classifier="digits-cnn-v1"), fake, UNIFORM) == 2
    assert counted_by(ModesCaptured(classifier="digits-cnn-v1", at_least=4), fake, UNIFORM) == 1
    expected = 0.75 * np.log(750) + 0.25 * np.log(250)
    assert counted_by(ReverseKL(classifier="digits-cnn-v1"), fake, UNIFORM) == pytest.approx(expected, rel=1e-12)


def test_classes_that_the_data_lack_do_not_count() -> None:
    weights = np.zeros(1000)
    weights[[123, 456]] = 0.5
    fake = stacks(*[(1, 2, 3)] * 9, *[(9, 0, 0)] * 3)
    with pytest.warns(UserWarning, match="3 images are of classes that the data do not have"):
        assert counted_by(ModesCaptured(classifier="digits-cnn-v1"), fake, weights) == 1
    with pytest.warns(UserWarning, match="3 images"):
        assert counted_by(ReverseKL(classifier="digits-cnn-v1"), fake, weights) == pytest.approx(np.log(2))


def test_cards_name_the_classifier_and_other_images_have_none() -> None:
    fake = stacks(*[(1, 2, 3)] * 11, (4, 5, 6))
    truth = Truth(classes=ClassModes("digits-cnn-v1", UNIFORM))
    cards, _ = evaluate(
        fake, fake, fake, kind="images", truth=truth, names=["modes", "reverse_kl"], seed=0, protocol={}
    )
    assert [card.label for card in cards] == ["modes[digits-cnn-v1]", "reverse-kl[digits-cnn-v1]"]
    assert all(card.spec["weights_sha256"].startswith("690121ba") and "sigmas" not in card.spec for card in cards)
    of_two_modes = np.log(1000) + 11 / 12 * np.log(11 / 12) + 1 / 12 * np.log(1 / 12)
    assert [card.reference for card in cards] == [2, pytest.approx(of_two_modes)]
    assert {"modes", "reverse_kl"} <= set(default_names("images", truth=truth))
    cards, left_out = evaluate(fake, fake, fake, kind="images", truth=Truth(), names=["modes"], seed=0, protocol={})
    assert not cards
    assert left_out == ["modes left out: it needs data whose modes are known (stacked-mnist)."]
