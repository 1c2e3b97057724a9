from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.testing import assert_close

from gannet.data.base import Dataset, Truth, silent
from gannet.data.checkerboard import Checkerboard
from gannet.data.circles import Circles
from gannet.data.gmm import Gmm
from gannet.data.grid import Grid
from gannet.data.grid100 import Grid100
from gannet.data.moons import Moons
from gannet.data.pinwheel import Pinwheel
from gannet.data.ring import Ring
from gannet.data.spiral import Spiral
from gannet.data.swiss_roll import SwissRoll
from gannet.errors import UserError


def _density(truth: Truth, points: np.ndarray) -> np.ndarray:
    assert truth.log_density is not None
    return np.exp(truth.log_density(points))


def _means(dataset: Dataset) -> np.ndarray:
    assert dataset.truth.modes is not None
    return dataset.truth.modes.means


def test_ring_has_its_modes_on_the_circle() -> None:
    half = np.sqrt(2)  # 2 cos 45 degrees
    expected = [[2, 0], [half, half], [0, 2], [-half, half], [-2, 0], [-half, -half], [0, -2], [half, -half]]
    assert_close(_means(Ring().open(silent)), np.array(expected), rtol=0, atol=1e-12)


def test_grids_have_their_published_nodes() -> None:
    nodes = {(x, y) for x in (-4, -2, 0, 2, 4) for y in (-4, -2, 0, 2, 4)}
    assert {tuple(mean) for mean in _means(Grid().open(silent))} == nodes
    hundred = _means(Grid100().open(silent))
    assert len(hundred) == 100
    assert hundred.min() == -4.5
    assert hundred.max() == 4.5


def test_scale_of_the_grid_is_exact() -> None:
    dataset = Grid().open(silent)
    # Variance of {-4, -2, 0, 2, 4} is (16 + 4 + 0 + 4 + 16) / 5 = 8; plus sigma squared.
    assert_close(dataset.scale, np.sqrt(8 + 0.05**2), rtol=1e-12, atol=0)
    assert_close(dataset.form.encode(np.array([[2.0, -4.0]])), torch.tensor([[2.0, -4.0]]) / 8.0025**0.5)


def test_gmm_defaults_are_two_overlapping_modes() -> None:
    modes = Gmm().open(silent).truth.modes
    assert modes is not None
    assert_close(modes.means, np.array([[0.0, 0.0], [1.0, 1.0]]))
    assert_close(modes.covariances, np.stack([0.1 * np.eye(2)] * 2))
    assert_close(modes.weights, np.array([0.5, 0.5]))


def test_mixture_density_agrees_with_scipy() -> None:
    from scipy.stats import multivariate_normal

    matrix = ((0.5, 0.2), (0.2, 0.3))
    dataset = Gmm(means=((0, 0), (2, -1)), covariances=(0.25, matrix), weights=(3, 1)).open(silent)
    points = np.random.default_rng(0).normal(0, 2, (300, 2))
    expected = 0.75 * multivariate_normal([0, 0], 0.25 * np.eye(2)).pdf(points) + 0.25 * multivariate_normal(
        [2, -1], np.array(matrix)
    ).pdf(points)
    assert_close(_density(dataset.truth, points), expected, rtol=1e-9, atol=0)


def test_mixture_draws_have_the_asked_weights_and_covariance() -> None:
    dataset = Gmm(means=((0, 0), (50, 0)), covariances=(1.0, ((2.0, 1.2), (1.2, 1.0))), weights=(1, 3)).open(silent)
    points, labels = dataset.reference(100_000, seed=0)
    assert labels is not None
    assert_close(labels.mean(), 0.75, rtol=0, atol=0.01)
    assert_close(np.cov(points[labels == 1].T), np.array([[2.0, 1.2], [1.2, 1.0]]), rtol=0, atol=0.05)


