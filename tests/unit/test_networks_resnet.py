"""The residual networks of SNGAN, and self-attention."""

import pytest
import torch
from torch.nn.functional import avg_pool2d, interpolate, max_pool2d, relu
from torch.testing import assert_close

from gannet.networks.attention import SelfAttention
from gannet.networks.resnet import DownBlock, ResNetDiscriminator, ResNetGenerator, UpBlock


@pytest.fixture(autouse=True)
def _seeded():
    torch.manual_seed(0)


def test_a_block_of_the_generator_is_the_papers():
    block, x = UpBlock(4, 6), torch.randn(3, 4, 5, 5)
    first, second = block.norms
    inside = block.first(interpolate(relu(first(x)), scale_factor=2))
    expected = block.second(relu(second(inside))) + block.shortcut(interpolate(x, scale_factor=2))
    assert_close(block(x), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("halves", [False, True])
def test_a_block_of_the_discriminator_is_the_papers(is_first, halves):
    block, x = DownBlock(4, 6, is_first=is_first, halves=halves), torch.randn(3, 4, 6, 6)
    expected = block.second(relu(block.first(x if is_first else relu(x)))) + block.shortcut(x)
    assert_close(block(x), avg_pool2d(expected, 2) if halves else expected, atol=1e-5, rtol=1e-5)


def test_equal_widths_without_halving_add_the_input_itself():
    block = DownBlock(4, 4, halves=False)
    torch.nn.init.zeros_(block.second.weight)
    x = torch.randn(2, 4, 6, 6)
    assert torch.equal(block(x), x)


@pytest.mark.parametrize(
    ("side", "blocks", "last"), [(8, 3, 4), (16, 3, 8), (28, 4, 7), (32, 4, 8), (48, 5, 6), (64, 5, 8)]
)
def test_depth_follows_the_size(side, blocks, last):
    generator, discriminator = (
        ResNetGenerator(8, (3, side, side), width=8),
        ResNetDiscriminator((3, side, side), width=8),
    )
    images = generator(torch.randn(2, 8))
    assert images.shape == (2, 3, side, side)
    assert len(discriminator.trunk.blocks) == blocks
    assert discriminator.trunk.blocks(images).shape == (2, 8, last, last)


def test_the_papers_networks_for_32_pixels():
    generator, discriminator = ResNetGenerator(128, (3, 32, 32), width=256), ResNetDiscriminator((3, 32, 32), width=128)
    block = 2 * (256 * 256 * 9 + 256) + 256 * 256 + 256 + 4 * 256
    assert sum(p.numel() for p in generator.parameters()) == 129 * 4096 + 3 * block + 512 + 256 * 27 + 3
    kept = 2 * (128 * 128 * 9 + 128)
    halving, first = kept + 128 * 129, 128 * 28 + 128 * 128 * 9 + 128 + 4 * 128
    assert sum(p.numel() for p in discriminator.parameters()) == first + halving + 2 * kept + 129


def test_attention_by_hand():
    layer, x = SelfAttention(16), torch.randn(2, 16, 4, 6)
    assert torch.equal(layer(x), x), "it starts as the identity"
    torch.nn.init.constant_(layer.gain, 0.5)
    query = layer.query(x).flatten(2)
    key, value = (max_pool2d(part(x), 2).flatten(2) for part in (layer.key, layer.value))
    out = layer(x).flatten(2)
    for n, pixel in [(0, 0), (1, 23), (1, 13)]:
        weights = (query[n, :, pixel] @ key[n]).softmax(0)  # one per pooled pixel
        attended = layer.output.weight[:, :, 0, 0] @ (value[n] @ weights)
        assert_close(out[n, :, pixel], x.flatten(2)[n, :, pixel] + 0.5 * attended, atol=1e-5, rtol=1e-5)
