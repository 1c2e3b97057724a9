"""KID and MMD: against torchmetrics, by hand, without bias, with an interval that holds."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from gannet.data.base import Truth
from gannet.errors import UserError
from gannet.features.extractors import features
from gannet.metrics import kernel_mmd
from gannet.metrics.base import Estimate, Samples
from gannet.metrics.kernel_mmd import KernelDistance, MaximumMeanDiscrepancy, cubic, gaussians, unbiased_mmd
from gannet.testing.metric_data import draw
from gannet.testing.metrics import check_metric

RNG = np.random.default_rng(11)


def linear(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return first @ second.T


def gaussian_mmd(shift: float, sigma: float, width: float) -> float:
    """MMD^2 between N(0, sigma^2 I_2) and the same moved by ``shift``: twice the gap of two Gaussian convolutions."""
    spread = width**2 + 2 * sigma**2
    return 2 * width**2 / spread * (1 - math.exp(-(shift**2) / (2 * spread)))


def test_against_torchmetrics() -> None:
    from torchmetrics.image.kid import KernelInceptionDistance

    first, second = RNG.standard_normal((90, 16)), RNG.standard_normal((90, 16)) * 1.3 + 0.4
    oracle = KernelInceptionDistance(feature=_Identity(), subsets=1, subset_size=90).set_dtype(torch.float64)
    oracle.update(torch.from_numpy(first), real=True)
    oracle.update(torch.from_numpy(second), real=False)
    mean, _ = oracle.compute()
    assert unbiased_mmd(first, second, cubic).value == pytest.approx(float(mean), rel=1e-6)


class _Identity(nn.Module):
    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows


def test_by_hand() -> None:
    """x = 0, 1, 2 and y = 1, 2, 4, k = x y: 2 x 2 / 6 + 2 x (2 + 4 + 8) / 6 - 2 x 3 x 7 / 9 = 2/3 + 14/3 - 14/3."""
    first, second = np.array([[0.0], [1.0], [2.0]]), np.array([[1.0], [2.0], [4.0]])
    assert unbiased_mmd(first, second, linear).value == pytest.approx(2 / 3)


def test_the_interval_is_that_of_leaving_each_row_out() -> None:
    first, second = RNG.standard_normal((12, 3)), RNG.standard_normal((9, 3)) + 0.5
    whole = unbiased_mmd(first, second, cubic)
    without = [[unbiased_mmd(np.delete(first, i, 0), second, cubic).value for i in range(12)]]
    without += [[unbiased_mmd(first, np.delete(second, i, 0), cubic).value for i in range(9)]]
    variance = sum((len(w) - 1) / len(w) * np.square(np.array(w) - np.mean(w)).sum() for w in without)
    half = 1.959964 * math.sqrt(variance)
    assert whole.ci95 == pytest.approx((whole.value - half, whole.value + half), rel=1e-9)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Shifted Gaussians, 150 trials; 95 % +- 3.5 standard errors of 1.8 %."""
    truth = gaussian_mmd(shift=1.0, sigma=1.0, width=1.0)
    held = 0
    for _ in range(150):
        first, second = RNG.standard_normal((80, 2)), RNG.standard_normal((80, 2)) + np.array([1.0, 0.0])
        low, high = unbiased_mmd(first, second, lambda a, b: np.exp(-np.square(a[:, None] - b).sum(axis=2) / 2)).ci95
        held += low < truth < high
    assert 0.885 < held / 150 <= 1.0


def test_mmd_between_gaussians() -> None:
    """The mean over bandwidths of the closed form; 4,000 points leave about 4 % of it open."""
    first, second = RNG.standard_normal((4000, 2)), RNG.standard_normal((4000, 2)) + np.array([1.0, 0.0])
    scale = math.sqrt(first.var(axis=0).mean())
    metric = MaximumMeanDiscrepancy((0.3, 1.0, 3.0))
    expected = np.mean([gaussian_mmd(1.0, 1.0, width * scale) for width in metric.bandwidths])
    result = metric.compute(Samples(first, second, Truth()), RNG)
    assert result.value == pytest.approx(expected, rel=0.1)
    assert result.ci95[0] < expected < result.ci95[1]


def test_chunks_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = RNG.standard_normal((60, 4)), RNG.standard_normal((37, 4))
    whole = unbiased_mmd(first, second, cubic)
    monkeypatch.setattr(kernel_mmd, "CHUNK_VALUES", 100)
    parts = unbiased_mmd(first, second, cubic)
    assert parts.value == pytest.approx(whole.value, rel=1e-10)
    assert parts.ci95 == pytest.approx(whole.ci95, rel=1e-10)


@dataclass(frozen=True)
class BiasedKernelDistance(KernelDistance):
    """Deliberately wrong: pairs of a row with itself count."""

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        real, fake = (features(self.extractor, images) for images in (samples.real, samples.fake))
        value = float(cubic(real, real).mean() + cubic(fake, fake).mean() - 2 * cubic(real, fake).mean())
        return Estimate(value, (value - 1, value + 1))


def test_a_biased_estimate_fails_the_contract() -> None:
    with pytest.raises(AssertionError, match="biased"):
        check_metric(BiasedKernelDistance())


def test_names_and_refusals() -> None:
    assert KernelDistance().label() == "KID[randconv-v1]"
    assert KernelDistance("mnist-cnn-v1").label() == "KID[mnist-cnn-v1]"
    with pytest.raises(UserError, match=r"Unknown feature extractor 'mnist-cnn'.*Did you mean 'mnist-cnn-v1'"):
        KernelDistance("mnist-cnn")
    with pytest.raises(UserError, match="above 0"):
        MaximumMeanDiscrepancy((0.1, 0.0))
    with pytest.raises(UserError, match="no scale"):
        MaximumMeanDiscrepancy().compute(Samples(np.ones((20, 2)), draw("points", 0), Truth()), RNG)


def of_mmd(real: np.ndarray, fake: np.ndarray, *bandwidths: float) -> float:
    return MaximumMeanDiscrepancy(bandwidths).compute(Samples(real, fake, Truth()), RNG).value


def test_gaussian_kernels_by_hand() -> None:
    """(0, 0) and (3, 4) are 5 apart: the mean of exp(-25 / 2) and exp(-25 / 8)."""
    kernels = gaussians(np.zeros((1, 2)), np.array([[3.0, 4.0]]), (1.0, 2.0))
    np.testing.assert_allclose(kernels, [[(math.exp(-12.5) + math.exp(-25 / 8)) / 2]], rtol=1e-12)


def test_mmd_has_no_unit_and_no_place() -> None:
    """The widths follow the spread of the real set alone: not where it lies, not the unit, not the generated set."""
    real, fake = RNG.standard_normal((300, 2)), 2 * RNG.standard_normal((250, 2))
    plain = of_mmd(real, fake, 0.3, 1.0)
    assert of_mmd(1000 * real, 1000 * fake, 0.3, 1.0) == pytest.approx(plain, rel=1e-9)
    there = np.array([50.0, 0.0])
    assert of_mmd(real + there, fake + there, 0.3, 1.0) == pytest.approx(plain, rel=1e-6)


def test_mmd_of_a_wider_gaussian() -> None:
    """E k(x, y) = w^2 / (w^2 + s^2 + t^2) for N(0, s^2 I_2) and N(0, t^2 I_2): with w = s = 1, t = 2: 1/3 + 1/9 -
    2/6 = 1/9.
    """
    real, fake = RNG.standard_normal((3000, 2)), 2 * RNG.standard_normal((3000, 2))
    assert of_mmd(real, fake, 1.0) == pytest.approx(1 / 9, rel=0.1)
