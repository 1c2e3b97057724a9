"""Trained extractors: pinned weights, what they know, and which one is taken for which data."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gannet.metrics
from gannet.errors import UserError
from gannet.evaluation.choice import choose
from gannet.features import cnn, extractors
from gannet.features.cnn import TRAINED, load, prepared, responses
from gannet.features.extractors import describe, features, fitting, log_probabilities

WEIGHTS = Path(gannet.features.__path__[0]) / "weights"


def digits() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    levels, labels = load_digits(return_X_y=True)
    return np.rint(levels * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1), labels


def as_mnist(images: np.ndarray) -> np.ndarray:
    """8 x 8 digits in the form of MNIST: 20 x 20 in the middle of 28 x 28."""
    large = [np.asarray(Image.fromarray(image[:, :, 0]).resize((20, 20), Image.Resampling.BICUBIC)) for image in images]
    return np.pad(np.stack(large), ((0, 0), (4, 4), (4, 4)))[..., None]


def test_files_are_the_pinned_ones_and_small() -> None:
    assert {path.stem for path in WEIGHTS.glob("*.safetensors")} == set(TRAINED)
    for name, trained in TRAINED.items():
        content = (WEIGHTS / f"{name}.safetensors").read_bytes()
        assert len(content) <= 300_000
        assert sha256(content).hexdigest() == trained.weights_sha256 == describe(name)["weights_sha256"]


def test_stated_accuracies() -> None:
    """As printed by scripts/train_extractor.py on 10,000, 10,000 and 359 test images."""
    assert {name: trained.test_accuracy for name, trained in TRAINED.items()} == {
        "mnist-cnn-v1": 0.9954,
        "fashion-cnn-v1": 0.9155,
        "digits-cnn-v1": 0.9972,
    }


def test_digits_kept_back_are_recognised() -> None:
    images, labels = digits()
    kept = np.random.default_rng(0).permutation(len(images))[: len(images) // 5]
    accuracy = (responses("digits-cnn-v1", images[kept])[1].argmax(axis=1) == labels[kept]).mean()
    assert accuracy == pytest.approx(0.9972, abs=0.006)


def test_digits_of_others_are_recognised_by_the_classifier_of_mnist() -> None:
    """Other writers, scanner and size: far above the 10 % of chance."""
    images, labels = digits()
    assert (responses("mnist-cnn-v1", as_mnist(images))[1].argmax(axis=1) == labels).mean() > 0.75


def test_wrong_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cnn.TRAINED, "mnist-cnn-v1", cnn.TRAINED["fashion-cnn-v1"])
    load.cache_clear()
    try:
        with pytest.raises(UserError, match="damaged"):
            load("mnist-cnn-v1")
    finally:
        load.cache_clear()


def test_rows_do_not_depend_on_company() -> None:
    images, _ = digits()
    together = features("digits-cnn-v1", images)
    assert together.shape == (1797, 64)
    assert together.dtype == np.float64
    alone = np.concatenate([features("digits-cnn-v1", images[i : i + 7]) for i in range(0, 70, 7)])
    np.testing.assert_allclose(alone, together[:70], rtol=1e-4, atol=1e-5)


def test_remembered_features_are_the_same_and_cannot_be_written() -> None:
    images, _ = digits()
    first = features("digits-cnn-v1", images[:50])
    assert features("digits-cnn-v1", images[:50].copy()) is first
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0] = 1
    for start in range(1, 8):
        features("digits-cnn-v1", images[start : start + 20])
    assert len(extractors._cached) <= extractors.CACHED
    np.testing.assert_array_equal(features("digits-cnn-v1", images[:50]), first)


def test_resizing_leaves_the_own_size_and_constants_alone() -> None:
    images, _ = digits()
    np.testing.assert_allclose(prepared(images[:3], 8).numpy()[:, 0], images[:3, :, :, 0] / 127.5 - 1, atol=1e-6)
    np.testing.assert_allclose(prepared(np.full((1, 31, 19, 1), 51, np.uint8), 8).numpy(), 51 / 127.5 - 1, atol=1e-6)


def test_probabilities_sum_to_1_and_randconv_has_none() -> None:
    images, _ = digits()
    np.testing.assert_allclose(np.exp(log_probabilities("digits-cnn-v1", images)).sum(axis=1), 1, rtol=1e-12)
    with pytest.raises(UserError, match="is not a classifier"):
        log_probabilities("randconv-v1", images)


def test_a_classifier_is_taken_only_for_what_it_proves_to_know() -> None:
    images, labels = digits()
    names = tuple("0123456789")
    assert fitting(images, labels, names) == "digits-cnn-v1"
    sevens_and_threes = np.isin(labels, (3, 7))
    assert (
        fitting(images[sevens_and_threes], (labels[sevens_and_threes] == 7).astype(int), ("3", "7")) == "digits-cnn-v1"
    )
    assert fitting(images, np.roll(labels, 1), names) == "randconv-v1"
    assert fitting(images, None, names) == "randconv-v1"
    assert fitting(images, labels, tuple("abcdefghij")) == "randconv-v1"
    assert fitting(np.repeat(images, 3, axis=3), labels, names) == "randconv-v1"
    noise = np.random.default_rng(0).integers(0, 256, (500, 28, 28, 1), dtype=np.uint8)
    assert fitting(noise, np.arange(500) % 10, names) == "randconv-v1"


@pytest.mark.parametrize("size", [16, 28, 32])
def test_enlarged_digits_are_still_known(size: int) -> None:
    """A triangle filter on the way back blurred them so much that the classifier was not taken."""
    images, labels = digits()
    large = [
        np.asarray(Image.fromarray(image[:, :, 0]).resize((size, size), Image.Resampling.BICUBIC))
        for image in images[:1000]
    ]
    assert fitting(np.stack(large)[..., None], labels[:1000], tuple("0123456789")) == "digits-cnn-v1"


def test_the_extractor_that_a_user_writes() -> None:
    name, metric = choose("fd[fashion-cnn-v1]")
    assert (name, metric.label()) == ("fd[fashion-cnn-v1]", "FD[fashion-cnn-v1]")
    assert choose("ms-ssim", "digits-cnn-v1")[0] == "ms_ssim"
    assert choose("kid", "digits-cnn-v1")[1].label() == "KID[digits-cnn-v1]"
    assert choose("kid[randconv-v1]", "digits-cnn-v1")[1].label() == "KID[randconv-v1]"
    with pytest.raises(UserError, match=r"Unknown feature extractor 'inceptoin'.*Did you mean 'inception'"):
        choose("fd[inceptoin]")
    with pytest.raises(UserError, match="uses no feature extractor"):
        choose("w1[randconv-v1]")
    with pytest.raises(UserError, match=r"Unknown metric 'fd\[\]'"):
        choose("fd[]")
