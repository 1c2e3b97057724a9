"""Metrics over modes, on a set small enough to count by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gannet.data.base import Modes, Truth
from gannet.errors import UserError
from gannet.metrics.base import Metric, Samples, as_estimate
from gannet.metrics.modes import HighQuality, ModeBalance, ModesCaptured, ReverseKL, Spread
from gannet.testing.metric_data import RING, RING_SIGMA

# Three modes on a line; the second is long in y (sigma 1 by 4), the weights differ.
THREE = Truth(
    Modes(
        np.array([[0.0, 0.0], [100.0, 0.0], [200.0, 0.0]]),
        np.array([np.eye(2), np.diag([1.0, 16.0]), np.eye(2)]),
        np.array([0.5, 0.25, 0.25]),
    )
)
# Mode 0: distances 0, 2.9, 2.9, 0 -> four good. Mode 1: (100, 11) is 11/4 = 2.75 sigma away, good; (104, 0) is 4, not.
# Mode 2: (200, 11) is 11 sigma away, not good; nothing else. (50, 1) belongs nowhere. Two more copies of mode 1's
# centre.
POINTS = np.array(
    [[0, 0], [2.9, 0], [0, -2.9], [0, 0], [100, 11], [104, 0], [200, 11], [50, 1], [100, 0], [100, 0]],
    dtype=np.float64,
)


def value(metric: Metric, fake: np.ndarray, truth: Truth) -> float:
    return as_estimate(metric.compute(Samples(fake, fake, truth), np.random.default_rng(0))).value


def on_modes(per_mode: list[int]) -> np.ndarray:
    assert RING.modes is not None
    return np.repeat(RING.modes.means, per_mode, axis=0)


def ring_points(sigma: float, count: int = 8000) -> np.ndarray:
    assert RING.modes is not None
    rng = np.random.default_rng(7)
    return RING.modes.means[np.arange(count) % 8] + sigma * rng.standard_normal((count, 2))


def test_counted_by_hand() -> None:
    assert value(ModesCaptured(), POINTS, THREE) == 2
    assert value(ModesCaptured(at_least=4), POINTS, THREE) == 1
    assert value(HighQuality(), POINTS, THREE) == pytest.approx(7 / 10)
    # q = (4/7, 3/7, 0) among the seven good points.
    expected = 4 / 7 * math.log((4 / 7) / 0.5) + 3 / 7 * math.log((3 / 7) / 0.25)
    assert value(ReverseKL(), POINTS, THREE) == pytest.approx(expected, rel=1e-12)


def test_radius_is_a_parameter() -> None:
    assert value(HighQuality(sigmas=2.8), POINTS, THREE) == pytest.approx(5 / 10)
    assert value(HighQuality(sigmas=11.0), POINTS, THREE) == pytest.approx(9 / 10)


def test_true_samples_are_989_per_mille_high_quality() -> None:
    # 1 - exp(-9/2), the chi-squared law with two degrees of freedom; 8,000 draws: sigma 0.0012.
    assert value(HighQuality(), ring_points(RING_SIGMA), RING) == pytest.approx(1 - math.exp(-4.5), abs=0.005)


@pytest.mark.parametrize("kept", [1, 2, 4, 8])
def test_reverse_kl_of_dropped_modes_is_log_m_over_k(kept: int) -> None:
    fake = on_modes([40] * kept + [0] * (8 - kept))
    assert value(ReverseKL(), fake, RING) == pytest.approx(math.log(8 / kept), abs=1e-12)


def test_reverse_kl_is_the_reverse_one() -> None:
    # Shares (7, 1)/8 against (1, 1)/2: q log(q/p). The other direction would be 0.413.
    two = Truth(Modes(np.array([[0.0, 0], [9, 0]]), np.array([np.eye(2)] * 2), np.array([0.5, 0.5])))
    fake = np.repeat([[0.0, 0], [9, 0]], [14, 2], axis=0)
    assert value(ReverseKL(), fake, two) == pytest.approx(7 / 8 * math.log(7 / 4) + 1 / 8 * math.log(1 / 4), rel=1e-12)


def test_reverse_kl_ignores_points_of_low_quality() -> None:
    fake = np.concatenate([on_modes([10] * 8), np.zeros((500, 2))])
    assert value(ReverseKL(), fake, RING) == pytest.approx(0, abs=1e-12)


def test_reverse_kl_without_any_good_point_is_its_worst_and_says_so() -> None:
    with pytest.warns(UserWarning, match="worst possible"):
        assert value(ReverseKL(), np.zeros((50, 2)), RING) == pytest.approx(math.log(8))
    with pytest.warns(UserWarning, match="worst possible"):
        assert value(ReverseKL(), np.full((50, 2), 50.0), THREE) == pytest.approx(math.log(4))


@pytest.mark.parametrize("factor", [0.1, 0.5, 1.0, 1.5])
def test_spread_is_the_factor(factor: float) -> None:
    # 1,000 points a mode: 0.7 / sqrt(1000) = 2 % a mode, about 1 % for the median of 8; 3 % is three of these.
    assert value(Spread(), ring_points(factor * RING_SIGMA), RING) == pytest.approx(factor, rel=0.03)


def test_spread_is_not_moved_by_strays_shift_or_unserved_modes() -> None:
    good = ring_points(RING_SIGMA)
    strays = ring_points(8 * RING_SIGMA)[:400]
    assert value(Spread(), np.concatenate([good, strays]), RING) == pytest.approx(1, abs=0.08)
    assert value(Spread(), good + np.array([2 * RING_SIGMA, 0]), RING) == pytest.approx(1, abs=0.04)
    assert value(Spread(), np.concatenate([good[::8], good[1::8][:5] * 1.02]), RING) == pytest.approx(1, abs=0.08)


@pytest.mark.slow
def test_spread_is_unbiased_where_modes_have_few_points() -> None:
    # 25 points in each of 400 modes, 5 times: standard error 0.14 x 1.25 / sqrt(2000) = 0.4 %; uncorrected it reads 2.6
    # % low.
    means = 100.0 * np.stack(np.meshgrid(np.arange(20), np.arange(20)), axis=-1).reshape(-1, 2)
    truth = Truth(Modes(means, np.tile(np.eye(2), (400, 1, 1)), np.full(400, 1 / 400)))
    rng = np.random.default_rng(0)
    values = [value(Spread(), np.repeat(means, 25, axis=0) + rng.standard_normal((10_000, 2)), truth) for _ in range(5)]
    assert np.mean(values) == pytest.approx(1, abs=0.013)


def test_spread_whitens_by_the_covariance() -> None:
    rng = np.random.default_rng(1)
    covariance = np.array([[4.0, 1.9], [1.9, 1.0]])
    truth = Truth(Modes(np.zeros((1, 2)), covariance[None], np.ones(1)))
    fake = rng.multivariate_normal([0, 0], covariance, size=4000)
    assert value(Spread(), fake, truth) == pytest.approx(1, abs=0.04)
    assert value(HighQuality(), fake, truth) == pytest.approx(1 - math.exp(-4.5), abs=0.008)


def test_spread_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="20 points"):
        value(Spread(), np.zeros((500, 2)), RING)


def test_modes_without_weight_do_not_count() -> None:
    assert THREE.modes is not None
    two = Truth(Modes(THREE.modes.means, THREE.modes.covariances, np.array([0.5, 0.0, 0.5])))
    assert value(ModesCaptured(), POINTS, two) == 1
    assert value(ReverseKL(), POINTS, two) == pytest.approx(math.log(2))


def test_modes_must_be_known() -> None:
    for metric in (ModesCaptured(), HighQuality(), ReverseKL(), Spread()):
        with pytest.raises(UserError, match="modes are known"):
            value(metric, POINTS, Truth())


def test_spread_is_the_median_over_modes() -> None:
    """Five modes of right width and three ten times too narrow: the median is right, a mean would read 0.66."""
    sigmas = RING_SIGMA * np.where(np.arange(8000) % 8 < 5, 1.0, 0.1)
    assert value(
        Spread(), ring_points(0.0) + sigmas[:, None] * np.random.default_rng(3).standard_normal((8000, 2)), RING
    ) == pytest.approx(1, abs=0.06)


def test_mode_balance_by_hand() -> None:
    # Of seven good points 4/7, 3/7, 0 are on the modes; the truth is 1/2, 1/4, 1/4: 1/2 + 1/4 + 0.
    assert value(ModeBalance(), POINTS, THREE) == pytest.approx(0.75)
    # Shares 1/2, 0, 1/2 where the truth is 1/2, 1/4, 1/4.
    fake = np.repeat([[0.0, 0.0], [200.0, 0.0]], 10, axis=0)
    assert value(ModeBalance(), fake, THREE) == pytest.approx(0.75)


@pytest.mark.parametrize("kept", [1, 2, 4, 8])
def test_mode_balance_of_dropped_modes_is_their_share(kept: int) -> None:
    fake = np.concatenate([on_modes([40] * kept + [0] * (8 - kept)), np.zeros((100, 2))])
    assert value(ModeBalance(), fake, RING) == pytest.approx(kept / 8)


def test_mode_balance_of_true_samples_reads_what_its_page_says() -> None:
    """1 - E TV with E|q_m - p_m| = sqrt(2 p (1 - p) / (pi n)): 0.9789 for 8 modes and 2,500 points."""
    rng = np.random.default_rng(0)
    found = [value(ModeBalance(), on_modes(list(rng.multinomial(2500, [1 / 8] * 8))), RING) for _ in range(50)]
    expected = 1 - 4 * math.sqrt(2 * 7 / 64 / (math.pi * 2500))
    assert np.mean(found) == pytest.approx(expected, abs=4 * np.std(found, ddof=1) / math.sqrt(50))


def test_mode_balance_without_any_good_point_is_0_and_says_so() -> None:
    with pytest.warns(UserWarning, match="worst possible"):
        assert value(ModeBalance(), np.zeros((50, 2)), RING) == 0
