"""Layers that compare samples of a batch, against cases worked by hand."""

from math import e, exp

import pytest
import torch
from torch import nn
from torch.nn.functional import batch_norm
from torch.testing import assert_close

from gannet.networks.dcgan import DCGANGenerator
from gannet.networks.minibatch import MinibatchDeviation, MinibatchDiscrimination, MinibatchDiscriminator
from gannet.networks.mlp import MLPTrunk
from gannet.networks.virtual_batch_norm import VirtualBatchNorm, VirtualBatchNormGenerator


def test_minibatch_discrimination_by_hand():
    """Rows (0,0), (1,0), (0,2). One view of width 1 per coordinate: distances 1, 0, 1 and 0, 2, 2."""
    layer = MinibatchDiscrimination(2, kernels=2, width=1)
    with torch.no_grad():
        layer.projection.weight.copy_(torch.eye(2))
    rows = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
    expected = [[1 / e + 1, 1 + exp(-2)], [2 / e, 1 + exp(-2)], [1 + 1 / e, 2 * exp(-2)]]
    assert_close(layer(rows), torch.tensor(expected))
    wide = MinibatchDiscrimination(2, kernels=1, width=2)
    with torch.no_grad():
        wide.projection.weight.copy_(torch.eye(2))
    assert_close(wide(rows), torch.tensor([[1 / e + exp(-2)], [1 / e + exp(-3)], [exp(-2) + exp(-3)]]))


def test_equal_rows_are_as_close_as_can_be():
    assert_close(MinibatchDiscrimination(3, kernels=4)(torch.ones(6, 3)), torch.full((6, 4), 5.0))


def test_minibatch_deviation_by_hand():
    """Deviations 1 and 2 of the two features; of equal rows none, with a finite gradient."""
    rows = torch.tensor([[0.0, 5.0], [2.0, 1.0]])
    assert_close(MinibatchDeviation()(rows), torch.full((2, 1), 1.5))
    equal = torch.ones(3, 2, requires_grad=True)
    MinibatchDeviation()(equal).sum().backward()
    assert equal.grad is not None
    assert equal.grad.isfinite().all()


@pytest.mark.parametrize("statistic", [MinibatchDiscrimination(4, kernels=3), MinibatchDeviation()])
def test_a_row_stands_alone_in_evaluation_with_the_usual_statistic(statistic):
    torch.manual_seed(0)
    network = MinibatchDiscriminator(MLPTrunk((2,), hidden=[4]), statistic)
    rows = torch.randn(6, 2)
    changed = torch.cat([rows[:1], 3 * rows[1:]])
    assert not torch.allclose(network(rows).logits[0], network(changed).logits[0])
    for _ in range(200):
        network(rows)
    network.eval()
    assert_close(network(rows).logits[0], network(changed).logits[0])
    features = network.trunk(rows)
    usual = statistic(features).mean(0).expand(6, -1)
    assert_close(network(rows).logits, network.head(torch.cat([features, usual], 1)).squeeze(1), atol=1e-4, rtol=1e-4)


def _virtual(rows, features=1):
    return VirtualBatchNorm(nn.BatchNorm1d(features, eps=0.0), rows)


def test_virtual_batch_norm_by_hand():
    """Reference 1 and 3: mean 2, variance 1. With a row of 8: mean 4, mean square 74/3, variance 26/3."""
    result = _virtual(2)(torch.tensor([[1.0], [3.0], [8.0], [2.0]]))
    assert_close(result[:3, 0], torch.tensor([-1.0, 1.0, 4 / (26 / 3) ** 0.5]))
    assert_close(result[3, 0], torch.tensor(0.0))


def test_virtual_batch_norm_of_maps():
    """The reference is normalised as batch norm does it; a row goes over its own pixels: reference 0, row of 2 and 4
    has mean 3/2 and mean square (4 + 16)/4, so variance 11/4."""
    norm = nn.BatchNorm2d(3)
    nn.init.normal_(norm.weight)
    nn.init.normal_(norm.bias)
    maps = torch.randn(7, 3, 4, 5, generator=torch.Generator().manual_seed(0))
    expected = batch_norm(maps[:5], None, None, norm.weight, norm.bias, training=True, eps=norm.eps)
    assert_close(VirtualBatchNorm(norm, 5)(maps)[:5], expected, atol=1e-5, rtol=1e-5)
    pair = torch.tensor([[0.0, 0.0], [2.0, 4.0]]).view(2, 1, 1, 2)
    layer = VirtualBatchNorm(nn.BatchNorm2d(1, eps=0.0), 1)
    # A constant reference has no standard deviation to divide by.
    assert_close(layer(pair)[1].flatten(), torch.tensor([0.5, 2.5]) / (11 / 4) ** 0.5)


def test_a_sample_does_not_depend_on_the_others_and_the_reference_is_saved():
    torch.manual_seed(0)
    reference = torch.randn(6, 5)
    network = VirtualBatchNormGenerator(DCGANGenerator(5, (1, 16, 16)), reference)
    assert not any(isinstance(layer, nn.modules.batchnorm._BatchNorm) for layer in network.modules())
    latents = torch.randn(4, 5)
    together = network(latents)
    assert_close(network(latents[:1])[0], together[0], atol=1e-5, rtol=1e-4)
    assert not torch.allclose(network(latents.flip(0)), together)
    assert_close(network.eval()(latents), together, atol=0, rtol=0)
    assert_close(network.state_dict()["reference"], reference)
