"""Upsampling and a convolution at once equal one after the other."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, interpolate

from gannet.networks.subpixel import Upsampling, upsampled_convolution
from gannet.networks.upsampling import UpsamplingGenerator


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("has_bias", [True, False])
def test_it_is_the_convolution_of_the_upsampled_maps(size, has_bias):
    torch.manual_seed(0)
    maps = torch.randn(2, 3, 4, 5, dtype=torch.double, requires_grad=True)
    weight = torch.randn(6, 3, size, size, dtype=torch.double, requires_grad=True)
    bias = torch.randn(6, dtype=torch.double) if has_bias else None
    both = [
        upsampled_convolution(maps, weight, bias),
        conv2d(interpolate(maps, scale_factor=2), weight, bias, padding=size // 2),
    ]
    torch.testing.assert_close(*both)
    pattern = torch.randn_like(both[0])
    for mine, plain in zip(*(torch.autograd.grad(y, (maps, weight), pattern) for y in both), strict=True):
        torch.testing.assert_close(mine, plain)


@pytest.mark.parametrize("side", [8, 32])
def test_the_generator_computes_the_layers_that_it_has(side):
    torch.manual_seed(0)
    generator = UpsamplingGenerator(10, (3, side, side)).double()
    assert any(isinstance(layer, nn.ConvTranspose2d) for layer in generator.upsampling)
    latents = torch.randn(4, 10, dtype=torch.double)
    mine = generator(latents)
    generator.upsampling = nn.Sequential(*generator.upsampling)
    assert not isinstance(generator.upsampling, Upsampling)
    torch.testing.assert_close(mine, generator(latents))


def test_bf16_adds_the_pixels_of_the_kernel_in_fp32():
    """The sums of a kernel's pixels are rounded once."""
    weight = torch.full((1, 1, 3, 3), 1 + 2**-7)
    weight[0, 0, 0, 0] = 2**-7
    with torch.autocast("cpu", torch.bfloat16):
        found = upsampled_convolution(torch.ones(1, 1, 1, 1), weight)
    expected = conv2d(torch.ones(1, 1, 2, 2), weight, padding=1).bfloat16()
    assert found.dtype == torch.bfloat16
    assert torch.equal(found, expected)