def test_density_far_from_every_mode_does_not_underflow() -> None:
    # The nearest of the two modes is 10 away: -(100 / 0.2) - log(2 pi 0.1) - log 2.
    log_density = Gmm().open(silent).truth.log_density
    assert log_density is not None
    expected = -100 / 0.2 - np.log(2 * np.pi * 0.1) - np.log(2)
    assert_close(log_density(np.array([[-10.0, 0.0]])), np.array([expected]), rtol=1e-9, atol=0)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"means": ()}, "means is empty"),
        ({"covariances": (0.1, 0.1, 0.1)}, "3 covariances for 2 means"),
        ({"covariances": -1.0}, "not a positive variance"),
        ({"covariances": (0.1, ((1.0, 2.0), (2.0, 1.0)))}, "positive definite"),
        ({"covariances": (0.1, ((1.0, 0.5), (0.0, 1.0)))}, "symmetric"),
        ({"weights": (1.0,)}, "1 weights for 2 means"),
        ({"weights": (1.0, -1.0)}, "weight -1.0 is not a positive number"),
        ({"weights": (1.0, float("nan"))}, "weight nan"),
        ({"means": ((0.0, float("inf")), (1.0, 1.0))}, "finite"),
    ],
)
def test_gmm_refuses_wrong_lists(fields: dict[str, object], sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        Gmm(**fields)  # type: ignore[arg-type]


def test_gmm_reports_all_mistakes_at_once() -> None:
    with pytest.raises(UserError) as caught:
        Gmm(covariances=-1.0, weights=(1.0,))
    assert len(caught.value.problems) == 2


def test_circles_density_integrates_to_one() -> None:
    axis = np.linspace(-4, 4, 1001)
    points = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    mass = _density(Circles(noise=0.1).open(silent).truth, points).sum() * (axis[1] - axis[0]) ** 2
    assert_close(mass, np.float64(1), rtol=1e-6, atol=0)


def test_circles_density_counts_what_is_drawn() -> None:
    source = Circles(noise=0.2)
    dataset = source.open(silent)
    points, _ = dataset.reference(200_000, seed=0)
    box = (np.abs(points - [1.9, 0]) < 0.05).all(axis=1).mean()
    # The density hardly bends over a box of side 0.1, so mass = density at its centre x area; 5 standard errors are 4
    # %.
    assert_close(box, _density(dataset.truth, np.array([[1.9, 0.0]]))[0] * 0.01, rtol=0.1, atol=0)


def test_checkerboard_is_uniform_on_dark_squares() -> None:
    dataset = Checkerboard().open(silent)
    log_density = dataset.truth.log_density
    assert log_density is not None
    dark, light, outside = [-3.0, -3.0], [-1.0, -3.0], [5.0, 0.0]
    assert_close(
        log_density(np.array([dark, light, outside])), np.array([-np.log(32), -np.inf, -np.inf])
    )  # 8 squares of area 4
    points, labels = dataset.reference(50_000, seed=0)
    assert labels is not None
    assert np.isfinite(log_density(points)).all()
    assert_close(np.bincount(labels) / len(labels), np.full(8, 0.125), rtol=0, atol=0.01)


@pytest.mark.parametrize("rows", [3, 5])
def test_odd_checkerboards_draw_only_dark_squares(rows: int) -> None:
    dataset = Checkerboard(rows=rows).open(silent)
    points, labels = dataset.reference(20_000, seed=0)
    assert dataset.truth.log_density is not None
    assert np.isfinite(dataset.truth.log_density(points)).all()
    assert labels is not None
    assert len(np.unique(labels)) == (rows**2 + 1) // 2


def test_curves_without_noise_lie_where_their_formula_says() -> None:
    points, moon = Moons(noise=0).open(silent).reference(500, seed=0)
    assert moon is not None
    centres = np.where(moon[:, None] == 0, [0, 0], [1, 0.5])
    assert_close(np.linalg.norm(points - centres, axis=1), np.ones(500), rtol=0, atol=1e-5)
    assert (points[moon == 0, 1] >= -1e-6).all()
    assert (points[moon == 1, 1] <= 0.5 + 1e-6).all()

    roll, _ = SwissRoll(noise=0, radius=3).open(silent).reference(500, seed=0)
    distance = np.linalg.norm(roll, axis=1)
    turn = distance * 4.5 * np.pi / 3
    assert_close(
        roll, np.stack([np.cos(turn), np.sin(turn)], axis=1) * distance[:, None], rtol=0, atol=1e-4, check_dtype=False
    )
    assert 1 <= distance.min() < distance.max() <= 3 + 1e-5

    spiral, arm = Spiral(noise=0, arms=3, turns=0, radius=5).open(silent).reference(500, seed=0)
    assert arm is not None
    expected = np.array([0, 2 * np.pi / 3, -2 * np.pi / 3])[arm]
    assert_close(np.arctan2(spiral[:, 1], spiral[:, 0]), expected, rtol=0, atol=1e-4, check_dtype=False)
    # With t^2 uniform, half of the points are inside 5 / sqrt(2); the share of 500 has a standard error of 0.022.
    assert_close((np.linalg.norm(spiral, axis=1) < 5 / np.sqrt(2)).mean(), 0.5, rtol=0, atol=0.1)


def test_straight_pinwheel_has_gaussian_blades() -> None:
    points, blade = Pinwheel(bend=0, arms=4, radius=2).open(silent).reference(40_000, seed=0)
    assert blade is not None
    first, second = points[blade == 0], points[blade == 1]
    assert_close(first.mean(0), np.array([2.0, 0.0]), rtol=0, atol=0.03, check_dtype=False)
    assert_close(first.std(0), np.array([0.6, 0.1]), rtol=0.05, atol=0, check_dtype=False)
    assert_close(second.mean(0), np.array([0.0, 2.0]), rtol=0, atol=0.03, check_dtype=False)


def test_arguments_change_the_hash() -> None:
    hashes = {
        source.open(silent).content_hash for source in (Ring(), Ring(count=9), Ring(sigma=0.03), Grid(), Grid100())
    }
    assert len(hashes) == 5


def test_reference_differs_from_training_batches() -> None:
    dataset = Ring().open(silent)
    batch, _ = dataset.batch(64, seed=0, position=0, device=torch.device("cpu"))
    assert not np.allclose(dataset.form.decode(batch), dataset.reference(64, seed=0)[0])
