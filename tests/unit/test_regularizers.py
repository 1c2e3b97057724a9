"""Closed forms of the penalties and constraints."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.regularizers.gradient_penalty import GradientPenalty
from gannet.regularizers.spectral_norm import SpectralNorm
from gannet.regularizers.weight_clipping import WeightClipping
from gannet.regularizers.zero_centered import ZeroCentered
from gannet.types import Batch

SLOPE = torch.tensor([3.0, 4.0])  # length 5


def _linear(inputs):
    return inputs[0] @ SLOPE


def _batch(progress=0.0):
    return Batch(torch.zeros(7, 2), None, torch.Generator().manual_seed(0), 0, progress)


def _points(rows=7, seed=0):
    return (torch.randn(rows, 2, generator=torch.Generator().manual_seed(seed)).requires_grad_(),)


@pytest.mark.parametrize(("penalty", "expected"), [
    (GradientPenalty(weight=10.0), 10 * (5 - 1) ** 2),
    (GradientPenalty(weight=10.0, target=5.0), 0.0),
    (GradientPenalty(weight=1.0, target=6.0), 1.0),
    (GradientPenalty(weight=1.0, target=6.0, sides="one"), 0.0),
    (ZeroCentered(gamma=2.0, on="real"), 25.0),
    (ZeroCentered(gamma=2.0, on="both"), 50.0),
])  # fmt: skip
def test_linear_critic(penalty, expected):
    value = penalty(_linear, _points(), _points(seed=1), _batch())
    assert_close(value, torch.tensor(float(expected)), atol=1e-3, rtol=1e-5)


def test_the_norm_is_taken_per_sample():
    """D(x) = |x|^2/2 has gradient x. Rows of length 1 and 3 give mean((1-1)^2, (3-1)^2) = 2; one norm over the batch
    would give (sqrt(10) - 1)^2 = 4.68."""
    rows = (torch.tensor([[1.0, 0.0], [0.0, 3.0]]),)
    value = GradientPenalty(weight=1.0)(lambda i: i[0].square().sum(1) / 2, rows, rows, _batch())
    assert_close(value, torch.tensor(2.0))


def test_interpolates_lie_between_their_own_rows():
    real, fake = (torch.zeros(500, 2),), (torch.tensor([[1.0, 10.0]]).repeat(500, 1),)
    seen = []

    def score(inputs):
        seen.append(inputs[0])
        return _linear(inputs)

    GradientPenalty()(score, real, fake, _batch())
    mix = seen[0][:, 0]
    assert_close(seen[0][:, 1], 10 * mix)
    assert 0 <= mix.min() < 0.02
    assert 0.98 < mix.max() <= 1
    assert_close(mix.mean(), torch.tensor(0.5), atol=0.05, rtol=0)


def test_r1_of_a_quadratic():
    """D(x) = |x|^2/2: gamma/2 E|x|^2."""
    points = _points()
    value = ZeroCentered(gamma=3.0)(lambda i: i[0].square().sum(1) / 2, points, _points(seed=1), _batch())
    assert_close(value, 1.5 * points[0].square().sum(1).mean())


def test_clipping_bounds_every_weight():
    network = nn.Linear(50, 50)
    WeightClipping(0.01).build(network)
    assert max(w.detach().abs().max() for w in network.parameters()) == pytest.approx(0.01)


def test_spectral_norm_reaches_one():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(20, 30))
    SpectralNorm().build(network)
    for _ in range(200):
        network(torch.zeros(1, 20))
    assert_close(torch.linalg.matrix_norm(network[0].weight, 2), torch.tensor(1.0), atol=1e-3, rtol=0)


@pytest.mark.parametrize(("progress", "gamma"), [(0.0, 1.0), (0.4, 0.1), (0.8, 0.01), (0.95, 0.01)])
def test_annealing_is_geometric_and_then_stays(progress, gamma):
    penalty = ZeroCentered(gamma=1.0, final=0.01)
    value = penalty(_linear, _points(), _points(seed=1), _batch(progress))
    assert_close(value, torch.tensor(gamma / 2 * 25.0))
