"""The contract of augmentations."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.testing import assert_close

from gannet.augmentations.base import Augmentation


def check_augmentation(augmentation: Augmentation, samples: Tensor) -> None:
    """Shape kept, a function of the generator alone, rows changed one by one, gradients to the samples."""
    samples = samples.detach().requires_grad_()

    def changed(rows: Tensor, seed: int) -> Tensor:
        return augmentation(rows, torch.Generator().manual_seed(seed))

    once = changed(samples, 0)
    assert once.shape == samples.shape
    assert once.isfinite().all()
    assert_close(changed(samples, 0), once, atol=0, rtol=0)
    assert not torch.equal(changed(samples, 1), once), "the generator changes nothing"
    state = torch.get_rng_state()
    changed(samples, 0)
    assert torch.equal(torch.get_rng_state(), state), "a generator was given and the global one was used"
    replaced = torch.cat([samples[:1], torch.zeros_like(samples[1:])])
    assert_close(changed(replaced, 0)[0], once[0], msg="a row depends on the others")
    (gradient,) = torch.autograd.grad(once.square().sum(), samples, create_graph=True)
    assert gradient.isfinite().all()
    assert (gradient.flatten(1).abs().sum(1) > 0).all(), "no gradient reaches a sample"
    assert torch.autograd.grad(gradient.square().sum(), samples)[0].abs().sum() > 0, "not differentiable twice"
