"""Closed forms of the penalties and constraints."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.regularizers.consistency import Consistency
from gannet.regularizers.dragan import Dragan
from gannet.regularizers.gradient_penalty import GradientPenalty
from gannet.regularizers.historical_averaging import HistoricalAveraging
from gannet.regularizers.lecam import LeCam
from gannet.regularizers.orthogonal import Orthogonal
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

    def logits_of(inputs):
        seen.append(inputs[0])
        return _linear(inputs)

    GradientPenalty()(logits_of, real, fake, _batch())
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


def _quadratic(inputs):
    return inputs[0].square().sum(1) / 2


def test_dragan_holds_the_slope_around_reals_only():
    fake = (torch.full((7, 2), torch.nan),)
    assert_close(Dragan()(_linear, _points(), fake, _batch()), torch.tensor(160.0))  # 10 (5 - 1)^2
    assert_close(Dragan(target=5.0)(_linear, _points(), fake, _batch()), torch.tensor(0.0), atol=1e-6, rtol=0)


def test_dragan_perturbs_every_input_by_a_share_of_its_standard_deviation():
    """D(x, z) = (|x|^2 + |z|^2)/2 has gradient (x + d, z + e): with target 0 the penalty is their mean square. Every
    value of x is 3 or -3 (deviation 3), of z 1 or -1: E = 2 (9 + (3/2)^2) + 2 (1 + (1/2)^2) = 25."""
    signs = torch.randint(2, (40_000, 2), generator=torch.Generator().manual_seed(5)) * 2.0 - 1
    value = Dragan(weight=1.0, target=0.0)(
        lambda i: _quadratic(i) + _quadratic(i[1:]), (3 * signs, signs), (), _batch()
    )
    assert_close(value, torch.tensor(25.0), atol=0.3, rtol=0)


def _lecam(penalty, real, fake):
    sides = torch.tensor(real, requires_grad=True), torch.tensor(fake, requires_grad=True)
    return penalty(lambda i: i[0], *((side,) for side in sides), _batch()), sides


def test_lecam_by_hand():
    """First step: averages 2 and -1, E (D(x) + 1)^2 = (4 + 16)/2, E (D(G(z)) - 2)^2 = 9. Second step, real average
    (2 + 6)/2 = 4, fake (-1 + 3)/2 = 1. Third: with decay .6 the share is max(1/3, .4)."""
    penalty = LeCam(weight=2.0, decay=0.6)
    value, (real, fake) = _lecam(penalty, [1.0, 3.0], [-1.0, -1.0])
    assert_close(value, torch.tensor(2 * (10.0 + 9.0)))
    gradients = torch.autograd.grad(value, (real, fake))
    assert_close(gradients[0], torch.tensor([4.0, 8.0]))  # 2 (D(x) + 1): the averages are constants
    assert_close(gradients[1], torch.tensor([-6.0, -6.0]))
    assert_close(_lecam(penalty, [6.0], [3.0])[0], torch.tensor(2 * ((6.0 - 1) ** 2 + (3.0 - 4) ** 2)))
    assert_close(_lecam(penalty, [9.0], [1.0])[0], torch.tensor(2 * ((9.0 - 1) ** 2 + (1.0 - 6) ** 2)))
    assert_close(penalty.state_dict()["real_average"], torch.tensor(6.0))  # 4 + .4 (9 - 4)


def test_lecam_of_a_constant_critic_is_zero():
    penalty = LeCam()
    for _ in range(3):
        assert_close(_lecam(penalty, [3.0, 3.0], [3.0, 3.0])[0], torch.tensor(0.0))


def test_consistency_of_a_linear_critic_on_points():
    """E (w.d)^2 = |w|^2 jitter^2 = 25 * .04."""
    value = Consistency(weight=2.0, jitter=0.2)(_linear, _points(40_000), (), _batch())
    assert_close(value, torch.tensor(2.0), atol=0.05, rtol=0)


def _half(inputs):
    """+1 for light in the left half, -1 in the right."""
    return inputs[0][..., :4].sum((1, 2, 3)) - inputs[0][..., 4:].sum((1, 2, 3))


@pytest.mark.parametrize(("options", "expected"), [
    ({"flip": True, "shift": 0.0}, 2.0),  # half of the images change their logit by 2
    ({"flip": False, "shift": 0.0}, 0.0),
    ({"flip": False, "shift": 0.125}, 4 / 3),  # the dot next to the middle crosses it in one of three shifts
])  # fmt: skip
def test_consistency_mirrors_and_shifts_pictures(options, expected):
    dot = torch.zeros(6000, 1, 8, 8)
    dot[:, :, 4, 3] = 1.0
    value = Consistency(weight=1.0, **options)(_half, (dot,), (), _batch())
    assert_close(value, torch.tensor(expected), atol=0.08, rtol=0)


def test_consistency_leaves_the_latents_of_a_pair_alone():
    points = torch.randn(5, 2, generator=torch.Generator().manual_seed(1))
    assert_close(
        Consistency()(lambda i: i[1].sum(1), (points, points), (), _batch()), torch.tensor(0.0), atol=0, rtol=0
    )


def _with_weight(layer, values):
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(values).view_as(layer.weight))
    return layer


def test_orthogonal_by_hand():
    orthogonal = [[1.0, 0.0], [0.0, 2.0]]
    slanted = [[1.0, 1.0], [1.0, 0.0]]  # W W^T = [[2, 1], [1, 1]]
    layers = [nn.Linear(2, 2), nn.Conv2d(2, 2, 1)]
    assert_close(Orthogonal(3.0)([_with_weight(layer, orthogonal) for layer in layers]), torch.tensor(0.0))
    assert_close(Orthogonal(3.0)([_with_weight(layer, slanted) for layer in layers]), torch.tensor(3.0 * 2 * 2))
    # The filters of a transposed convolution lie along its second axis: here (1, 0) and (1, 1).
    columns = _with_weight(nn.ConvTranspose2d(2, 2, 1), [[1.0, 1.0], [0.0, 3.0]])
    assert_close(Orthogonal(1.0)([columns]), torch.tensor(2.0))


def test_historical_averaging_by_hand():
    """Weights 1, 3, 8: means 1, 2, 4; squared distances 0, 1, 16, over two equal weights."""
    layer, penalty = nn.Linear(2, 1, bias=False), HistoricalAveraging(weight=0.5)
    penalty.build([layer])
    for weight, expected in ((1.0, 0.0), (3.0, 1.0), (8.0, 16.0)):
        value = penalty([_with_weight(layer, [weight, weight])])
        assert_close(value, torch.tensor(0.5 * 2 * expected))
    value.backward()
    assert_close(layer.weight.grad, torch.full((1, 2), 0.5 * 2 * 4))
