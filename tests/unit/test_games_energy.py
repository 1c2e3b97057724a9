"""Games whose discriminator is an autoencoder, and the pulling-away term, by hand."""

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.games.began import BEGAN
from gannet.games.energy_based import EnergyBased, pulling_away
from gannet.networks.autoencoders import AutoencoderDiscriminator
from gannet.networks.base import Discriminator, Encoder, Generator
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch, DiscriminatorOutput


class Constant(Generator):
    """Every sample is one learned point."""

    latent_size, shape, num_classes = 3, (2,), 0

    def __init__(self, at: list[float]) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.tensor(at))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.at.expand(len(latents), 2)


class Distance(Discriminator):
    """Energy w |x|^2: the code is the point itself."""

    rows_independent, shape, num_classes = True, (2,), 0

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(1.0))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput(-self.weight * samples.square().sum(1), samples)


class First(Encoder):
    """The first coordinate is the code."""

    shape, latent_size = (2,), 1

    def forward(self, samples: Tensor, noise: Tensor | None = None) -> Tensor:
        return samples[:, :1]


class Doubled(Generator):
    """code -> (2 code, 0)."""

    latent_size, shape, num_classes = 1, (2,), 0

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return torch.cat([2 * latents, torch.zeros_like(latents)], dim=1)


REAL = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
"""Mean energy 1/2."""


def batch() -> Batch:
    return Batch(REAL, None, torch.Generator().manual_seed(0), 0, 0.0)


def test_energy_is_the_mean_reconstruction_error():
    """(3, 4) becomes (6, 0): squares 9 and 16, absolute differences 3 and 4."""
    sample = torch.tensor([[3.0, 4.0]])
    assert_close(AutoencoderDiscriminator(First(), Doubled(), power=2)(sample).logits, torch.tensor([-12.5]))
    assert_close(AutoencoderDiscriminator(First(), Doubled(), power=1)(sample).logits, torch.tensor([-3.5]))
    assert_close(AutoencoderDiscriminator(First(), Doubled())(sample).features, torch.tensor([[3.0]]))


def test_energy_based_terms_by_hand():
    """The fake (0, 2) has energy 4, so the margin of 5 asks for 1 more, one of 3 for nothing."""
    for margin, missing in ((5.0, 1.0), (3.0, 0.0)):
        game = EnergyBased(Constant([0.0, 2.0]), Distance(), Gaussian(3), margin=margin)
        terms = game.discriminator_terms(batch())
        assert_close(terms.minimise, {"reconstruction": torch.tensor(0.5), "margin": torch.tensor(missing)})
        (slope,) = torch.autograd.grad(terms.total(), game.discriminator.weight)
        # d/dw of 1/2 w + relu(m - 4 w).
        assert_close(slope, torch.tensor(0.5 - 4.0 * (missing > 0)))
    terms = game.generator_terms(batch())
    assert_close(terms.minimise, {"energy": torch.tensor(4.0)})
    assert_close(torch.autograd.grad(terms.total(), game.generator.at)[0], torch.tensor([0.0, 4.0]))


def test_the_score_is_minus_the_energy():
    game = EnergyBased(Constant([0.0, 2.0]), Distance(), Gaussian(3))
    assert_close(game.logits(torch.tensor([[3.0, 4.0]])), torch.tensor([-25.0]))
    assert game.relative_logits


def test_pulling_away_by_hand():
    """Cosines of the three pairs: 0, 0.6, 0.8; equal directions, whatever their lengths and signs, give 1."""
    assert_close(pulling_away(torch.tensor([[2.0, 0.0], [0.0, 5.0], [3.0, 4.0]])), torch.tensor((0.36 + 0.64) / 3))
    assert_close(pulling_away(torch.tensor([[2.0, 0.0], [-1.0, 0.0]])), torch.tensor(1.0))
    assert_close(pulling_away(torch.eye(4)), torch.tensor(0.0))


def test_the_generator_is_pulled_away_with_the_given_weight():
    game = EnergyBased(Constant([0.0, 2.0]), Distance(), Gaussian(3), pulling_away=0.25)
    # Both fakes are the same point.
    assert_close(game.generator_terms(batch()).minimise["pulling_away"], torch.tensor(0.25))
    assert (
        "pulling_away"
        not in EnergyBased(Constant([0.0, 2.0]), Distance(), Gaussian(3)).generator_terms(batch()).minimise
    )


def test_began_terms_by_hand():
    """E U(x) = 1/2, E U(G(z)) = 4, k = 1/4, gamma = 1/2: M = 1/2 + |1/4 - 4|."""
    game = BEGAN(Constant([0.0, 2.0]), Distance(), Gaussian(3), gamma=0.5)
    game.balance.fill_(0.25)
    terms = game.discriminator_terms(batch())
    assert_close(terms.minimise, {"reconstruction": torch.tensor(0.5), "repulsion": torch.tensor(-1.0)})
    assert_close(terms.watch["convergence"], torch.tensor(4.25))
    assert_close(terms.watch["k"], torch.tensor(0.25))
    (slope,) = torch.autograd.grad(terms.total(), game.discriminator.weight)
    assert_close(slope, torch.tensor(0.5 - 0.25 * 4))
    assert_close(game.generator_terms(batch()).minimise, {"energy": torch.tensor(4.0)})


def test_the_balance_moves_towards_equal_shares():
    """gamma E U(x) - E U(G(z)) = 1/4 - fake: up while fakes are reconstructed too well, down while too badly, within
    [0, 1].
    """
    for fake, before, after in ((0.0, 0.5, 0.525), (4.0, 0.5, 0.125), (4.0, 0.1, 0.0), (0.0, 0.99, 1.0)):
        game = BEGAN(Constant([0.0, fake**0.5]), Distance(), Gaussian(3), gamma=0.5, balance_rate=0.1)
        game.balance.fill_(before)
        game.discriminator_terms(batch())
        game.after_turn("generator")
        assert_close(game.balance, torch.tensor(before))
        game.after_turn("discriminator")
        assert_close(game.balance, torch.tensor(after))
        assert_close(game.state_dict()["balance"], torch.tensor(after))


def test_a_game_with_another_objective_has_no_loss():
    assert not hasattr(BEGAN(Constant([0.0, 2.0]), Distance(), Gaussian(3)), "loss")
