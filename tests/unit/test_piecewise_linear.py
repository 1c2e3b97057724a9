"""Penalties without the parts of second derivatives that are zero have the same gradients."""

import copy

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from gannet.regularizers.base import input_gradients
from gannet.regularizers.dragan import Dragan
from gannet.regularizers.gradient_penalty import GradientPenalty
from gannet.regularizers.piecewise_linear import PiecewiseLinear
from gannet.types import Batch

BACKWARD = torch.ops.aten.convolution_backward.default


def _critic(between: nn.Module) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        *(nn.Conv2d(3, 4, 3, 2, 1), nn.LeakyReLU(0.2, inplace=True), nn.Conv2d(4, 6, 3, padding=1, groups=2), between),
        *(nn.Conv2d(6, 5, 3, padding="same"), nn.ReLU(), nn.Flatten(), nn.Linear(80, 7), nn.ReLU(inplace=True)),
        nn.Linear(7, 1),
    )


class _Calls(TorchDispatchMode):
    """Counts the backward passes of convolutions."""

    count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is BACKWARD
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize(
    "between", [nn.ReLU(), nn.LeakyReLU(0.1), nn.LeakyReLU(-0.1), nn.Softplus(), nn.BatchNorm2d(6), nn.Sigmoid()]
)
def test_the_gradients_are_equal(between):
    """Also with layers whose second derivative is not zero."""
    images = torch.randn(5, 3, 8, 8, dtype=torch.double)
    found = []
    for inside in (False, True):
        critic, given = _critic(copy.deepcopy(between)).double(), images.clone().requires_grad_()
        if inside:
            with PiecewiseLinear():
                logits = critic(given).squeeze(1)
        else:
            logits = critic(given).squeeze(1)
        penalty = (input_gradients(logits, (given,)).sqrt() - 1).square().mean()
        gradients = torch.autograd.grad(penalty, list(critic.parameters()), allow_unused=True)
        found.append(
            [torch.zeros_like(w) if g is None else g for g, w in zip(gradients, critic.parameters(), strict=True)]
        )
    for with_zeros, without in zip(*found, strict=True):
        torch.testing.assert_close(without, with_zeros)


@pytest.mark.parametrize("penalty", [GradientPenalty(), Dragan()])
def test_no_zeros_go_back_through_the_convolutions(penalty):
    torch.manual_seed(1)
    critic = nn.Sequential(
        *(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.LeakyReLU(0.2)),
        *(nn.Flatten(), nn.Linear(256, 1)),
    )
    real, fake = torch.randn(2, 5, 3, 8, 8)
    batch = Batch(real, None, torch.Generator().manual_seed(0), 0, 0.0)
    with _Calls() as calls:
        penalty(lambda inputs: critic(inputs[0]).squeeze(1), (real,), (fake,), batch).backward()
    # For each of the two convolutions, the gradient of the images and then that of the weights.
    assert calls.count == 4
