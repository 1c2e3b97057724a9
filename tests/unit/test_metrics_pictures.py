"""Classifier score, MS-SSIM and Vendi: against torchmetrics and closed forms."""

from __future__ import annotations

import importlib
import math

import numpy as np
import pytest
import torch
from torch import nn

from gannet.data.base import Truth
from gannet.discovery import find
from gannet.errors import UserError
from gannet.metrics.base import Samples
from gannet.metrics.inception_score import classifier_score
from gannet.metrics.ms_ssim import MultiScaleSimilarity, _pairs
from gannet.metrics.structural_similarity import SCALE_WEIGHTS, ms_ssim, num_scales
from gannet.metrics.vendi import Vendi, vendi_score
from gannet.testing.metric_data import draw

RNG = np.random.default_rng(13)


class _Identity(nn.Module):
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows


def test_classifier_score_against_torchmetrics() -> None:
    from torchmetrics.image.inception import InceptionScore

    logits = RNG.standard_normal((400, 10)) * 3
    oracle = InceptionScore(feature=_Identity(), splits=1).set_dtype(torch.float64)
    oracle.update(torch.from_numpy(logits))
    log_probabilities = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    assert classifier_score(log_probabilities) == pytest.approx(float(oracle.compute()[0]), rel=1e-6)


def test_classifier_score_by_hand() -> None:
    assert classifier_score(np.log(np.full((20, 4), 0.25))) == pytest.approx(1)
    with np.errstate(divide="ignore"):
        sure = np.log(np.maximum(np.eye(4)[np.arange(20) % 4], 1e-300))
        two_of_four = np.log(np.maximum(np.eye(4)[np.arange(20) % 2], 1e-300))
    assert classifier_score(sure) == pytest.approx(4)
    assert classifier_score(two_of_four) == pytest.approx(2)


def test_names_guard_meaning() -> None:
    metric = find("metrics", "is").load()
    assert metric().label() == "is[mnist-cnn-v1]"
    with pytest.raises(UserError, match="is not a classifier"):
        metric("randconv-v1").compute(Samples(draw("images", 0), draw("images", 1), Truth()), RNG)


@pytest.mark.parametrize(("side", "channels"), [(16, 1), (28, 1), (64, 3)])
def test_ms_ssim_against_torchmetrics(side: int, channels: int) -> None:
    """Scale by scale, for torchmetrics counts the mirrored border in SSIM (not in its contrast), which Wang et al.
    leave out.
    """
    from torchmetrics.functional.image import structural_similarity_index_measure as oracle

    base = RNG.integers(0, 256, (6, side, side, channels))
    second = np.clip(base + RNG.integers(-60, 61, base.shape), 0, 255)
    x, y = (torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2) / 255 for images in (base, second))
    scales = num_scales(side)
    expected = torch.ones(6, dtype=torch.float64)
    for scale in range(scales):
        _, contrasts = oracle(x, y, sigma=1.5, data_range=1.0, reduction="none", return_contrast_sensitivity=True)
        _, full = oracle(x, y, sigma=1.5, data_range=1.0, reduction="none", return_full_image=True)
        factor = full[..., 5:-5, 5:-5].mean(dim=(1, 2, 3)) if scale == scales - 1 else contrasts
        expected *= factor ** (SCALE_WEIGHTS[scale] / sum(SCALE_WEIGHTS[:scales]))
        x, y = (torch.nn.functional.avg_pool2d(images, 2) for images in (x, y))
    np.testing.assert_allclose(ms_ssim(base.astype(np.uint8), second.astype(np.uint8)), expected.numpy(), rtol=1e-6)


def test_ms_ssim_of_constants() -> None:
    """No structure, so that only luminance is left: (2 a b + c1) / (a^2 + b^2 + c1) to the weight of the last scale."""
    a, b = np.full((1, 28, 28, 1), 51, np.uint8), np.full((1, 28, 28, 1), 204, np.uint8)
    luminance = (2 * 0.2 * 0.8 + 1e-4) / (0.04 + 0.64 + 1e-4)
    assert num_scales(28) == 2
    assert ms_ssim(a, b)[0] == pytest.approx(luminance ** (0.2856 / (0.0448 + 0.2856)), rel=1e-9)
    assert ms_ssim(a, a)[0] == pytest.approx(1)


