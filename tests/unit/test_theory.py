"""The theory against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gannet.errors import UserError
from gannet.theory.divergences import histogram, jensen_shannon, kullback_leibler, reverse_kullback_leibler
from gannet.theory.earth_mover import plan_between_histograms, plan_between_points
from gannet.theory.game import game_value, generator_cost, optimal_discriminator

RNG = np.random.default_rng(14)


def gaussian(x: np.ndarray, mean: float, sigma: float) -> np.ndarray:
    return np.exp(-np.square(x - mean) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))


def test_kl_both_ways_between_gaussians() -> None:
    """log(s2 / s1) + (s1^2 + (m1 - m2)^2) / (2 s2^2) - 1/2, on a grid fine and wide enough for six digits."""
    x = np.linspace(-30, 30, 20_001)
    p, q = histogram(gaussian(x, 0, 1)), histogram(gaussian(x, 1, 2))
    assert kullback_leibler(p, q) == pytest.approx(math.log(2) + 2 / 8 - 0.5, rel=1e-6)
    assert reverse_kullback_leibler(p, q) == pytest.approx(-math.log(2) + 5 / 2 - 0.5, rel=1e-6)


def test_js_lies_between_0_and_log_2() -> None:
    disjoint = np.array([0.5, 0.5, 0, 0]), np.array([0, 0, 0.25, 0.75])
    assert jensen_shannon(*disjoint) == pytest.approx(math.log(2), rel=1e-15)
    assert kullback_leibler(*disjoint) == math.inf
    for _ in range(200):
        p, q = RNG.dirichlet(np.full(6, 0.1)), RNG.dirichlet(np.full(6, 0.1))
        assert 0 <= jensen_shannon(p, q) <= math.log(2)
        assert jensen_shannon(p, p) == 0
    # p = (1, 0) and q = (1/2, 1/2): m = (3/4, 1/4).
    by_hand = (math.log(4 / 3) + 0.5 * math.log(2 / 3) + 0.5 * math.log(2)) / 2
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.5, 0.5])) == pytest.approx(by_hand, rel=1e-14)


def test_optimal_discriminator() -> None:
    np.testing.assert_allclose(
        optimal_discriminator(np.array([3.0, 0, 2, 0]), np.array([1.0, 2, 0, 0])), [0.75, 0, 1, 0.5]
    )
    # Two unit Gaussians at +1 and -1: the log odds are 2 x.
    x = np.linspace(-3, 3, 13)
    np.testing.assert_allclose(
        optimal_discriminator(gaussian(x, 1, 1), gaussian(x, -1, 1)), 1 / (1 + np.exp(-2 * x)), rtol=1e-12
    )


def test_the_generators_cost_is_the_games_value_at_the_best_discriminator() -> None:
    for _ in range(20):
        p, q = RNG.dirichlet(np.ones(8)), RNG.dirichlet(np.ones(8))
        best = optimal_discriminator(p, q)
        assert generator_cost(p, q) == pytest.approx(game_value(p, q, best), rel=1e-10)
        worse = np.clip(best + RNG.uniform(-0.1, 0.1, 8), 0.01, 0.99)
        assert game_value(p, q, worse) < game_value(p, q, best)
    assert generator_cost(p, p) == pytest.approx(-math.log(4))
    assert generator_cost(np.array([1.0, 0]), np.array([0, 1.0])) == pytest.approx(0, abs=1e-15)
    assert game_value(np.array([1.0, 0]), np.array([0, 1.0]), np.array([0.0, 0.0])) == -math.inf


def test_plan_of_a_shifted_histogram() -> None:
    """All mass two bins further: W1 = 2 bins, W2^2 = 4, the plan is one diagonal."""
    p = np.array([0.2, 0.5, 0.3, 0, 0])
    q = np.roll(p, 2)
    for power in (1, 2):
        plan = plan_between_histograms(10 * p, q, power=power)
        assert plan.cost == pytest.approx(2**power)
        np.testing.assert_allclose(plan.mass.sum(axis=1), p, atol=1e-12)
        np.testing.assert_allclose(plan.mass.sum(axis=0), q, atol=1e-12)
    # Only for the square is it expensive to move some mass far and to leave other mass where it is.
    np.testing.assert_allclose(plan.mass, np.diag([0.2, 0.5, 0.3], k=2), atol=1e-12)


def test_plan_in_one_dimension_is_the_gap_of_the_distribution_functions() -> None:
    places = np.sort(RNG.uniform(0, 5, 12))
    p, q = RNG.dirichlet(np.ones(12)), RNG.dirichlet(np.ones(12))
    expected = (np.abs(np.cumsum(p - q))[:-1] * np.diff(places)).sum()
    assert plan_between_histograms(p, q, places).cost == pytest.approx(expected, rel=1e-9)


def test_plan_between_points() -> None:
    points = RNG.standard_normal((30, 2))
    moved = RNG.permutation(points) + np.array([3.0, 4.0])
    assert plan_between_points(points, moved).cost == pytest.approx(5)
    assert plan_between_points(points, moved, power=2).cost == pytest.approx(25)
    # One against two at distances 1 and 3: half goes each way.
    plan = plan_between_points(np.zeros((1, 2)), np.array([[1.0, 0], [0, 3]]))
    np.testing.assert_allclose(plan.mass, [[0.5, 0.5]])
    np.testing.assert_allclose(plan.distances, [[1, 3]])
    assert plan.cost == pytest.approx(2)


def test_refusals() -> None:
    for wrong in (np.array([-1.0, 2]), np.zeros(3), np.array([np.nan, 1])):
        with pytest.raises(UserError, match="histogram"):
            histogram(wrong)
    with pytest.raises(UserError, match="bins"):
        plan_between_histograms(np.ones(3), np.ones(4))
    with pytest.raises(UserError, match="not empty"):
        plan_between_points(np.zeros((0, 2)), np.ones((3, 2)))
    with pytest.raises(UserError, match="finite"):
        plan_between_points(np.full((2, 2), np.nan), np.ones((3, 2)))
    with pytest.raises(UserError, match="too large"):
        plan_between_points(np.zeros((3000, 2)), np.ones((3000, 2)))
