"""Packs: which samples a score is of, what the penalties see, and what maxout units compute."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.errors import UserError
from gannet.networks.base import Discriminator
from gannet.networks.maxout import Maxout
from gannet.networks.packed import PackedDiscriminator, packed_shape
from gannet.regularizers.gradient_penalty import GradientPenalty
from gannet.regularizers.zero_centered import ZeroCentered
from gannet.types import Batch, DiscriminatorOutput

WEIGHTS = torch.tensor([1.0, 10.0, 100.0, 1000.0])  # x and y of the first sample, x and y of the second


class Linear(Discriminator):
    """The weighted sum of everything that it is given."""

    rows_independent, num_classes = True, 0

    def __init__(self, weights, shape):
        super().__init__()
        self.shape = shape
        self.weights = nn.Parameter(weights)

    def forward(self, samples, labels=None):
        return DiscriminatorOutput(samples.flatten(1) @ self.weights)


def pairs():
    return PackedDiscriminator(Linear(WEIGHTS.clone(), (4,)), (2,), 2)


def test_a_pack_is_consecutive_rows():
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    assert_close(pairs().train()(points).logits, torch.tensor([4321.0, 8765.0]))


def test_in_evaluation_every_row_is_packed_with_itself():
    points = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert_close(pairs().eval()(points).logits, torch.tensor([2121.0, 4343.0, 6565.0]))


def test_pictures_lie_side_by_side_in_the_channels():
    assert packed_shape((3, 8, 8), 2) == (6, 8, 8)
    images = torch.arange(4.0).view(4, 1, 1, 1).expand(4, 1, 8, 8)
    weights = torch.cat([torch.full((64,), 1 / 64), torch.full((64,), 10 / 64)])
    packed = PackedDiscriminator(Linear(weights, (2, 8, 8)), (1, 8, 8), 2)
    assert_close(packed.train()(images).logits, torch.tensor([10.0, 32.0]))
    assert_close(packed.eval()(images).logits, torch.tensor([0.0, 11.0, 22.0, 33.0]))


def test_a_batch_that_does_not_divide_is_refused():
    with pytest.raises(UserError, match=r"5 rows does not divide into packs of 2; .* example 4"):
        pairs().train()(torch.zeros(5, 2))


def _penalised(penalty):
    network = pairs().train()
    rows = torch.randn(6, 2, generator=torch.Generator().manual_seed(0)).requires_grad_()
    batch = Batch(torch.zeros(6, 2), None, torch.Generator().manual_seed(0), 0, 0.0)
    return penalty(lambda inputs: network(*inputs).logits, (rows,), (rows,), batch)


def test_r1_is_of_the_packs_gradient():
    """gamma/2 |w|^2 = 1/2 (1 + 100 + 10^4 + 10^6); divided by samples instead of packs it would be half of that."""
    assert_close(_penalised(ZeroCentered(gamma=1.0, on="real")), torch.tensor(505050.5))


def test_the_gradient_penalty_is_of_the_packs_gradient():
    """(|w| - 1)^2 with |w| = sqrt(1010101) = 1005.0378; the rows' own norms sqrt(101) and sqrt(1010000) would give
    504,035.
    """
    assert_close(_penalised(GradientPenalty(weight=1.0)), torch.tensor(1008091.9), rtol=1e-5, atol=0)


def test_maxout_takes_the_largest_of_its_pieces():
    """Units (max(x, -x), max(2x + 1, 0)) at x = 3 and -2: weights are laid out piece by piece."""
    layer = Maxout(1, 2, 2)
    with torch.no_grad():
        layer.linear.weight.copy_(torch.tensor([[1.0], [2.0], [-1.0], [0.0]]))
        layer.linear.bias.copy_(torch.tensor([0.0, 1.0, 0.0, 0.0]))
    assert_close(layer(torch.tensor([[3.0], [-2.0]])), torch.tensor([[3.0, 7.0], [2.0, 0.0]]))
