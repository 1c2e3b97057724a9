"""InfoGAN: codes, what reading them wrongly costs, and who learns from it."""

from math import log, pi

import torch
from torch.testing import assert_close

from gannet.data.base import silent
from gannet.data.digits import Digits
from gannet.games.base import Clusters, DrawsCodes
from gannet.games.infogan import Codes, gaussian_surprise
from gannet.recipes.infogan import infogan
from gannet.types import Batch

CODES = Codes(categories=3, continuous=2)


def test_gaussian_surprise_by_hand():
    # One deviation of 2 off the mean: log(2 sqrt(2 pi)) + 1/2.
    value = gaussian_surprise(torch.tensor(1.0), torch.tensor(log(4)), torch.tensor(3.0))
    assert_close(value, torch.tensor(log(2) + 0.5 * log(2 * pi) + 0.5))
    other = -torch.distributions.Normal(1.0, 2.0).log_prob(torch.tensor(3.0))
    assert_close(value, other)


def test_errors_by_hand():
    codes = torch.tensor([[0.0, 1.0, 0.0, 0.5, -1.0]])
    reading = torch.tensor([[0.0, log(2), 0.0, 0.5, 0.0, 0.0, 0.0]])
    assert_close(
        CODES.category_error(reading, codes), torch.tensor(log(2))
    )  # softmax of (0, log 2, 0) is (1/4, 1/2, 1/4)
    assert_close(CODES.continuous_error(reading, codes), torch.tensor(log(2 * pi) + 0.5))


def test_draws_are_uniform():
    drawn = CODES.draw(30_000, torch.Generator().manual_seed(0))
    assert drawn.shape == (30_000, 5)
    assert_close(drawn[:, :3].sum(1), torch.ones(30_000))
    assert_close(drawn[:, :3].mean(0), torch.full((3,), 1 / 3), atol=0.015, rtol=0)
    assert_close(drawn[:, 3:].mean(0), torch.zeros(2), atol=0.02, rtol=0)
    assert_close(drawn[:, 3:].var(0), torch.full((2,), 1 / 3), atol=0.01, rtol=0)


def test_a_code_is_set_alone():
    codes = torch.tensor([[0.0, 1.0, 0.0, 0.5, -0.5]] * 4)
    share = torch.tensor([0.0, 0.34, 0.67, 1.0])
    categories = CODES.moved(codes, 0, share)
    assert categories[:, :3].argmax(1).tolist() == [0, 1, 2, 2]
    assert_close(categories[:, 3:], codes[:, 3:])
    second = CODES.moved(codes, 2, share)
    assert_close(second[:, 4], torch.tensor([-1.0, -0.32, 0.34, 1.0]))
    assert_close(second[:, :4], codes[:, :4])


def test_the_head_belongs_to_a_player_and_both_sides_learn_to_be_read():
    """Heads outside every player are never trained: a mistake that was made elsewhere."""
    torch.manual_seed(0)
    dataset = Digits(size=16).open(silent)
    game = infogan(dataset.form, codes=CODES).game
    owned = {id(w) for module in game.players["discriminator"] for w in module.parameters()}
    assert {id(w) for w in game.recognizer.parameters()} <= owned
    real, _ = dataset.batch(6, seed=0, position=0, device=torch.device("cpu"))
    batch = Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0)
    for terms, network in (
        (game.discriminator_terms, game.discriminator.trunk),
        (game.generator_terms, game.generator),
    ):
        made = terms(batch).minimise
        for name in ("category", "continuous"):
            (gradient,) = torch.autograd.grad(made[name], next(network.parameters()), retain_graph=True)
            assert gradient.abs().sum() > 0, f"{name} does not reach the {type(network).__name__}"


def test_it_draws_codes_and_clusters():
    game = infogan(Digits(size=16).open(silent).form).game
    assert isinstance(game, DrawsCodes)
    assert isinstance(game, Clusters)
    assert game.code_names == ("category", "continuous 1", "continuous 2")
