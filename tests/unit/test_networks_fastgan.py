"""The networks of few-images: contracts, gates, and a decoder that rebuilds what D saw."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.augmentations.adaptive import Adaptive
from gannet.games.two_player import TwoPlayer
from gannet.losses.relativistic_paired import RelativisticPaired
from gannet.networks.augmented import Augmented
from gannet.networks.fastgan import FastGANDecoder, FastGANDiscriminator, FastGANGenerator
from gannet.priors.gaussian import Gaussian
from gannet.testing.networks import check_discriminator, check_generator
from gannet.types import Batch

SHAPES = [(1, 8, 8), (3, 16, 16), (1, 28, 28), (3, 64, 32)]


@pytest.mark.parametrize("shape", SHAPES)
def test_contracts(shape):
    torch.manual_seed(0)
    check_generator(FastGANGenerator(6, shape, width=4))
    check_discriminator(FastGANDiscriminator(shape, width=4))


@pytest.mark.parametrize(("side", "seen"), [(8, 8), (16, 16), (28, 14), (32, 16), (64, 32), (256, 128)])
def test_the_decoder_makes_images_of_the_size_that_was_seen(side, seen):
    discriminator = FastGANDiscriminator((3, side, side), width=2)
    output = discriminator(torch.rand(2, 3, side, side))
    assert output.seen.shape == (2, 3, seen, seen)
    assert FastGANDecoder(discriminator)(output.features).shape == output.seen.shape


def test_gates_join_maps_sixteen_times_apart_and_multiply_channels():
    generator = FastGANGenerator(6, (3, 128, 128), width=2).eval()
    assert len(generator.gates) == 2  # 4 -> 64 and 8 -> 128
    latents = torch.randn(2, 6)
    with torch.no_grad():
        generator.gates[-1] = nn.Sequential(nn.AdaptiveAvgPool2d(1), _Constant(0.0))
        closed = generator(latents)
    assert_close(closed, generator.image.bias.tanh()[:, None, None].expand_as(closed))


class _Constant(nn.Module):
    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, maps):
        return torch.full((len(maps), 1, 1, 1), self.value)


def _game(augmentation):
    torch.manual_seed(0)
    discriminator = FastGANDiscriminator((1, 16, 16), width=4)
    return TwoPlayer(
        FastGANGenerator(4, (1, 16, 16), width=4),
        Augmented(discriminator, augmentation),
        Gaussian(4),
        loss=RelativisticPaired(),
        decoder=FastGANDecoder(discriminator),
        reconstruction=3.0,
    )


def _batch():
    return Batch(torch.rand(6, 1, 16, 16) * 2 - 1, None, torch.Generator().manual_seed(1), 0, 0.0)


def test_the_term_is_the_weighted_error_on_the_changed_reals():
    game = _game(Adaptive())
    game.discriminator.probability.fill_(1.0)
    seen = []
    game.discriminator.discriminator.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    game.decoder.forward = lambda features: torch.zeros(len(features), 1, 16, 16)
    batch = _batch()
    term = game.discriminator_terms(batch).minimise["reconstruction"]
    assert not torch.equal(seen[0][:6], batch.real)
    assert_close(term, 3 * seen[0][:6].abs().mean())
    assert "reconstruction" not in game.generator_terms(batch).minimise


def test_the_decoder_belongs_to_the_discriminator_and_teaches_its_trunk():
    game = _game(Adaptive())
    assert game.decoder in game.players["discriminator"]
    game.discriminator_terms(_batch()).minimise["reconstruction"].backward()
    trunk = game.discriminator.discriminator
    assert trunk.stem.weight.grad.abs().sum() > 0
    assert trunk.logit.weight.grad is None
    assert all(weight.grad.abs().sum() > 0 for weight in game.decoder.parameters())
