"""Gradient ascent on a classifier: against a classifier whose gradient is known, and against the shipped one."""

from __future__ import annotations

import pytest
import torch

from gannet.errors import UserError
from gannet.features.cnn import classifier
from gannet.theory.fooling import ascend, prior_energy, total_variation

NOISE = torch.rand(4, 1, 8, 8, generator=torch.Generator().manual_seed(0)) * 2 - 1


def brightness(images: torch.Tensor) -> torch.Tensor:
    """Two classes: the logit of class 1 is the sum of the pixels."""
    total = images.flatten(1).sum(1)
    return torch.stack([torch.zeros_like(total), total], dim=1)


def test_every_step_has_its_length_and_goes_uphill():
    found = ascend(brightness, torch.zeros(3, 1, 2, 2), 1, steps=4, size=0.3)
    # The unit gradient is 1/2 for each of four pixels; a change of pixels in [0, 1] is half of one in [-1, 1].
    torch.testing.assert_close(found.images, torch.full((3, 1, 2, 2), 4 * 0.3 / 2))
    torch.testing.assert_close(found.change, torch.full((3,), 4 * 0.3 / 2))
    torch.testing.assert_close(found.confidence[0], (0.6 * torch.arange(5)).sigmoid())
    down = ascend(brightness, torch.zeros(1, 1, 2, 2), torch.tensor([0]), steps=50, size=0.3)
    torch.testing.assert_close(down.images, torch.full((1, 1, 2, 2), -1.0), msg="pixels stay in [-1, 1]")


def test_latents_move_and_images_follow():
    found = ascend(brightness, torch.zeros(2, 3), 1, steps=5, size=1.0, generate=lambda z: z.sum(1).view(-1, 1, 1, 1))
    torch.testing.assert_close(found.places, torch.full((2, 3), 5 / 3**0.5))
    torch.testing.assert_close(found.images.flatten(), torch.full((2,), 5 * 3**0.5))
    held = ascend(
        brightness, torch.ones(1, 3), 1, penalty=lambda z: 100 * prior_energy(z), generate=lambda z: z[:, None]
    )
    assert held.places.norm() < 0.5, "a strong penalty wins"


def test_the_shipped_classifier_is_fooled_and_stays_what_it_was():
    judge = classifier("digits-cnn-v1")
    before = judge(NOISE).detach()
    start = NOISE.clone()
    found = ascend(judge, start, torch.arange(4), steps=40)
    assert torch.equal(start, NOISE), "the start is not changed"
    assert found.confidence.shape == (4, 41)
    assert found.confidence[:, -1].min() > 0.8
    assert torch.equal(judge(NOISE), before)
    smooth = ascend(judge, NOISE, torch.arange(4), steps=40, penalty=lambda x: 0.1 * total_variation(x))
    assert total_variation(smooth.images).mean() < 0.8 * total_variation(found.images).mean()
    alone = ascend(judge, NOISE[:1], 0, steps=40)
    torch.testing.assert_close(alone.images, found.images[:1], atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"steps": 0}, "steps is 0"), ({"size": 0.0}, "size above 0"), ({"target": 2}, "the classes 0 to 1; target is 2")],
)
def test_what_is_out_of_range_is_refused(wrong, message):
    with pytest.raises(UserError, match=message):
        ascend(brightness, torch.zeros(1, 1, 2, 2), **({"target": 1} | wrong))


def test_an_unknown_classifier_is_refused():
    with pytest.raises(UserError, match="Did you mean 'mnist-cnn-v1'"):
        classifier("mnist-cnn")
