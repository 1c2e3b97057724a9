"""Looking ahead, on a game so small that every imagined step can be written down."""

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from gannet.games.two_player import TwoPlayer
from gannet.games.unrolled import Unrolled
from gannet.losses.minimax import Minimax
from gannet.losses.non_saturating import NonSaturating
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.losses.wasserstein import Wasserstein
from gannet.networks.base import Discriminator, Generator
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.types import Batch, DiscriminatorOutput


class Point(Generator):
    """Every sample is the one learned number."""

    latent_size, shape, num_classes = 1, (1,), 0

    def __init__(self) -> None:
        super().__init__()
        self.at = nn.Parameter(torch.tensor([2.0]))

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        return self.at.expand(len(latents), 1)


class Slope(Discriminator):
    """D(x) = w x."""

    rows_independent, shape, num_classes = True, (1,), 0

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput(self.weight * samples.squeeze(1))


class Bent(Slope):
    """D(x) = sin(w x)."""

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        return DiscriminatorOutput((self.weight * samples.squeeze(1)).sin())


REAL = torch.tensor([[3.0], [5.0]])


def batch(real: Tensor = REAL) -> Batch:
    return Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0)


def gradient(game: Unrolled | TwoPlayer, real: Tensor = REAL) -> list[Tensor]:
    return list(torch.autograd.grad(game.generator_terms(batch(real)).total(), list(game.generator.parameters())))


def with_squares(game: Unrolled, value: float) -> Unrolled:
    """As if every squared gradient of D had been ``value`` so far; at step 0 its mean is corrected by 1/(1 - .99)."""
    game.squares.fill_(0.01 * value)
    return game


@pytest.mark.parametrize("steps", [0, 1, 4])
def test_gradient_by_hand(steps):
    """The critic's loss w (t - x) moves w by -r (t - x) in each of k steps, so G minimises -(w - k r (t - x)) (t - x);
    t - x = -2.

    The derivative is -(w - k r (t - x)) + k r (t - x): without the last part, which goes through the steps, it is
    another. Gradients of size 2 so far make r = .2/2.
    """
    game = with_squares(
        Unrolled(Point(), Slope(), Gaussian(1), loss=Wasserstein(), unrolled_steps=steps, unrolled_rate=0.2), 4.0
    )
    ahead = 0.5 + 0.1 * steps * 2
    assert_close(game.generator_terms(batch()).minimise["adversarial"], torch.tensor(ahead * 2))
    assert_close(gradient(game), [torch.tensor([-ahead - 0.1 * steps * 2])])


def test_the_loss_of_now_is_watched():
    game = with_squares(
        Unrolled(Point(), Slope(), Gaussian(1), loss=Wasserstein(), unrolled_steps=4, unrolled_rate=0.2), 4.0
    )
    assert_close(game.generator_terms(batch()).watch["now"], torch.tensor(1.0))


def test_squared_gradients_of_the_discriminator_are_remembered():
    """Two steps of gradients 3 and 1: .01 * 9, then .99 of it and .01 * 1; the generator's turn changes nothing."""
    game = Unrolled(Point(), Slope(), Gaussian(1), loss=Wasserstein())
    for slope, expected in ((3.0, 0.09), (-1.0, 0.0991)):
        game.discriminator.weight.grad = torch.tensor(slope)
        game.after_turn("generator")
        game.after_turn("discriminator")
        assert_close(game.state_dict()["squares"], torch.tensor([expected]))


def test_an_imagined_step_is_one_of_adam_without_momentum():
    """torch's Adam with beta1 = 0, after the same squared gradients; its second moment moves on, ours waits, so
    gradients are equal.
    """
    game = Unrolled(Point(), Slope(), Gaussian(1), loss=Wasserstein(), unrolled_steps=1, unrolled_rate=0.03)
    adam = torch.optim.Adam(game.discriminator.parameters(), lr=0.03, betas=(0.0, 0.99))
    game.discriminator_terms(batch()).total().backward()
    adam.step()
    game.after_turn("discriminator")
    imagined = game.generator_terms(batch()).minimise["adversarial"]
    adam.step()
    assert_close(imagined, game.generator_terms(batch()).watch["now"])


def networks():
    torch.manual_seed(0)
    return MLPGenerator(3, (2,), hidden=[8]), MLPDiscriminator((2,), hidden=[8, 8], slope=0.2), Gaussian(3)


def test_no_look_ahead_is_the_ordinary_zero_sum_game():
    real = torch.randn(6, 2, generator=torch.Generator().manual_seed(1))
    ordinary = gradient(TwoPlayer(*networks(), loss=Minimax()), real)
    assert_close(gradient(Unrolled(*networks(), loss=NonSaturating(), unrolled_steps=0), real), ordinary)
    ahead = gradient(
        with_squares(Unrolled(*networks(), loss=NonSaturating(), unrolled_steps=3, unrolled_rate=0.1), 1.0), real
    )
    assert all((a - o).abs().max() > 0.01 * o.abs().max() for a, o in zip(ahead, ordinary, strict=True))


def test_the_gradient_is_that_of_what_is_minimised():
    """Against a difference quotient of the term, which sees every way in which the generator acts on it."""
    game = Unrolled(
        Point(), Bent(), Gaussian(1), loss=RelativisticPaired(), unrolled_steps=3, unrolled_rate=0.5
    ).double()
    with_squares(game, 1.0)
    real = REAL.double() / 2

    def term(move: float) -> Tensor:
        with torch.no_grad():
            game.generator.at.fill_(2 + move)
        return game.generator_terms(batch(real)).total().detach()

    [exact] = gradient(game, real)
    assert_close(exact, ((term(1e-5) - term(-1e-5)) / 2e-5)[None], atol=1e-8, rtol=1e-7)


def test_imagined_steps_leave_the_discriminator_alone():
    game = Unrolled(*networks(), loss=RelativisticPaired(), unrolled_steps=3)
    with_squares(game, 1.0)
    before = [weight.detach().clone() for weight in game.discriminator.parameters()]
    game.generator_terms(batch(torch.randn(6, 2))).total().backward(inputs=list(game.generator.parameters()))
    assert_close(list(game.discriminator.parameters()), before, atol=0, rtol=0)
    assert all(weight.grad is None for weight in game.discriminator.parameters())


def test_an_unrolled_step_has_a_limit():
    """Squared gradients that are far too small, as at the first turn on large images: w moves by 1,000 r in each
    step, not by 1e6 r.
    """
    game = with_squares(
        Unrolled(Point(), Slope(), Gaussian(1), loss=Wasserstein(), unrolled_steps=2, unrolled_rate=1e-3), 1e-12
    )
    assert_close(game.generator_terms(batch()).minimise["adversarial"], torch.tensor((0.5 + 2 * 1.0) * 2))
