"""C_T, FD at infinity, energy distance, likelihood, class histogram and power spectrum against closed forms and
scipy.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gannet.data.base import Truth
from gannet.metrics import frechet
from gannet.metrics.base import Estimate, Samples, as_estimate
from gannet.metrics.classes import ClassHistogram, class_shares
from gannet.metrics.energy_distance import EnergyDistance
from gannet.metrics.frechet import FrechetDistanceAtInfinity, at_zero, frechet_distance
from gannet.metrics.memorisation import DataCopying, mann_whitney_z
from gannet.metrics.nll import NegativeLogLikelihood
from gannet.metrics.power_spectrum import PowerSpectrumDistance, power_spectrum
from gannet.testing.metric_data import gaussian_truth

RNG = np.random.default_rng


def test_energy_distance_is_the_square_of_scipys_on_a_line() -> None:
    first, second = RNG(0).standard_normal(300), 0.5 + 2 * RNG(1).standard_normal(200)
    on_a_line = Samples(np.stack([first, 0 * first], axis=1), np.stack([second, 0 * second], axis=1), Truth())
    expected = stats.energy_distance(first, second) ** 2
    assert as_estimate(EnergyDistance().compute(on_a_line, RNG(0))).value == pytest.approx(expected, rel=1e-6)
    apart = Samples(np.zeros((10, 2)), np.tile([3.0, 4.0], (10, 1)), Truth())
    assert as_estimate(EnergyDistance().compute(apart, RNG(0))).value == pytest.approx(10)


@pytest.mark.parametrize(("scale", "expected"), [(1.0, 1 + np.log(2 * np.pi * 4)), (0.5, 0.25 + np.log(2 * np.pi * 4))])
def test_likelihood_of_a_gaussian(scale: float, expected: float) -> None:
    """-E log N(x; 0, s^2 I_2) for x ~ N(0, (scale s)^2 I_2) is scale^2 + log(2 pi s^2); at s = 2 and scale 1 the
    entropy.
    """
    points = 2 * scale * RNG(0).standard_normal((20_000, 2))
    result = NegativeLogLikelihood().compute(Samples(points, points, gaussian_truth(np.zeros((1, 2)), 2.0)), RNG(0))
    assert isinstance(result, Estimate)
    # The summand has the standard deviation scale^2, for |x|^2 / 2 s^2 is exponential.
    assert result.value == pytest.approx(expected, abs=4 * scale**2 / np.sqrt(20_000))
    assert result.ci95[1] - result.value == pytest.approx(1.96 * scale**2 / np.sqrt(20_000), rel=0.05)


def test_mann_whitney_as_in_scipy() -> None:
    first, second = RNG(0).integers(0, 50, 60).astype(float), RNG(1).integers(5, 60, 80).astype(float)
    larger = stats.mannwhitneyu(first, second).statistic
    expected = (larger - 60 * 80 / 2) / np.sqrt(60 * 80 * 141 / 12)
    assert mann_whitney_z(first, second) == pytest.approx(expected, rel=1e-9)
    assert mann_whitney_z(np.array([3.0, 4]), np.array([1.0, 2])) == pytest.approx(2 / np.sqrt(4 * 5 / 12))


def copying(fake: np.ndarray) -> float:
    train, held_out = RNG(0).standard_normal((400, 2)), RNG(1).standard_normal((400, 2))
    value = DataCopying().compute(Samples(train, fake, Truth(), held_out=held_out), RNG(0))
    assert isinstance(value, float)
    return value


def test_copies_are_far_below_0_and_noise_far_above() -> None:
    train = RNG(0).standard_normal((400, 2))
    assert abs(copying(RNG(2).standard_normal((400, 2)))) < 3
    assert copying(3 * RNG(2).standard_normal((400, 2))) > 3
    with pytest.warns(UserWarning, match="nearer to the training samples"):
        nearly = copying(train + 1e-3 * RNG(3).standard_normal((400, 2)))
    with pytest.warns(UserWarning, match="nearer"):
        # Every copy is nearer than every held-out sample: U = 0, so z is the lowest there is.
        assert copying(train) == pytest.approx(-np.sqrt(3 * 400 * 400 / 801))
    assert nearly < -15


def test_line_to_infinity() -> None:
    assert at_zero(np.array([1.0, 2, 4]), np.array([5.0, 7, 11])) == (pytest.approx(3), pytest.approx(1))
    intercept, r_squared = at_zero(np.array([-1.0, 0, 1]), np.array([1.0, 0, 1]))
    assert (intercept, r_squared) == (pytest.approx(2 / 3), pytest.approx(0))
    assert at_zero(np.array([1.0, 2, 3]), np.ones(3))[0] == pytest.approx(1)


def test_bias_of_few_samples_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between N(0, I) and N(m, I) in 20 dimensions FD is |m|^2 = 4; with 300 samples a side it reads more."""
    monkeypatch.setattr(frechet, "features", lambda name, images: images.reshape(len(images), -1) / 16 - 8)
    shift = np.sqrt(4 / 20)
    sets = [
        np.clip(16 * (8 + RNG(i).standard_normal((300, 4, 5, 1)) + shift * i), 0, 255).astype(np.uint8)
        for i in range(2)
    ]
    biased = frechet_distance(*(rows.reshape(300, -1) / 16 - 8 for rows in sets))
    with pytest.warns(UserWarning, match=r"R\^2 of the line of FD-infinity"):
        value = FrechetDistanceAtInfinity().compute(Samples(sets[0], sets[1], Truth()), RNG(0))
    assert biased - 4 > 0.3
    assert abs(value - 4) < (biased - 4) / 2
    again = FrechetDistanceAtInfinity().compute(Samples(sets[0], sets[1], Truth()), RNG(0))
    assert again == value


