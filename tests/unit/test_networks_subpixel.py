"""Upsampling and a convolution at once equal one after the other."""

import pytest
import torch
from torch import nn
from torch.nn.functional import conv2d, conv_transpose2d, interpolate

from gannet.networks.subpixel import ToImage, Upsampling, upsampled_convolution
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


@pytest.mark.parametrize(
    ("before", "after", "height", "width"), [(1, 1, 1, 1), (5, 1, 7, 7), (4, 3, 3, 5), (2, 4, 8, 2)]
)
def test_the_layer_to_an_image_is_a_transposed_convolution(before, after, height, width):
    """Its value, all first derivatives, and second derivatives."""
    torch.manual_seed(0)
    layer = ToImage(before, after).double()
    maps = torch.randn(3, before, height, width, dtype=torch.double, requires_grad=True)
    inputs = (maps, *layer.parameters())
    found, expected = layer(maps), conv_transpose2d(maps, layer.weight, layer.bias, stride=2, padding=1)
    torch.testing.assert_close(found, expected)
    pattern = torch.randn_like(found).requires_grad_()
    first, plain = (torch.autograd.grad(y, inputs, pattern, create_graph=True) for y in (found, expected))
    torch.testing.assert_close(first, plain)
    second, twice = (
        torch.autograd.grad(torch.stack([g.square().sum() for g in gradients]).sum(), (maps, layer.weight, pattern))
        for gradients in (first, plain)
    )
    torch.testing.assert_close(second, twice)


def test_the_layer_to_an_image_in_bf16_and_without_gradients():
    torch.manual_seed(0)
    layer, maps = ToImage(64, 3), torch.randn(2, 64, 4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        found = layer(maps)
        expected = conv_transpose2d(maps, layer.weight, layer.bias, stride=2, padding=1)
    assert found.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected)
    exact = conv_transpose2d(maps.double(), layer.weight.double(), layer.bias.double(), stride=2, padding=1)  # type: ignore[union-attr]
    errors = [(found_.double() - exact).norm() for found_ in (found, expected)]
    assert errors[0] <= 1.02 * errors[1], "more rounding than in the transposed convolution"
    with torch.no_grad():
        torch.testing.assert_close(layer(maps), conv_transpose2d(maps, layer.weight, layer.bias, stride=2, padding=1))
