"""Training aids inside a game: feature matching, penalties on weights, spectral norms that are followed."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.data.base import Form, silent
from gannet.data.ring import Ring
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.mlp import MLPDiscriminator, MLPGenerator
from gannet.priors.gaussian import Gaussian
from gannet.recipes.improved_gan import improved_gan
from gannet.recipes.sngan import sngan
from gannet.regularizers.historical_averaging import HistoricalAveraging
from gannet.regularizers.orthogonal import Orthogonal
from gannet.testing.games import FP32
from gannet.training.experiment import Optimizer, Optimizers
from gannet.training.trainer import Trainer
from gannet.types import Batch

POINTS = Form("points", (2,))


def _game(**options):
    torch.manual_seed(0)
    networks = MLPGenerator(3, (2,), hidden=[8]), MLPDiscriminator((2,), hidden=[8])
    return TwoPlayer(*networks, Gaussian(3), loss=NonSaturating(), **options)


def _batch():
    return Batch(
        torch.randn(64, 2, generator=torch.Generator().manual_seed(1)), None, torch.Generator().manual_seed(0), 0, 0.0
    )


def test_feature_matching_replaces_the_generators_loss_and_ignores_the_scores():
    """f(x) = relu(x) in both coordinates; reals at (1, 2), fakes at (4, 6): |(3, 4)|^2 = 25."""
    game = _game(feature_matching=True)
    game.discriminator = MLPDiscriminator((2,), hidden=[2])
    with torch.no_grad():
        game.discriminator.trunk[0].weight.copy_(torch.eye(2))
        nn.init.zeros_(game.discriminator.trunk[0].bias)
        nn.init.zeros_(game.generator.layers[-1].weight)
        game.generator.layers[-1].bias.copy_(torch.tensor([4.0, 6.0]))
    batch = Batch(torch.tensor([[1.0, 2.0]]).repeat(5, 1), None, torch.Generator().manual_seed(0), 0, 0.0)
    terms = game.generator_terms(batch).minimise
    assert_close(terms, {"feature_matching": torch.tensor(25.0)})
    terms["feature_matching"].backward()
    assert_close(game.generator.layers[-1].bias.grad, torch.tensor([6.0, 8.0]))
    assert game.discriminator.head.weight.grad is None


@pytest.mark.parametrize("player", ["discriminator", "generator"])
def test_a_weight_penalty_is_a_term_of_its_player_alone(player):
    game = _game(weight_penalties={player: Orthogonal(weight=2.0)})
    network = getattr(game, player)
    expected = 0.0
    for layer in (layer for layer in network.modules() if isinstance(layer, nn.Linear)):
        cosines = layer.weight @ layer.weight.T
        expected += 2 * (cosines.square().sum() - cosines.diag().square().sum())
    terms = {turn.player: turn.terms(_batch()) for turn in game.turns()}
    assert_close(terms.pop(player).minimise["orthogonal"], torch.as_tensor(expected))
    assert all(set(other.minimise) == {"adversarial"} for other in terms.values())


def test_historical_averaging_follows_every_turn_of_its_player():
    """After turns from weights w_1, w_2, w_3 the mean is theirs, and only that player's turns count."""
    game = _game(
        weight_penalties={"generator": HistoricalAveraging(), "discriminator": HistoricalAveraging()}, critic_steps=2
    )
    first = game.generator.layers[0].weight
    seen = []
    for step in range(3):
        for turn in game.turns():
            for _ in range(turn.repeats):
                turn.terms(_batch())
        seen.append(first.detach().clone())
        with torch.no_grad():
            first.add_(step + 1.0)
    state = game.state_dict()
    assert_close(state["weight_penalties.generator.mean_0"], torch.stack(seen).mean(0))
    assert state["weight_penalties.generator.count"] == 3
    assert state["weight_penalties.discriminator.count"] == 6


def test_historical_averaging_holds_weights_back():
    """With a weight far above the adversarial term the weights hardly leave the mean of their past."""

    def moved(weight):
        torch.manual_seed(0)
        experiment = improved_gan(POINTS, weight_penalty=HistoricalAveraging(weight), hidden=8, batch_size=8)
        trainer = Trainer(experiment, Ring().open(silent), seed=0, precision=FP32)
        before = [w.detach().clone() for w in trainer.game.discriminator.parameters()]
        for _ in range(20):
            trainer.play()
        return sum((w - b).square().sum() for w, b in zip(trainer.game.discriminator.parameters(), before, strict=True))

    assert moved(100.0) < 0.2 * moved(0.0)


def test_spectral_norms_of_a_trained_discriminator_are_one():
    """The largest singular value is followed while the weights move: a value fixed at the start would be far off."""
    torch.manual_seed(0)
    fast = Optimizer(lr=1e-2)
    trainer = Trainer(
        sngan(POINTS, hidden=16, batch_size=32, critic_steps=1, optimizer=Optimizers(fast, fast)),
        Ring().open(silent),
        seed=0,
        precision=FP32,
    )
    layers = [layer for layer in trainer.game.discriminator.modules() if isinstance(layer, nn.Linear)]
    start = [(norm._u.clone(), norm._v.clone()) for norm in (layer.parametrizations.weight[0] for layer in layers)]
    for _ in range(40):
        trainer.play()
    stale = []
    for layer, (u, v) in zip(layers, start, strict=True):
        trained = layer.parametrizations.weight.original.detach()
        stale.append(torch.linalg.matrix_norm(trained, 2) / (u @ trained @ v))
        assert_close(torch.linalg.matrix_norm(layer.weight.detach(), 2), torch.tensor(1.0), atol=0.03, rtol=0)
    assert max(stale) > 1.1, "too little happened to tell"
