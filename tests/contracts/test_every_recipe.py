"""Every recipe makes a game that keeps the contract, from networks that keep theirs; together they use every network and game."""

import pytest
from recipe_cases import RECIPES, data_of, load, make

from gannet.discovery import components
from gannet.networks.base import Discriminator, Generator
from gannet.testing.games import check_experiment
from gannet.testing.networks import check_discriminator, check_generator


def test_all_are_found():
    assert set(RECIPES) >= {"gan", "gan-deep", "mlp-gan", "cgan", "dcgan", "dcgan-strided", "lsgan", "wgan", "wgan-gp"}
    assert len(RECIPES) == 10
    assert len(components("games")) == 1
    assert len(components("networks")) == 8


@pytest.mark.parametrize("name", RECIPES)
def test_game(name):
    check_experiment(lambda: make(name), data_of(name))


@pytest.mark.parametrize("name", RECIPES)
def test_networks(name):
    networks = [m for m in make(name).game.modules() if isinstance(m, Generator | Discriminator)]
    assert len(networks) >= 2
    for network in networks:
        if isinstance(network, Generator):
            check_generator(network)
        else:
            check_discriminator(network)


def test_recipes_use_every_network_and_game():
    used = {type(module) for name in RECIPES for module in make(name).game.modules()}
    for kind in ("networks", "games", "priors", "encodings"):
        for component in components(kind).values():
            assert component.load() in used, f"no recipe uses {component.name}"


@pytest.mark.parametrize("name", RECIPES)
def test_says_what_it_needs(name):
    from gannet.errors import UserError

    recipe = load(name)
    other = data_of("dcgan" if recipe.kind == "points" else "gan")
    with pytest.raises(UserError, match="trains on"):
        recipe(other.form)
