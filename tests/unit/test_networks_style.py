"""The style-based generator: modulation, noise, mixing, truncation."""

import pytest
import torch
from torch.nn.functional import conv2d
from torch.testing import assert_close

from gannet.errors import UserError
from gannet.games.truncation import truncated
from gannet.games.two_player import TwoPlayer
from gannet.losses.non_saturating import NonSaturating
from gannet.networks.style import ModulatedConvolution, StyleDiscriminator, StyleGenerator
from gannet.priors.gaussian import Gaussian
from gannet.priors.uniform import Uniform
from gannet.training.sampling import evaluating

SHAPE = (3, 16, 16)


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def generator(**given):
    return StyleGenerator(8, SHAPE, width=8, **given)


@pytest.mark.parametrize("demodulate", [False, True])
def test_one_convolution_for_all_equals_one_kernel_per_sample(demodulate):
    layer = ModulatedConvolution(4, 6, 3, 5, demodulate=demodulate)
    maps, styles = torch.randn(3, 4, 7, 7), torch.randn(3, 5)
    kernels = layer.weight / 6 * layer.style(styles)[:, None, :, None, None]  # (N, after, before, 3, 3)
    if demodulate:
        kernels = kernels / kernels.square().sum((2, 3, 4), keepdim=True).sqrt()
    expected = [conv2d(one[None], kernel, padding=1) for one, kernel in zip(maps, kernels, strict=True)]
    assert_close(layer(maps, styles), torch.cat(expected), atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("scale", [0.01, 1.0, 100.0])
def test_demodulated_outputs_have_unit_variance_for_any_style(scale):
    layer = ModulatedConvolution(32, 16, 3, 5)
    torch.nn.init.normal_(layer.style.weight, 0.0, scale)
    out = layer(torch.randn(8, 32, 32, 32), torch.randn(8, 5))
    assert_close(out[:, :, 1:-1, 1:-1].var((2, 3)).mean(), torch.tensor(1.0), atol=0.1, rtol=0)


def test_a_crossover_keeps_the_first_layers_and_takes_the_rest_from_another_sample():
    network, latents = generator(mixing=1.0), torch.randn(64, 8)
    own = network.mapped(latents)
    styles = network.train().styles(latents)
    assert styles.shape == (64, 6, 128)
    matches = (styles[:, :, None] == own).all(-1)  # (N, layers, N): whose w each layer has
    assert matches.any(-1).all()
    is_own = matches[torch.arange(64), :, torch.arange(64)]
    assert is_own[:, 0].all()
    assert ((is_own[:, 1:].int() - is_own[:, :-1].int()) <= 0).all(), "own layers come first"
    taken = [row[~mine] for row, mine in zip(styles, is_own, strict=True) if not mine.all()]
    assert len(taken) > 50
    assert all((rows == rows[0]).all() for rows in taken), "one other sample"


@pytest.mark.parametrize(("mixing", "share"), [(0.0, 0.0), (0.5, 0.5), (1.0, 1.0)])
def test_the_share_of_mixed_samples(mixing, share):
    styles = generator(mixing=mixing).train().styles(torch.randn(2_000, 8))
    assert (styles != styles[:, :1]).any(2).any(1).float().mean() == pytest.approx(share, abs=0.05)


def test_nothing_is_mixed_in_evaluation_mode():
    styles = generator(mixing=1.0).eval().styles(torch.randn(16, 8))
    assert (styles == styles[:, :1]).all()


def test_noise_differs_in_training_and_is_fixed_in_evaluation():
    network, latents = generator(mixing=0.0), torch.randn(1, 8).expand(2, -1)
    for layer in network.layers:
        torch.nn.init.ones_(layer.strength)
    first, second = network.train()(latents)
    assert not torch.equal(first, second)
    first, second = network.eval()(latents)
    assert_close(first, second)
    silent = generator(mixing=0.0, noise=False)
    assert_close(silent.train()(latents), silent.eval()(latents))
    assert not any("noise" in name or "strength" in name for name in silent.state_dict())


def game(prior):
    return TwoPlayer(generator(), StyleDiscriminator(SHAPE, width=8), prior, loss=NonSaturating())


@pytest.mark.parametrize("prior", [Gaussian(8), Uniform(8)])
def test_truncation_moves_styles_towards_their_mean(prior):
    tried = game(prior)
    network, latents = tried.generator, prior.draw(500, torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in tried.state_dict().items()}
    with evaluating(tried):
        whole = network.styles(latents)
        images = network(latents)
        with truncated(tried, 0.5):
            half = network.styles(latents)
            assert not torch.equal(network(latents), images)
        with truncated(tried, 1.0):
            assert_close(network(latents), images)
        assert torch.equal(network(latents), images), "it ends"
    mean = network.mapped(prior.draw(200_000, torch.Generator().manual_seed(2))).mean(0)
    assert_close(half, mean + 0.5 * (whole - mean), atol=0.02, rtol=0)
    assert_close(half.std(0), whole.std(0) / 2)
    assert {name: value for name, value in tried.state_dict().items()}.keys() == before.keys()
    assert all(torch.equal(value, before[name]) for name, value in tried.state_dict().items())


def test_truncation_of_styles_leaves_the_latents():
    tried = game(Gaussian(8))
    with truncated(tried, 0.1):
        latents = tried.draw_latents(1_000, torch.Generator().manual_seed(0))
    assert torch.equal(latents, tried.draw_latents(1_000, torch.Generator().manual_seed(0)))


@pytest.mark.parametrize("amount", [0.0, -1.0, 1.5, float("nan")])
def test_amounts_out_of_range_are_one_sentence(amount):
    with pytest.raises(UserError, match="--truncate"), truncated(game(Gaussian(8)), amount):
        pass
