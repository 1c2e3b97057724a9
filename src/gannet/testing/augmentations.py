"""The contract of augmentations."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.testing import assert_close

from gannet.augmentations.base import Augmentation


def check_augmentation(augmentation: Augmentation, samples: Tensor) -> None:
    """Check the shape, that only the given generator is used, that samples are changed separately, and that
    gradients reach them.
    """
    samples = samples.detach().requires_grad_()

    def changed(rows: Tensor, seed: int) -> Tensor:
        return augmentation(rows, torch.Generator().manual_seed(seed))

    once = changed(samples, 0)
    assert once.shape == samples.shape
    assert once.isfinite().all()
    assert_close(changed(samples, 0), once, atol=0, rtol=0)
    assert not torch.equal(changed(samples, 1), once), "the generator has no effect"
    state = torch.get_rng_state()
    changed(samples, 0)
    assert torch.equal(torch.get_rng_state(), state), "the global generator was used instead of the given one"
    replaced = torch.cat([samples[:1], torch.zeros_like(samples[1:])])
    assert_close(changed(replaced, 0)[0], once[0], msg="a sample depends on the others")
    (gradient,) = torch.autograd.grad(once.square().sum(), samples, create_graph=True)
    assert gradient.isfinite().all()
    assert (gradient.flatten(1).abs().sum(1) > 0).all(), "no gradient reaches the samples"
    assert torch.autograd.grad(gradient.square().sum(), samples)[0].abs().sum() > 0, "not differentiable twice"
