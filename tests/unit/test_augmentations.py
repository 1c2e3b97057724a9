"""Truths of the augmentations that are known without them."""

import pytest
import torch
from torch import nn
from torch.testing import assert_close

from gannet.augmentations.base import shifted
from gannet.augmentations.diffaugment import DiffAugment
from gannet.augmentations.instance_noise import InstanceNoise
from gannet.errors import UserError
from gannet.networks.augmented import Augmented
from gannet.networks.mlp import MLPDiscriminator

OFF = {"color": False, "translation": 0.0, "cutout": 0.0}


def _rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_shifted_by_hand():
    images = torch.arange(1.0, 10.0).view(1, 1, 3, 3).repeat(2, 1, 1, 1)
    moved = shifted(images, torch.tensor([1, 0]), torch.tensor([0, -2]))
    assert_close(moved[0, 0], torch.tensor([[0.0, 0, 0], [1, 2, 3], [4, 5, 6]]))
    assert_close(moved[1, 0], torch.tensor([[3.0, 0, 0], [6, 0, 0], [9, 0, 0]]))


def test_translation_moves_every_picture_by_up_to_an_eighth_and_the_gradient_moves_back():
    dot = torch.zeros(2000, 1, 16, 24)
    dot[:, :, 8, 12] = 1.0
    dot.requires_grad_()
    moved = DiffAugment(**OFF | {"translation": 0.125})(dot, _rng())
    assert_close(moved.sum((1, 2, 3)), torch.ones(2000))
    where = moved.flatten(1).argmax(1)
    down, right = where // 24 - 8, where % 24 - 12
    assert set(down.tolist()) == set(range(-2, 3))
    assert set(right.tolist()) == set(range(-3, 4))
    assert abs(torch.corrcoef(torch.stack([down, right]).float())[0, 1]) < 0.1
    (gradient,) = torch.autograd.grad((moved * torch.arange(384.0).view(16, 24)).sum(), dot)
    assert_close(gradient[:, 0, 8, 12], where.float())


def test_cutout_is_a_square_of_half_the_side():
    cut = DiffAugment(**OFF | {"cutout": 0.5})(torch.ones(3000, 1, 16, 16), _rng())
    hole = cut[:, 0] == 0
    heights, widths = hole.any(2).sum(1), hole.any(1).sum(1)
    assert_close(hole.sum((1, 2)), heights * widths)  # a filled rectangle
    # The centre lies on one of 17 places: 9 leave the whole side of 8 inside, the other 8 cut it to 4, 5, 6, 7, twice
    # each.
    assert set(heights.tolist()) == set(widths.tolist()) == {4, 5, 6, 7, 8}
    assert_close((heights == 8).float().mean(), torch.tensor(9 / 17), atol=0.03, rtol=0)
    assert_close(((heights == 8) & (widths == 8)).float().mean(), torch.tensor((9 / 17) ** 2), atol=0.03, rtol=0)


def _between(values, low, high):
    width = high - low
    assert low <= values.min() < low + 0.02 * width
    assert high - 0.02 * width < values.max() <= high


def test_colour_ranges():
    colour = DiffAugment(**OFF | {"color": True})
    black = colour(torch.zeros(2000, 3, 4, 4), _rng())
    assert_close(black.flatten(1).std(1), torch.zeros(2000))
    _between(black[:, 0, 0, 0], -0.5, 0.5)
    stripes = torch.tensor([-0.5, 0.5]).repeat(2000, 3, 4, 2)  # grey: saturation does nothing
    _between(colour(stripes, _rng())[:, 0, 0, 1] - colour(stripes, _rng())[:, 0, 0, 0], 0.5, 1.5)
    tint = torch.tensor([-1.0, 0.0, 1.0]).view(3, 1, 1).repeat(2000, 1, 4, 4)  # both scale the distance of channels
    distance = colour(tint, _rng())[:, 2, 0, 0] - colour(tint, _rng())[:, 1, 0, 0]
    assert 0 <= distance.min() < 0.01
    assert 2.5 < distance.max() <= 3.0
    assert_close(distance.mean(), torch.tensor(1.0), atol=0.05, rtol=0)


def test_every_part_can_be_left_out():
    images = torch.rand(3, 3, 8, 8, generator=_rng())
    assert_close(DiffAugment(**OFF)(images, _rng()), images, atol=0, rtol=0)


def test_points_are_refused():
    with pytest.raises(UserError, match="instance-noise"):
        DiffAugment()(torch.zeros(4, 2))


def test_instance_noise_has_its_deviation():
    noise = InstanceNoise(0.3)(torch.full((20_000, 2), 5.0), _rng()) - 5
    assert_close(noise.std(0), torch.full((2,), 0.3), atol=0.01, rtol=0)
    assert_close(noise.mean(0), torch.zeros(2), atol=0.01, rtol=0)


def test_a_discriminator_is_augmented_in_training_only_and_repeatably():
    inner = MLPDiscriminator((1, 8, 8), hidden=[4])
    network = Augmented(inner, DiffAugment())
    images = torch.rand(5, 1, 8, 8, generator=_rng())
    torch.manual_seed(3)
    first = network(images).logits
    torch.manual_seed(3)
    assert_close(network(images).logits, first, atol=0, rtol=0)
    assert not torch.equal(network(images).logits, first)
    torch.manual_seed(3)
    assert_close(first, inner(DiffAugment()(images)).logits, atol=0, rtol=0)
    network.eval()
    assert_close(network(images).logits, inner(images).logits, atol=0, rtol=0)


def test_the_generator_learns_through_the_augmentation():
    network = Augmented(MLPDiscriminator((1, 8, 8), hidden=[4]), DiffAugment(cutout=0.0))
    generator = nn.Linear(3, 64)
    network(generator(torch.ones(5, 3)).view(5, 1, 8, 8)).logits.sum().backward()
    assert generator.weight.grad is not None
    assert generator.weight.grad.abs().sum() > 0