def test_half_of_the_digits() -> None:
    """The real set has all ten about equally often; without five of them half of the mass is elsewhere."""
    from sklearn.datasets import load_digits

    levels, labels = load_digits(return_X_y=True)
    images = np.rint(levels * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8, 1)
    metric = ClassHistogram("digits-cnn-v1")
    with pytest.warns(UserWarning, match="less than a quarter as often as they should: 5, 6, 7, 8, 9"):
        value = as_estimate(metric.compute(Samples(images, images[labels < 5], Truth()), RNG(0))).value
    assert value == pytest.approx((labels >= 5).mean(), abs=0.01)
    assert as_estimate(metric.compute(Samples(images[::2], images[1::2], Truth()), RNG(0))).value == pytest.approx(
        0, abs=0.03
    )


def test_spectrum_by_hand() -> None:
    """A constant has all its power at 0: c^2 times the number of pixels; a wave of amplitude a puts a^2 pixels / 4
    on two points.
    """
    constant = power_spectrum(np.full((3, 8, 12, 3), 50, np.uint8))
    np.testing.assert_allclose(constant, [50**2 * 96, 0, 0, 0, 0], atol=1e-6)
    wave = np.rint(100 + 60 * np.cos(2 * np.pi * 2 * np.arange(8) / 8)).astype(np.uint8)
    spectrum = power_spectrum(np.tile(wave[None, None, :, None], (2, 8, 1, 1)))
    # Of an 8 x 8 grid, the points whose distance from 0 rounds to 2: (0, 2), (1, 2), (2, 1), ... 12 of them.
    np.testing.assert_allclose(spectrum, [100**2 * 64, 0, 2 * 60**2 * 64 / 4 / 12, 0, 0], atol=1e-6)


def test_twice_the_contrast_is_four_times_the_power() -> None:
    noise = RNG(0).integers(0, 101, (200, 16, 16, 1), dtype=np.uint8)
    value = PowerSpectrumDistance().compute(Samples(noise, 2 * noise, Truth()), RNG(0)).value
    assert value == pytest.approx(np.log(4), rel=1e-3)


def test_shares_of_classes_by_hand() -> None:
    np.testing.assert_array_equal(class_shares(np.array([0, 2, 2, 3]), 5), [0.25, 0, 0.5, 0.25, 0])


def test_the_sets_of_the_line_to_infinity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sizes from a fifth to all, even in 1 / n; rows are never twice in a set, all of them are in the largest, and the
    small sets are chosen again."""
    chosen: list[np.ndarray] = []
    lines: list[np.ndarray] = []
    monkeypatch.setattr(frechet, "features", lambda name, images: images.reshape(len(images), -1)[:, :2].astype(float))
    monkeypatch.setattr(frechet, "frechet_distance", lambda real, fake: chosen.append(fake) or float(len(fake)))
    monkeypatch.setattr(frechet, "at_zero", lambda x, y: lines.append(x) or (0.0, 1.0))
    images = np.arange(2 * 100 * 64, dtype=np.uint64).reshape(2, 100, 8, 8, 1)
    images = (images * 7919 % 251).astype(np.uint8)
    with pytest.warns(UserWarning, match=r"R\^2"):
        FrechetDistanceAtInfinity(sizes=5).compute(Samples(images[0], images[1], Truth()), RNG(0))
    assert [len(rows) for rows in chosen] == [20, 25, 33, 50, 100]
    np.testing.assert_allclose(lines[0], [1 / len(rows) for rows in chosen])
    assert all(len(np.unique(rows, axis=0)) == len(rows) for rows in chosen)
    first, second = ({tuple(row) for row in rows} for rows in chosen[:2])
    assert not first <= second


def test_likelihood_of_few_points_by_hand() -> None:
    """-log p = 1 ... 10: mean 5.5, deviation with divisor n - 1 3.0277."""
    points = np.stack([np.arange(1.0, 11.0), np.zeros(10)], axis=1)
    result = NegativeLogLikelihood().compute(Samples(points, points, Truth(None, lambda rows: -rows[:, 0])), RNG(0))
    half = 1.959964 * 3.0276503540974917 / np.sqrt(10)
    assert result.value == pytest.approx(5.5)
    assert result.ci95 == pytest.approx((5.5 - half, 5.5 + half))
