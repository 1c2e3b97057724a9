"""Flow matching: its loss, the velocity of known flows, and what Euler's method makes of them."""

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.games.base import Discriminates, Encodes, Generates
from gannet.games.flow_matching import FlowMatching
from gannet.networks.base import Velocity
from gannet.networks.velocity import time_features
from gannet.types import Batch

MEAN, DEVIATION = 3.0, 0.5


class TowardsOnePoint(Velocity):
    """The exact velocity for data that are all (3, 3): (3 - x) / (1 - t)."""

    shape = (2,)

    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        return (MEAN - samples) / (1 - times[:, None])


class ToGaussian(Velocity):
    """The exact velocity for data N(3, 0.5^2): E(x_1 - x_0 | x_t), by linear regression."""

    shape = (2,)

    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        t = times[:, None]
        variance = (1 - t) ** 2 + (t * DEVIATION) ** 2
        covariance = t * DEVIATION**2 - (1 - t)
        return MEAN + covariance / variance * (samples - t * MEAN)


class Nothing(Velocity):
    """Velocity 0; it counts its calls."""

    shape = (3, 2, 2)

    def __init__(self) -> None:
        super().__init__()
        self.gain, self.calls = nn.Parameter(torch.zeros(())), 0

    def forward(self, samples: Tensor, times: Tensor) -> Tensor:
        self.calls += 1
        return self.gain * samples


def batch(real: Tensor) -> Batch:
    return Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0)


def test_loss_of_the_exact_velocity():
    """0 where one velocity is right everywhere; elsewhere the variance of x_1 - x_0 that x_t leaves open."""
    sure = FlowMatching(TowardsOnePoint()).generator_terms(batch(torch.full((1000, 2), MEAN)))
    assert sure.minimise["velocity"] < 1e-6
    real = MEAN + DEVIATION * torch.randn(100_000, 2, generator=torch.Generator().manual_seed(1))
    # Given x_t, the variance of x_1 - x_0 is s^2 / ((1 - t)^2 + s^2 t^2); its integral over t is s pi / 2.
    left = FlowMatching(ToGaussian()).generator_terms(batch(real)).minimise["velocity"]
    assert_close(left, torch.tensor(DEVIATION * torch.pi / 2), atol=0.02, rtol=0)
    worse = FlowMatching(TowardsOnePoint()).generator_terms(batch(real)).minimise["velocity"]
    assert worse > left


def test_euler_carries_noise_to_the_data():
    game = FlowMatching(TowardsOnePoint(), evaluations=1)
    assert_close(game.generate(torch.tensor([[0.0, 1.0], [-5.0, 2.0]])), torch.full((2, 2), MEAN))
    samples = FlowMatching(ToGaussian(), evaluations=200).sample(20_000, rng=torch.Generator().manual_seed(0))
    assert_close(samples.mean(), torch.tensor(MEAN), atol=0.02, rtol=0)
    assert_close(samples.std(), torch.tensor(DEVIATION), atol=0.02, rtol=0)


def test_evaluations_are_counted_and_noise_keeps_its_shape():
    network = Nothing()
    game = FlowMatching(network, evaluations=7)
    latents = game.draw_latents(4, torch.Generator().manual_seed(0))
    assert latents.shape == (4, 12)
    assert_close(game.generate(latents), latents.view(4, 3, 2, 2))
    assert network.calls == game.evaluations == 7


def test_time_features_tell_all_times_apart():
    features = time_features(torch.linspace(0, 1, 101))
    assert torch.cdist(features, features).fill_diagonal_(1.0).min() > 0.1


def test_it_has_one_player_and_no_logits():
    game = FlowMatching(Nothing())
    assert isinstance(game, Generates)
    assert not isinstance(game, Discriminates | Encodes)
    assert list(game.players) == ["generator"]
