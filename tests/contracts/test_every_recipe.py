"""Every recipe makes a game that keeps the contract, from networks that keep theirs; together they use every network and game."""

import pytest
from recipe_cases import CASES, RECIPES, data_of, load, make

from gannet.discovery import components
from gannet.networks.base import Discriminator, Encoder, Generator
from gannet.testing.games import check_experiment
from gannet.testing.networks import check_discriminator, check_encoder, check_generator


def test_all_are_found():
    assert set(RECIPES) >= {"gan", "gan-deep", "mlp-gan", "cgan", "dcgan", "dcgan-strided", "lsgan", "wgan", "wgan-gp"}
    assert len(RECIPES) == 16
    assert len(components("games")) == 5
    assert len(components("networks")) == 14


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_game(name, kind):
    check_experiment(lambda: make(name, kind), data_of(name, kind))


CHECKS = {Generator: check_generator, Discriminator: check_discriminator, Encoder: check_encoder}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_networks(name, kind):
    checks = [(check, m) for m in make(name, kind).game.modules() for base, check in CHECKS.items() if isinstance(m, base)]
    assert len(checks) >= 2
    for check, network in checks:
        check(network)


def test_recipes_use_every_network_and_game():
    used = {type(module) for name, kind in CASES for module in make(name, kind).game.modules()}
    for kind in ("networks", "games", "priors", "encodings"):
        for component in components(kind).values():
            assert component.load() in used, f"no recipe uses {component.name}"


@pytest.mark.parametrize("name", RECIPES)
def test_says_what_it_needs(name):
    from gannet.errors import UserError

    recipe = load(name)
    if recipe.kind == "any":
        return
    other = data_of("dcgan" if recipe.kind == "points" else "gan")
    with pytest.raises(UserError, match="trains on"):
        recipe(other.form)
