"""Precision, recall, density, coverage and AuthPct: against prdc and scikit-learn, closed forms, and which way they
point.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from gannet.data.base import Truth
from gannet.errors import UserError
from gannet.features.extractors import features
from gannet.metrics import pairwise
from gannet.metrics.base import Estimate, Metric, Samples, as_estimate
from gannet.metrics.memorisation import AuthPct
from gannet.metrics.neighbours import Coverage, Density, Precision, Recall
from gannet.metrics.pairwise import neighbour_radii, squared_distances
from gannet.testing.metric_data import draw
from gannet.testing.metrics import check_metric

RNG = np.random.default_rng(12)


def value(metric: Metric, real: np.ndarray, fake: np.ndarray) -> float:
    return as_estimate(metric.compute(Samples(real, fake, Truth()), np.random.default_rng(0))).value


def oracle(real: np.ndarray, fake: np.ndarray, k: int) -> dict[str, float]:
    from prdc import compute_prdc

    return compute_prdc(real, fake, nearest_k=k)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_against_prdc_on_points(k: int) -> None:
    real, fake = RNG.standard_normal((300, 2)), RNG.standard_normal((220, 2)) * 0.8 + 0.4
    expected = oracle(real, fake, k)
    found = {type(m).__name__.lower(): value(m, real, fake) for m in (Precision(k), Recall(k), Density(k), Coverage(k))}
    assert found == pytest.approx({name: float(number) for name, number in expected.items()}, rel=1e-6)


def test_against_prdc_on_features() -> None:
    real, fake = (
        draw("images", 0),
        np.clip(draw("images", 1).astype(int) + RNG.integers(0, 6, (200, 16, 16, 1)), 0, 255).astype(np.uint8),
    )
    expected = oracle(features("randconv-v1", real), features("randconv-v1", fake), 5)
    found = {type(m).__name__.lower(): value(m, real, fake) for m in (Precision(5), Recall(5), Density(5), Coverage(5))}
    assert 0.02 < found["precision"] < 0.98
    assert found == pytest.approx({name: float(number) for name, number in expected.items()}, rel=1e-6)


@pytest.mark.parametrize("dim", [2, 30])
def test_distances_against_scikit_learn(dim: int, monkeypatch: pytest.MonkeyPatch) -> None:
    from sklearn.metrics import pairwise_distances
    from sklearn.neighbors import NearestNeighbors

    first, second = RNG.standard_normal((101, dim)) + 50, RNG.standard_normal((77, dim)) + 50
    monkeypatch.setattr(pairwise, "CHUNK_VALUES", 1000)
    parts = list(squared_distances(first, second))
    assert [start for start, _ in parts] == list(range(0, 101, 12))
    np.testing.assert_allclose(np.concatenate([p for _, p in parts]), pairwise_distances(first, second) ** 2, rtol=1e-8)
    distances, _ = NearestNeighbors(n_neighbors=5).fit(first).kneighbors(first)
    np.testing.assert_allclose(np.sqrt(neighbour_radii(first, 4)), distances[:, 4], rtol=1e-8)


def test_density_and_coverage_of_a_perfect_model() -> None:
    """E[density] = 1 and E[coverage] = 1 - prod (N - i) / (2 N - i), whatever the distribution: Naeem et al. 2020,
    section 4.
    """
    count, k, trials = 100, 5, 120
    pairs = [(RNG.exponential(size=(count, 2)), RNG.exponential(size=(count, 2))) for _ in range(trials)]
    densities = np.array([value(Density(), *pair) for pair in pairs])
    coverages = np.array([value(Coverage(), *pair) for pair in pairs])
    expected = 1 - np.prod([(count - i) / (2 * count - i) for i in range(1, k + 1)])
    for found, right in ((densities, 1.0), (coverages, expected)):
        error = found.std(ddof=1) / np.sqrt(trials)
        assert error < 0.01
        assert abs(found.mean() - right) < 4 * error


def test_tight_fakes_in_wide_reals_and_the_other_way() -> None:
    wide, tight = RNG.standard_normal((1000, 2)), 0.1 * RNG.standard_normal((1000, 2))
    assert value(Precision(), wide, tight) > 0.95
    assert value(Recall(), wide, tight) < 0.1
    assert value(Coverage(), wide, tight) < 0.2
    assert value(Precision(), tight, wide) < 0.1
    assert value(Recall(), tight, wide) > 0.95


def test_one_real_sample_far_off_fools_precision_but_not_density() -> None:
    real = np.concatenate([0.1 * RNG.standard_normal((500, 2)), [[8.0, 0.0]]])
    fake = RNG.uniform(2, 6, (500, 2))
    assert value(Precision(1), real, fake) > 0.9
    assert value(Density(), real, fake) < 0.3


def test_authpct_of_copies_of_the_far_and_by_hand() -> None:
    real = RNG.standard_normal((400, 2))
    assert value(AuthPct(), real, real[RNG.permutation(400)[:200]]) == 0
    assert value(AuthPct(), real, real + 100) == 100
    by_hand_real = np.array([[x, 0.0] for x in (0, 1, 3, 6, 10, 15, 21, 28, 36, 45)])
    # Nearest real sample and that one's own nearest: 0.5 <= 1 no; 4.4 from 3: 1.4 <= 2 no; 12.4 from 10: 2.4 <= 4 no;
    # 50 from 45: 5 <= 9 no; 60 from 45: 15 > 9 yes; seven more far away: yes.
    fake = np.array([[x, 0.0] for x in (0.5, 4.4, 12.4, 50, 60, 70, 80, 90, 100, 110, 120, 130)])
    assert value(AuthPct(), by_hand_real, fake) == pytest.approx(100 * 8 / 12)


def test_too_few_for_k() -> None:
    with pytest.raises(UserError, match="12-th nearest neighbour of 12"):
        value(Precision(12), draw("points", 0)[:12], draw("points", 1))


@dataclass(frozen=True)
class PrecisionSwapped(Precision):
    """Deliberately wrong: recall under the name of precision."""

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        return super().compute(Samples(samples.fake, samples.real, samples.truth), rng)


@dataclass(frozen=True)
class RecallSwapped(Recall):
    """Deliberately wrong: precision under the name of recall."""

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        return super().compute(Samples(samples.fake, samples.real, samples.truth), rng)


def test_swapped_precision_and_recall_fail_the_contract() -> None:
    with pytest.raises(AssertionError, match="blind to dropped modes, but clearly worse"):
        check_metric(PrecisionSwapped())
    with pytest.raises(AssertionError, match="hardly worse under dropped modes"):
        check_metric(RecallSwapped())


@dataclass(frozen=True)
class DensityOverAll(Density):
    """Deliberately wrong: divided by one less than k."""

    def compute(self, samples: Samples, rng: np.random.Generator) -> Estimate:
        return Estimate(super().compute(samples, rng).value * self.k / (self.k - 1))


def test_a_wrong_divisor_of_density_fails_the_contract() -> None:
    with pytest.raises(AssertionError, match="from the best value"):
        check_metric(DensityOverAll())


def test_authpct_takes_the_radius_of_the_nearest_one() -> None:
    """Real pairs 1 apart at 0, 10 ... and 20 apart far away: 2 from a close pair is authentic, 2 from a wide one is
    not.
    """
    close = np.array([[10.0 * i + j, 0.0] for i in range(5) for j in (0, 1)])
    wide = np.array([[1000.0 + 100 * i + 20 * j, 0.0] for i in range(5) for j in (0, 1)])
    fake = np.array([[10.0 * i - 2, 0.0] for i in range(5)] + [[1000.0 + 100 * i - 2, 0.0] for i in range(5)])
    assert value(AuthPct(), np.concatenate([close, wide]), fake) == 50


@pytest.mark.parametrize(("metric", "k"), [(Precision, 3), (Recall, 3), (Density, 5), (Coverage, 5)])
def test_the_published_numbers_of_neighbours(metric: type[Metric], k: int) -> None:
    """Kynkaanniemi et al. 2019, section 3.1: k = 3; Naeem et al. 2020, section 4.3: k = 5."""
    assert metric().spec()["k"] == k
    real, fake = RNG.standard_normal((150, 2)), RNG.standard_normal((150, 2)) + 0.5
    assert value(metric(), real, fake) == pytest.approx(float(oracle(real, fake, k)[metric.__name__.lower()]), rel=1e-6)
