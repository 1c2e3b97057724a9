"""BiGAN and ALI: which pairs meet, and what the two sides minimise."""

from math import log

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.games.base import Encodes
from gannet.games.bigan import BiGAN
from gannet.losses.hinge import Hinge
from gannet.losses.least_squares import LeastSquares
from gannet.losses.minimax import Minimax
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.base import Discriminator, Encoder, Generator
from gannet.networks.encoders import StochasticEncoder
from gannet.networks.mlp import MLPTrunk
from gannet.priors.gaussian import Gaussian
from gannet.regularizers.zero_centered import ZeroCentered
from gannet.types import Batch, DiscriminatorOutput


class Tripling(Generator):
    latent_size, shape, num_classes = 2, (2,), 0

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return 3 * latents


class Halving(Encoder):
    latent_size, shape = 2, (2,)

    def forward(self, samples: Tensor, noise: Tensor | None = None) -> Tensor:
        return samples / 2


class Plane(Discriminator):
    """D(x, z) = w.x + v.z with w = (1, 0), v = (0, 2)."""

    rows_independent, shape, num_classes, latent_size = True, (2,), 0, 2

    def __init__(self) -> None:
        super().__init__()
        self.w, self.v = nn.Parameter(torch.tensor([1.0, 0.0])), nn.Parameter(torch.tensor([0.0, 2.0]))

    def forward(self, samples: Tensor, latents: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput(samples @ self.w + latents @ self.v)


def game(**arguments) -> BiGAN:
    return BiGAN(Tripling(), Halving(), Plane(), Gaussian(2), loss=NonSaturating(), **arguments)


def batch(real: Tensor) -> Batch:
    return Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0)


REAL = torch.tensor([[1.0, 4.0], [-2.0, 0.5], [0.0, 0.0]])


def test_a_sample_meets_its_own_latent():
    (x, encoded), (generated, z) = game().pairs(batch(REAL))
    assert_close(x, REAL)
    assert_close(encoded, torch.tensor([[0.5, 2.0], [-1.0, 0.25], [0.0, 0.0]]))
    assert_close(generated, 3 * z)


def test_score_is_of_the_pair():
    # w.x + v.x/2 = 1 + 4, -2 + 0.5, 0.
    assert_close(game().logits(REAL), torch.tensor([5.0, -1.5, 0.0]))


def test_one_penalty_differentiates_both_parts_of_a_pair():
    """R1 of gamma 1 on D = w.x + v.z is (|w|^2 + |v|^2) / 2 = (1 + 4) / 2."""
    terms = game(penalties=[ZeroCentered(gamma=1.0)]).discriminator_terms(batch(REAL))
    assert_close(terms.minimise["zero_centered"], torch.tensor(2.5))


def test_pairs_loss_by_hand():
    real, fake = torch.tensor([0.0, log(3)]), torch.tensor([0.0, log(3)])
    # Exchanged labels: sp(real) + sp(-fake), with sp(0) = log 2, sp(log 3) = log 4, sp(-log 3) = log 4/3.
    exchanged = (log(2) + log(4)) / 2 + (log(2) + log(4 / 3)) / 2
    assert_close(NonSaturating().pairs(real, fake), torch.tensor(exchanged))
    # Zero-sum: minus the discriminator's own loss sp(-real) + sp(fake), which is the same number here.
    assert_close(Minimax().pairs(real, fake), torch.tensor(-exchanged))
    assert_close(Hinge().pairs(real, fake + 1), torch.tensor(-1.0))
    # Targets exchanged: 1/2 E real^2 + 1/2 E (fake - 1)^2.
    one, three = torch.tensor([1.0]), torch.tensor([3.0])
    assert_close(LeastSquares().pairs(one, three), torch.tensor(2.5))


def test_a_stochastic_encoder_draws_around_its_mean():
    torch.manual_seed(0)
    encoder = StochasticEncoder(MLPTrunk((2,), hidden=[8]), 3)
    nn.init.zeros_(encoder.log_deviation.weight)
    nn.init.constant_(encoder.log_deviation.bias, log(2))
    noise = torch.randn(3, 3, generator=torch.Generator().manual_seed(1))
    assert_close(encoder(REAL, noise), encoder(REAL) + 2 * noise)


def test_it_says_that_it_encodes():
    assert isinstance(game(), Encodes)
