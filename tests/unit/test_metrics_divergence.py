"""JS and KL against quadrature and sums done by hand, within budgets for cells, smoothing and sampling."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from gannet.data.base import Truth
from gannet.errors import UserError
from gannet.metrics.base import Metric, Samples, as_estimate
from gannet.metrics.divergences import JensenShannon, KLDataModel, KLModelData, smoothed
from gannet.metrics.partition import partition
from gannet.testing.metric_data import gaussian_truth
from gannet.theory.divergences import jensen_shannon, kullback_leibler

ONE = gaussian_truth(np.zeros((1, 2)), 1.0)
ANGLES = 2 * np.pi * np.arange(8) / 8
RING = gaussian_truth(np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1), 0.01)
HALF_OFF = (0.5 * math.log(2 / 3) + 0.5 * math.log(2) + math.log(4 / 3)) / 2
"""JS between p and a q that is p on half of its mass, twice as dense; or half p and half elsewhere: 0.2158."""


def value(metric: Metric, fake: np.ndarray, truth: Truth, real: np.ndarray | None = None) -> float:
    return as_estimate(
        metric.compute(Samples(fake if real is None else real, fake, truth), np.random.default_rng(0))
    ).value


def gaussian(count: int, *, shift: float = 0.0, sigma: float = 1.0, seed: int = 0) -> np.ndarray:
    return sigma * np.random.default_rng(seed).standard_normal((count, 2)) + np.array([shift, 0.0])


def ring(count: int, *, modes: int = 8, sigma: float = 0.01, seed: int = 0) -> np.ndarray:
    assert RING.modes is not None
    rng = np.random.default_rng(seed)
    return RING.modes.means[rng.integers(modes, size=count)] + sigma * rng.standard_normal((count, 2))


def js_of_shifted_normals(shift: float) -> float:
    def term(x: float) -> float:
        p, q = norm.pdf(x), norm.pdf(x - shift)
        return 0.5 * (p * math.log(2 * p / (p + q)) + q * math.log(2 * q / (p + q)))

    return quad(term, -12, 12 + shift, limit=200)[0]


@pytest.mark.parametrize("shift", [0.5, 1.0, 2.0])
def test_shifted_gaussian(shift: float) -> None:
    """A shift s of the standard normal: both KL are s^2 / 2; JS by quadrature of the first axis.

    Budget: joining cells loses up to 6 %, 40,000 points add 256 / (2 x 40,000) = 0.003 and 0.001, smoothing and
    sampling 2 %.
    The tail cut by smoothing costs KL of the largest shift 10 %.
    """
    fake = gaussian(40_000, shift=shift)
    lost = 0.90 if shift == 2 else 0.94
    for metric in (KLDataModel(), KLModelData()):
        assert lost * shift**2 / 2 < value(metric, fake, ONE) < 1.02 * shift**2 / 2 + 0.005
    assert (
        0.95 * js_of_shifted_normals(shift)
        < value(JensenShannon(), fake, ONE)
        < 1.03 * js_of_shifted_normals(shift) + 0.002
    )


def test_scaled_gaussian_tells_the_directions_apart() -> None:
    # In the plane, KL(N(0, 1) || N(0, s^2)) = log s^2 + 1/s^2 - 1 and the other way -log s^2 + s^2 - 1.
    fake = gaussian(100_000, sigma=0.7)
    assert value(KLDataModel(), fake, ONE) == pytest.approx(math.log(0.49) + 1 / 0.49 - 1, rel=0.1)
    assert value(KLModelData(), fake, ONE) == pytest.approx(-math.log(0.49) + 0.49 - 1, rel=0.1)


def test_dropped_modes_hurt_data_model_and_void_points_hurt_model_data() -> None:
    # Half as much or twice as much everywhere: log 2; smoothing takes 256 x 0.2 / 10,000 = 0.5 % of the mass,
    # and 5,000 good points add 256 / (2 x 5,000) = 0.03.
    dropped, void = ring(10_000, modes=4), np.concatenate([ring(5000), np.zeros((5000, 2))])
    assert value(KLModelData(), dropped, RING) == pytest.approx(math.log(2), abs=0.06)
    assert value(KLDataModel(), dropped, RING) > 2 * math.log(2)
    assert value(KLDataModel(), void, RING) == pytest.approx(math.log(2), abs=0.06)
    assert value(KLModelData(), void, RING) > 2 * math.log(2)


def test_js_of_half_dropped_and_half_void() -> None:
    # Half dropped modes, and half of the points in one spot: both are HALF_OFF; 2,500 points add about 0.01.
    assert value(JensenShannon(), ring(2500, modes=4), RING) == pytest.approx(HALF_OFF, abs=0.02)
    assert value(JensenShannon(), np.concatenate([ring(1250), np.zeros((1250, 2))]), RING) == pytest.approx(
        HALF_OFF, abs=0.02
    )


def test_void_between_modes_has_separate_cells() -> None:
    """Half of the points all around the circle, of which 8 x 6 sigma / 2 pi = 8 % are on a mode."""
    angle = np.random.default_rng(1).uniform(0, 2 * np.pi, 1250)
    bridged = np.concatenate([ring(1250), np.stack([np.cos(angle), np.sin(angle)], axis=1)])
    assert value(JensenShannon(), bridged, RING) == pytest.approx(0.92 * HALF_OFF, abs=0.025)


@pytest.mark.parametrize("place", [0.0, 50.0, 1e30])
def test_bounds_hold_when_everything_is_wrong(place: float) -> None:
    fake = np.full((2500, 2), place)
    assert math.log(2) - 0.01 < value(JensenShannon(), fake, RING) <= math.log(2)
    for metric in (KLDataModel(), KLModelData()):
        assert 3 < value(metric, fake, RING) < math.log(5 * 2500)


def test_true_samples_read_the_stated_floor() -> None:
    # cells / (8 n) and cells / (2 n), of which the 3/4 with true mass count most.
    fake = ring(2500)
    assert 0.005 < value(JensenShannon(), fake, RING) < 256 / (8 * 2500) + 0.003
    for metric in (KLDataModel(), KLModelData()):
        assert 0.02 < value(metric, fake, RING) < 256 / (2 * 2500) + 0.01


def test_without_density_real_samples_are_counted() -> None:
    real, fake = ring(2500), ring(2500, seed=1)
    for metric in (JensenShannon(), KLDataModel(), KLModelData()):
        assert value(metric, real, Truth(), real) == pytest.approx(0, abs=1e-12)
        assert 0 < value(metric, fake, Truth(), real) < 0.12
    assert value(JensenShannon(), ring(2500, modes=4), Truth(), real) == pytest.approx(HALF_OFF, abs=0.03)


def test_an_unnormalised_density_is_normalised() -> None:
    fake = gaussian(2500, shift=0.5)
    log_density = ONE.log_density
    assert log_density is not None
    lifted = Truth(ONE.modes, lambda points: log_density(points) + 700.0)
    assert value(JensenShannon(), fake, lifted) == pytest.approx(value(JensenShannon(), fake, ONE), rel=1e-9)


def test_partition_loses_no_mass() -> None:
    for truth in (RING, ONE, Truth()):
        plane = partition(truth, ring(500), 256)
        assert len(plane.probability) == 256
        assert plane.probability.sum() == pytest.approx(1, abs=1e-12)
        far = np.array([[1e30, -1e30], [0.0, 0.0], [-1e30, 5.0]])
        assert plane.counts(far).sum() == 3


def test_cell_probabilities_are_those_of_the_density() -> None:
    # 400,000 draws counted: standard error under 1e-4 for a cell of 1/256.
    plane = partition(ONE, gaussian(10), 256)
    counted = plane.counts(gaussian(400_000)) / 400_000
    np.testing.assert_allclose(counted, plane.probability, atol=6e-4)


def test_few_points_are_warned_about() -> None:
    with pytest.warns(UserWarning, match="few for 256 cells"):
        value(KLDataModel(), ring(100), RING)


def test_a_density_of_zero_everywhere_is_refused() -> None:
    with pytest.raises(UserError, match="density"):
        value(JensenShannon(), ring(100), Truth(None, lambda points: np.full(len(points), -np.inf)))


def test_sums_by_hand() -> None:
    p, q = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    assert kullback_leibler(p, q) == pytest.approx(math.log(2))
    assert kullback_leibler(q, p) == math.inf
    assert jensen_shannon(p, q) == jensen_shannon(q, p) == pytest.approx(HALF_OFF, rel=1e-12)
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(math.log(2))


def test_counts_are_smoothed_into_probabilities() -> None:
    np.testing.assert_allclose(smoothed(np.array([3.0, 0.0, 1.0]), 0.5), [3.5 / 5.5, 0.5 / 5.5, 1.5 / 5.5], rtol=1e-12)


def test_known_densities_are_smoothed_as_if_drawn_as_often_as_the_model() -> None:
    """So that the number of real samples, which say nothing then, does not matter, and true samples are not far off
    for being few.
    """
    fake = ring(300)
    for metric in (KLDataModel(), KLModelData()):
        assert value(metric, fake, RING, real=ring(50, seed=1)) == pytest.approx(
            value(metric, fake, RING, real=ring(5000, seed=1)), rel=1e-9
        )
