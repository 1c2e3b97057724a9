"""W1, W2 and sliced W: closed forms, and other programs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from gannet.data.base import Truth
from gannet.errors import UserError
from gannet.metrics.base import Metric, Samples, as_estimate
from gannet.metrics.wasserstein import SlicedWasserstein, Wasserstein1, Wasserstein2, thinned, wasserstein_1d

RNG = np.random.default_rng(11)
CLOUD = RNG.standard_normal((400, 2)) * [1.0, 3.0]


def value(metric: Metric, real: np.ndarray, fake: np.ndarray, seed: int = 0) -> float:
    return as_estimate(metric.compute(Samples(real, fake, Truth()), np.random.default_rng(seed))).value


@pytest.mark.parametrize("shift", [(3.0, 4.0), (0.01, 0.0)])
@pytest.mark.parametrize("metric", [Wasserstein1(), Wasserstein2()])
def test_shift_costs_its_length(metric: Metric, shift: tuple[float, float]) -> None:
    # Exact for the two finite sets: the mean displacement bounds W1 from below, moving each point attains it.
    assert value(metric, CLOUD, CLOUD + np.array(shift)) == pytest.approx(math.hypot(*shift), rel=1e-9)


def test_w2_between_gaussians() -> None:
    """|b|^2 + |S1^(1/2) - S2^(1/2)|^2 for commuting covariances, attained exactly by sets with exactly these moments.

    y = A x + b with A symmetric and positive is the gradient of a convex function, so it is the optimal map of the
    sets.
    """
    white = CLOUD - CLOUD.mean(axis=0)
    white = white @ np.linalg.inv(np.linalg.cholesky(white.T @ white / len(white))).T  # mean 0, covariance I
    stretch, shift = np.array([[2.0, 0.5], [0.5, 1.0]]), np.array([1.0, -2.0])
    expected = math.sqrt(shift @ shift + np.square(stretch - np.eye(2)).sum())
    assert value(Wasserstein2(), white, white @ stretch + shift) == pytest.approx(expected, rel=1e-9)


def test_w2_is_a_root() -> None:
    real, fake = np.zeros((10, 2)), np.zeros((10, 2))
    fake[0] = [10.0, 0.0]
    assert value(Wasserstein1(), real, fake) == pytest.approx(1.0)
    assert value(Wasserstein2(), real, fake) == pytest.approx(math.sqrt(10.0))


def test_against_the_assignment_of_scipy() -> None:
    fake = RNG.standard_normal((400, 2))
    for metric, power in ((Wasserstein1(), 1), (Wasserstein2(), 2)):
        cost = cdist(CLOUD, fake) ** power
        expected = cost[linear_sum_assignment(cost)].mean() ** (1 / power)
        assert value(metric, CLOUD, fake) == pytest.approx(expected, rel=1e-9)


def test_unequal_sizes_by_hand() -> None:
    # Twenty points at 0 and 10 at 3 against all at 0: a third of the mass moves by 3.
    real = np.repeat([[0.0, 0.0], [3.0, 0.0]], [20, 10], axis=0)
    assert value(Wasserstein1(), real, np.zeros((11, 2))) == pytest.approx(1.0)
    assert value(Wasserstein2(), real, np.zeros((11, 2))) == pytest.approx(math.sqrt(3.0))


def test_large_sets_are_thinned_alike_in_any_order() -> None:
    metric, real, fake = Wasserstein1(max_points=100), CLOUD, CLOUD + 1.0
    first = value(metric, real, fake, seed=1)
    assert first == value(metric, RNG.permutation(real), RNG.permutation(fake), seed=1)
    assert first != value(metric, real, fake, seed=2)
    assert first == pytest.approx(math.sqrt(2), abs=0.6)


def test_one_dimension_against_scipy() -> None:
    for n, m in ((50, 50), (50, 75), (13, 7), (10, 1000)):
        first, second = RNG.standard_normal((n, 3)), RNG.exponential(size=(m, 3))
        expected = [wasserstein_distance(first[:, k], second[:, k]) for k in range(3)]
        np.testing.assert_allclose(wasserstein_1d(first, second), expected, rtol=1e-12)


def test_sliced_shift_is_two_over_pi() -> None:
    # 10,000 directions: the mean of |cos| has a standard error of 0.3 / 100 / 0.64 = 0.5 %.
    assert value(SlicedWasserstein(projections=10_000), CLOUD, CLOUD + np.array([3.0, 4.0])) == pytest.approx(
        10 / math.pi, rel=0.02
    )


def test_sliced_against_pot() -> None:
    import ot

    from gannet.seeding import numpy_rng

    metric, fake = SlicedWasserstein(), RNG.standard_normal((300, 2))
    directions = numpy_rng(metric.directions_seed, "sliced_w", 2).standard_normal((2, metric.projections))
    expected = ot.sliced_wasserstein_distance(
        CLOUD, fake, p=1, projections=directions / np.linalg.norm(directions, axis=0)
    )
    assert value(metric, CLOUD, fake) == pytest.approx(float(expected), rel=1e-9)


def test_sliced_on_pictures_is_in_units_of_the_full_range() -> None:
    """All d pixels brighter by c: c sqrt(d) E|theta_1|, with sqrt(d) E|theta_1| -> sqrt(2/pi) for large d."""
    real = RNG.integers(0, 200, (30, 12, 12, 3), dtype=np.uint8)
    got = value(SlicedWasserstein(projections=4000), real, real + np.uint8(51))
    assert got == pytest.approx(0.2 * math.sqrt(2 / math.pi), rel=0.04)


def test_fixed_directions_do_not_follow_the_seed_of_the_measurement() -> None:
    fake = CLOUD[::2] * 2
    assert value(SlicedWasserstein(), CLOUD, fake, seed=1) == value(SlicedWasserstein(), CLOUD, fake, seed=2)
    assert value(SlicedWasserstein(directions_seed=1), CLOUD, fake) != value(SlicedWasserstein(), CLOUD, fake)


def test_unfinished_transport_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    import ot

    solve = ot.emd2
    monkeypatch.setattr(ot, "emd2", lambda a, b, cost, numItermax: solve(a, b, cost, numItermax=3))  # noqa: N803
    with pytest.raises(UserError, match="did not finish"):
        value(Wasserstein1(), CLOUD, RNG.standard_normal((400, 2)))


def test_thinned_points_are_different_ones_in_an_order_without_meaning() -> None:
    found = thinned(CLOUD, 100, np.random.default_rng(0))
    assert len(np.unique(found, axis=0)) == 100
    assert {tuple(row) for row in found} <= {tuple(row) for row in CLOUD}
    # Intervals are made of its tenths, which must not be neighbourhoods.
    assert abs(np.corrcoef(found[:, 0], np.arange(100))[0, 1]) < 0.3
    assert thinned(CLOUD, 400, np.random.default_rng(0)) is CLOUD
