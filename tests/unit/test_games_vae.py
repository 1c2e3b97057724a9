"""The variational autoencoder: both terms of its bound against closed forms."""

from math import log, pi

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.games.base import Discriminates, Encodes, Generates
from gannet.games.vae import VAE, kl_to_standard_normal
from gannet.networks.base import Generator
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.mlp import MLPTrunk
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch


class Doubling(Generator):
    latent_size, shape, num_classes = 2, (2,), 0

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return 2 * latents


REAL = torch.tensor([[1.0, 4.0], [-2.0, 0.5]])


def game(mean: tuple[float, float], log_deviation: float, **options) -> VAE:
    """Its encoder says N(mean, exp(log_deviation)^2) of every sample."""
    encoder = StochasticEncoder(MLPTrunk((2,), hidden=[4]), 2)
    for layer in (encoder.mean, encoder.log_deviation):
        nn.init.zeros_(layer.weight)
    encoder.mean.bias.data = torch.tensor(mean)
    nn.init.constant_(encoder.log_deviation.bias, log_deviation)
    return VAE(Doubling(), encoder, Gaussian(2), **options)


def batch() -> Batch:
    return Batch(REAL, None, torch.Generator().manual_seed(0), 0, 0.0)


def test_kl_is_that_of_torch_distributions():
    mean, deviation = torch.tensor([[1.0, -2.0, 0.5]]), torch.tensor([[0.5, 1.0, 3.0]])
    from torch.distributions import Normal, kl_divergence

    truth = kl_divergence(Normal(mean, deviation), Normal(0.0, 1.0)).sum(1)
    assert_close(kl_to_standard_normal(mean, deviation.log()), truth)
    assert_close(kl_to_standard_normal(torch.zeros(1, 3), torch.zeros(1, 3)), torch.zeros(1))


def test_both_terms_by_hand():
    """q = N((1, 2), e^-14): nearly no noise, so every reconstruction is (2, 4)."""
    tried = game((1.0, 2.0), -7.0, beta=0.5)
    nn.init.constant_(tried.likelihood.log_deviation, log(2.0))
    terms = tried.generator_terms(batch())
    # Squared errors (1 + 0) and (16 + 12.25), each over 2 * 2^2; twice log 2 + log(2 pi) / 2.
    reconstruction = (1 / 8 + 28.25 / 8) / 2 + 2 * (log(2) + log(2 * pi) / 2)
    kl = 0.5 * (1 + 4 + 2 * (-1 + 14))
    assert_close(terms.minimise["reconstruction"], torch.tensor(reconstruction), atol=0.02, rtol=0)
    assert_close(terms.minimise["kl"], torch.tensor(0.5 * kl), atol=1e-3, rtol=0)
    assert_close(terms.watch["bound"], terms.minimise["reconstruction"] + 2 * terms.minimise["kl"])


def test_the_noise_is_learned_or_fixed():
    learned, fixed = (game((1.0, 2.0), 0.0, noise=0.7, learn_noise=learn) for learn in (True, False))
    for tried in (learned, fixed):
        assert_close(tried.generator_terms(batch()).watch["observation_noise"], torch.tensor(0.7))
        assert "likelihood.log_deviation" in tried.state_dict()
    assert len(list(learned.likelihood.parameters())) == 1
    assert not list(fixed.likelihood.parameters())


def test_the_bound_is_above_the_likelihood_and_reaches_it_at_the_true_posterior():
    """x = 2 z + c e is N(0, 4 + c^2). With c = 1, q(z | x) = N(0.4 x, 0.2), and the bound is -log p(x) on average
    over noise.
    """
    real = torch.full((200_000, 2), 1.5)
    truth = 2 * (log(2 * pi * 5) / 2 + 1.5**2 / 10)
    bounds = {}
    for mean in (0.6, 0.3):
        tried = game((mean, mean), log(0.2) / 2)
        nn.init.zeros_(tried.likelihood.log_deviation)
        bounds[mean] = (
            tried.generator_terms(Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0)).watch["bound"].item()
        )
    assert abs(bounds[0.6] - truth) < 0.01
    assert bounds[0.3] > truth + 0.1


def test_samples_of_points_have_the_noise_of_the_likelihood():
    plain, noisy = game((0.0, 0.0), 0.0), game((0.0, 0.0), 0.0, noisy_samples=True)
    nn.init.constant_(noisy.likelihood.log_deviation, log(3.0))
    count = 20_000
    assert_close(plain.sample(count, rng=torch.Generator().manual_seed(0)).var(), torch.tensor(4.0), atol=0.1, rtol=0)
    assert_close(noisy.sample(count, rng=torch.Generator().manual_seed(0)).var(), torch.tensor(13.0), atol=0.3, rtol=0)


def test_it_has_one_player_that_encodes_and_has_no_logits():
    tried = game((0.0, 0.0), 0.0)
    assert isinstance(tried, Encodes)
    assert isinstance(tried, Generates)
    assert not isinstance(tried, Discriminates)
    assert list(tried.players) == ["generator"]
    assert_close(game((1.0, 2.0), 0.0).encode(REAL), torch.tensor([[1.0, 2.0]] * 2))