def test_ms_ssim_as_variety() -> None:
    def value(fake: np.ndarray, pairs: int = 200) -> float:
        return (
            MultiScaleSimilarity(pairs)
            .compute(Samples(draw("images", 0), fake, Truth()), np.random.default_rng(0))
            .value
        )

    assert value(np.repeat(draw("images", 0)[:1], 20, axis=0)) == pytest.approx(1)
    assert [num_scales(side) for side in (11, 21, 22, 44, 88, 176, 512)] == [1, 1, 2, 3, 4, 5, 5]
    with pytest.raises(UserError, match="at least 11 pixels, not 8"):
        num_scales(8)


def test_vendi_of_equal_of_unlike_and_of_groups() -> None:
    assert vendi_score(np.ones((30, 5))) == pytest.approx(1)
    assert vendi_score(np.eye(6)) == pytest.approx(6)
    assert vendi_score(np.repeat(np.eye(6), [1, 2, 3, 4, 5, 5], axis=0)) == pytest.approx(
        math.exp(-sum(s / 20 * math.log(s / 20) for s in (1, 2, 3, 4, 5, 5)))
    )
    # Two rows at an angle t: eigenvalues (1 +- cos t) / 2.
    angle = 0.7
    shares = ((1 + math.cos(angle)) / 2, (1 - math.cos(angle)) / 2)
    rows = np.array([[1.0, 0.0], [3 * math.cos(angle), 3 * math.sin(angle)]])
    assert vendi_score(rows) == pytest.approx(math.exp(-sum(s * math.log(s) for s in shares)))
    assert vendi_score(np.zeros((10, 3))) == 1


def test_vendi_standardises_by_the_real_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Real samples have mean 0 and standard deviation (1, 10); generated ones (2, 20) and (2, -20) are then
    orthogonal, so there are two.

    By their own mean and standard deviation they would lie on one line, and unscaled at an angle of 169 degrees.
    """
    rows = iter([np.array([[1.0, 10], [1, -10], [-1, 10], [-1, -10]] * 5), np.array([[2.0, 20], [2, -20]] * 10)])
    monkeypatch.setattr("gannet.metrics.vendi.features", lambda name, images: next(rows))
    samples = Samples(draw("images", 0)[:20], draw("images", 1)[:20], Truth())
    assert Vendi().compute(samples, RNG).value == pytest.approx(2)


def test_vendi_of_one_picture_many_times() -> None:
    real = draw("images", 0)
    once = Vendi().compute(Samples(real, np.repeat(real[:1], 40, axis=0), Truth()), RNG).value
    many = Vendi().compute(Samples(real, draw("images", 1), Truth()), RNG).value
    assert once == pytest.approx(1)
    assert many > 3


def test_the_inception_score_is_a_mean_over_ten_tenths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten classes, one picture each, in any order: of all together 10, of a tenth with one picture 1. Other
    classifiers take all.
    """
    module = importlib.import_module("gannet.metrics.inception_score")
    with np.errstate(divide="ignore"):
        sure = np.log(np.maximum(np.eye(10), 1e-300))
    monkeypatch.setattr(module, "log_probabilities", lambda extractor, images: sure)
    samples = Samples(draw("images", 0), draw("images", 1)[:10], Truth())
    assert module.ClassifierScore("inception").compute(samples, np.random.default_rng(0)).value == pytest.approx(1)
    assert module.ClassifierScore("mnist-cnn-v1").compute(samples, np.random.default_rng(0)).value == pytest.approx(10)


def test_no_picture_is_compared_with_itself() -> None:
    """Ten flat pictures, unlike each other: a pair of one and the same would read 1, and raise the mean by a tenth."""
    flat = np.repeat(np.arange(10, dtype=np.uint8)[:, None, None, None] * 25, 16, axis=1).repeat(16, axis=2)
    first, second = _pairs(flat, 2000, np.random.default_rng(0))
    assert (first != second).all()
    assert np.bincount(first * 10 + second, minlength=100).reshape(10, 10)[~np.eye(10, dtype=bool)].min() > 0, (
        "every other pair comes"
    )
