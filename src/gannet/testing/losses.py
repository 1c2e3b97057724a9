"""The contract of a loss: ``check_loss(MyLoss())`` checks your own class."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.testing import assert_close

from gannet.losses.base import AdversarialLoss


def check_loss(loss: AdversarialLoss) -> None:
    """Check every requirement of :class:`AdversarialLoss`; an AssertionError names the one that is violated."""
    _worked_example(loss)
    _is_finite_scalar(loss)
    _discriminator_separates(loss)
    _generator_raises_fakes(loss)
    _pairs_meet(loss)
    _order_does_not_matter(loss)
    _maps_are_many_logits(loss)
    _gradients_are_right(loss)
    _needs_real_is_truthful(loss)


def _sides(loss: AdversarialLoss, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    return loss.discriminator(real, fake), loss.generator(fake, real if loss.generator_needs_real else None)


def _worked_example(loss: AdversarialLoss) -> None:
    example = type(loss).worked_example()
    real, fake = torch.tensor(example.real, dtype=torch.float64), torch.tensor(example.fake, dtype=torch.float64)
    values = torch.stack(_sides(type(loss)(), real, fake))
    assert_close(
        values, torch.tensor([example.discriminator, example.generator], dtype=torch.float64), atol=1e-6, rtol=0
    )


def _is_finite_scalar(loss: AdversarialLoss) -> None:
    for size in (0.0, 1.0, 50.0):
        assert _all_finite(loss, size), f"not finite at logits of {size}"
    if loss.grows_exponentially:
        assert not _all_finite(loss, 1e4), "declared to grow exponentially, but finite at logits of 1e4"
    else:
        assert _all_finite(loss, 1e4), "not finite at logits of 1e4, and not declared to grow exponentially"


def _all_finite(loss: AdversarialLoss, size: float) -> bool:
    """Check values and gradients if real or fake logits are higher by ``size``."""
    seen: list[Tensor] = []
    for sign in (1.0, -1.0):
        real = torch.full((6,), sign * size, requires_grad=True)
        fake = torch.full((6,), -sign * size, requires_grad=True)
        for value in _sides(loss, real, fake):
            assert value.shape == (), "a loss must be a scalar"
            seen += [value, *(g for g in torch.autograd.grad(value, (real, fake), allow_unused=True) if g is not None)]
    return all(bool(tensor.isfinite().all()) for tensor in seen)


def _discriminator_separates(loss: AdversarialLoss) -> None:
    real, fake = torch.zeros(4, requires_grad=True), torch.zeros(4, requires_grad=True)
    real_gradient, fake_gradient = torch.autograd.grad(loss.discriminator(real, fake), (real, fake))
    assert (real_gradient <= 0).all(), "descending D's loss lowers a real logit"
    assert (fake_gradient >= 0).all(), "descending D's loss raises a fake logit"
    assert real_gradient.abs().sum() + fake_gradient.abs().sum() > 0, "D's loss has no gradient at equal logits"


def _generator_raises_fakes(loss: AdversarialLoss) -> None:
    real, fake = torch.ones(4), torch.full((4,), -1.0, requires_grad=True)
    (gradient,) = torch.autograd.grad(_sides(loss, real, fake)[1], fake)
    assert (gradient < 0).all(), "with D slightly ahead, descending G's loss must raise every fake logit"


def _pairs_meet(loss: AdversarialLoss) -> None:
    real, fake = torch.ones(4, requires_grad=True), torch.full((4,), -1.0, requires_grad=True)
    real_gradient, fake_gradient = torch.autograd.grad(loss.pairs(real, fake), (real, fake))
    assert (real_gradient > 0).all(), "with D slightly ahead, descending the loss on pairs must lower real logits"
    assert (fake_gradient < 0).all(), "with D slightly ahead, descending the loss on pairs must raise fake logits"


def _order_does_not_matter(loss: AdversarialLoss) -> None:
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(8, generator=rng, dtype=torch.float64), torch.randn(8, generator=rng, dtype=torch.float64)
    order = torch.randperm(8, generator=rng)
    assert_close(torch.stack(_sides(loss, real, fake)), torch.stack(_sides(loss, real[order], fake[order])))


def _maps_are_many_logits(loss: AdversarialLoss) -> None:
    rng = torch.Generator().manual_seed(3)
    real, fake = (
        torch.randn(2, 1, 3, 2, generator=rng, dtype=torch.float64),
        torch.randn(2, 1, 3, 2, generator=rng, dtype=torch.float64),
    )
    of_maps, of_logits = _sides(loss, real, fake), _sides(loss, real.flatten(), fake.flatten())
    assert all(value.shape == () for value in of_maps), "the loss of maps of logits is a scalar"
    assert_close(torch.stack(of_maps), torch.stack(of_logits), msg="a map of logits counts as its logits one by one")


def _gradients_are_right(loss: AdversarialLoss) -> None:
    rng = torch.Generator().manual_seed(1)
    real, fake = (torch.randn(5, generator=rng, dtype=torch.float64).requires_grad_() for _ in range(2))
    assert torch.autograd.gradcheck(loss.discriminator, (real, fake))
    assert torch.autograd.gradcheck(lambda f: _sides(loss, real.detach(), f)[1], (fake,))


def _needs_real_is_truthful(loss: AdversarialLoss) -> None:
    fake, real = torch.randn(6, generator=torch.Generator().manual_seed(2)), torch.zeros(6)
    if loss.generator_needs_real:
        assert loss.generator(fake, real) != loss.generator(fake, real + 1), (
            "generator_needs_real, but the real logits have no effect"
        )
    else:
        loss.generator(fake, None)
