"""R3GAN's networks: how they start, their sizes, and that all of them learn although branches start at zero."""

import pytest
import torch
from torch.testing import assert_close

from gannet.errors import UserError
from gannet.networks.r3gan import R3GANDiscriminator, R3GANGenerator, ResidualBlock


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 32, 32), (3, 64, 64), (1, 8, 8)])
def test_sizes(shape):
    made = R3GANGenerator(5, shape, width=2)(torch.randn(2, 5))
    assert made.shape == (2, *shape)
    assert R3GANDiscriminator(shape, width=2)(made).logits.shape == (2,)


def test_other_sizes_are_refused():
    with pytest.raises(
        UserError, match=r"'r3gan' cannot make images of 30 x 30 pixels: .* Set data.size=28 .* 32 and 24 suit"
    ):
        R3GANGenerator(5, (1, 30, 30))


def test_a_block_starts_as_the_identity_and_is_grouped():
    block = ResidualBlock(32, 0.5)
    maps = torch.randn(2, 32, 4, 4)
    assert_close(block(maps), maps, atol=0, rtol=0)
    grouped = block.branch[2]
    assert (grouped.in_channels, grouped.groups) == (64, 4)


def test_a_block_is_scaled_as_fixup_says():
    """Variance of the first two layers: scale^2 gain^2 / inputs, gain^2 = 2 / 1.04, and 64 or 9 * 16 inputs."""
    torch.manual_seed(0)
    block = ResidualBlock(64, 0.5)
    assert_close(block.branch[0].weight.var(), torch.tensor(0.25 * 2 / 1.04 / 64), rtol=0.1, atol=0)
    assert_close(block.branch[2].weight.var(), torch.tensor(0.25 * 2 / 1.04 / 144), rtol=0.1, atol=0)


def test_the_untrained_generator_keeps_the_scale_of_its_map():
    """No normalisation keeps activations in range, only the start does: before tanh they are of about unit size."""
    torch.manual_seed(0)
    made = R3GANGenerator(64, (1, 32, 32))(torch.randn(200, 64)).atanh()
    assert 0.2 < made.std() < 2


def test_scores_have_no_bias():
    """A black image passes through biases alone, which start at zero."""
    assert_close(
        R3GANDiscriminator((1, 32, 32), width=4)(torch.zeros(1, 1, 32, 32)).logits, torch.zeros(1), atol=0, rtol=0
    )
