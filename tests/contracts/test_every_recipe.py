"""Every recipe makes a game that keeps the contract, from networks that keep theirs; together they use every network
and game.
"""

import inspect

import pytest
from support.recipe_cases import CASES, RECIPES, data_of, load, make

from gannet.discovery import components
from gannet.networks.base import Discriminator, Encoder, Generator, Translator, Velocity
from gannet.testing.games import FP32, check_experiment
from gannet.testing.networks import (
    check_discriminator,
    check_encoder,
    check_generator,
    check_translator,
    check_velocity,
)
from gannet.training.trainer import Trainer


def test_all_are_found():
    assert set(RECIPES) >= {"gan", "gan-deep", "mlp-gan", "cgan", "dcgan", "dcgan-strided", "lsgan", "wgan", "wgan-gp"}


BOTH = {name for name, kind in CASES if kind == "points"} & {name for name, kind in CASES if kind == "images"}
"""Their game is the same for points and for images, whose networks have tests below."""


@pytest.mark.parametrize(
    ("name", "kind"),
    [pytest.param(*c, marks=[pytest.mark.slow] if c[0] in BOTH and c[1] == "images" else []) for c in CASES],
)
def test_game(name, kind):
    check_experiment(lambda: make(name, kind), data_of(name, kind))


CHECKS = {Generator: check_generator, Discriminator: check_discriminator, Encoder: check_encoder}
CHECKS |= {Velocity: check_velocity, Translator: check_translator}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_networks(name, kind):
    networks = [m for m in make(name, kind).game.modules() if isinstance(m, tuple(CHECKS))]
    # A network inside another is checked by way of that: it may need what the outer one gives it.
    inner = {m for network in networks for m in network.modules() if m is not network}
    checks = [(check, m) for m in networks if m not in inner for base, check in CHECKS.items() if isinstance(m, base)]
    assert checks
    for check, network in checks:
        check(network)


def test_recipes_use_every_network_and_game():
    used = {type(module) for name, kind in CASES for module in make(name, kind).game.modules()}
    for kind in ("networks", "games", "priors", "encodings"):
        for component in components(kind).values():
            if component.name in ("plain-generator", "plain-discriminator"):
                continue  # these hold a person's own module
            assert component.load() in used, f"no recipe uses {component.name}"


def takes_a_loss(function):
    return "loss" in inspect.signature(function).parameters


ONE_PER_GAME = {type(make(name).game): name for name in reversed(RECIPES) if takes_a_loss(load(name).function)}
"""Game -> a recipe of it, for every game that is played with any loss."""


@pytest.mark.parametrize("loss", components("losses"))
@pytest.mark.parametrize("name", ONE_PER_GAME.values())
def test_every_game_plays_with_every_loss(name, loss):
    trainer = Trainer(make(name, loss=loss), data_of(name), seed=0, precision=FP32)
    before = {n: w.detach().clone() for n, w in trainer.game.named_parameters()}
    assert all(value.isfinite() for value in trainer.play().values())
    for player, weights in trainer.weights.items():
        names = [n for n, w in trainer.game.named_parameters() if any(w is own for own in weights)]
        assert any(not before[n].equal(trainer.game.get_parameter(n)) for n in names), f"the {player} did not learn"


def test_every_game_is_played_with_losses_or_has_its_objective():
    games = [found.load() for found in components("games").values()]
    assert {game for game in games if takes_a_loss(game.__init__)} == set(ONE_PER_GAME)
    fixed = {type(make(name).game) for name in RECIPES if not takes_a_loss(load(name).function)}
    assert fixed == {game for game in games if not takes_a_loss(game.__init__)}, "a recipe hides the loss of its game"


@pytest.mark.parametrize("name", RECIPES)
def test_says_what_it_needs(name):
    from gannet.errors import UserError

    recipe = load(name)
    if recipe.kind == "any":
        return
    other = data_of("dcgan" if recipe.kind == "points" else "gan")
    with pytest.raises(UserError, match="trains on"):
        recipe(other.form)
