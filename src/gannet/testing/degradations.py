"""The contract of degradations; run it on your own class: ``check_degradation(MyDegradation(), channels=3)``."""

from __future__ import annotations

import torch
from torch.testing import assert_close

from gannet.degradations.base import Degradation
from gannet.errors import UserError

SIDE_PIXELS = 16


def check_degradation(degradation: Degradation, *, channels: int = 3) -> None:
    """Shapes and range, a function of the generator alone, rows independent, less than the target, and consistent
    restoration.
    """
    images = torch.rand(6, channels, SIDE_PIXELS, SIDE_PIXELS, generator=torch.Generator().manual_seed(0)) * 2 - 1
    images = torch.nn.functional.avg_pool2d(images.repeat_interleave(2, dim=2), 3, 1, 1, count_include_pad=False)[
        :, :, :SIDE_PIXELS
    ]
    images = images.clamp(-1, 1)
    kept = images.clone()
    degradation.require(tuple(images.shape[1:]))
    if degradation.takes_pairs:
        _shows_the_given_input(degradation, images)
        return

    def degraded(rows: torch.Tensor, seed: int = 0) -> torch.Tensor:
        return degradation(rows, torch.Generator().manual_seed(seed))

    state = torch.get_rng_state()
    inputs = degraded(images)
    assert torch.equal(torch.get_rng_state(), state), "a generator was given and the global one was used"
    assert torch.equal(images, kept), "the target was changed"
    side = SIDE_PIXELS // degradation.factor
    assert inputs.shape == (6, degradation.input_channels(channels), side, side)
    assert inputs.isfinite().all()
    assert inputs.abs().max() <= 1 + 1e-6, "inputs lie in [-1, 1]"
    assert_close(degraded(images), inputs, atol=0, rtol=0, msg="equal seeds, other inputs")
    replaced = torch.cat([images[:1], torch.zeros_like(images[1:])])
    assert_close(degraded(replaced)[0], inputs[0], msg="a row depends on the others")
    plain = degradation.trivial(inputs, channels)
    assert plain.shape == images.shape
    assert plain.abs().max() <= 1 + 1e-6
    assert degradation.trivial_name
    assert not torch.allclose(plain, images, atol=1e-3), "nothing is lost, so there is nothing to learn"
    _restores(degradation, images, inputs)
    shown = degradation.of_file(
        images[:1], torch.ones(1, 1, SIDE_PIXELS, SIDE_PIXELS).index_fill(2, torch.tensor([3, 4]), 0.0)
    )
    assert shown.shape[1] == degradation.input_channels(channels), (
        "a user's image becomes an input of the same channels"
    )


def _shows_the_given_input(degradation: Degradation, inputs: torch.Tensor) -> None:
    """Inputs are never made from targets, and are shown as they are."""
    try:
        degradation(inputs, torch.Generator())
    except UserError:
        pass
    else:
        raise AssertionError("an input was made from the target, and the data should give it")
    assert degradation.trivial_name
    assert_close(degradation.trivial(inputs, inputs.shape[1]), inputs, atol=0, rtol=0)


def _restores(degradation: Degradation, images: torch.Tensor, inputs: torch.Tensor) -> None:
    """Whatever the network says, the restored image agrees with the input; and the target agrees with its input."""
    shape = (6, degradation.output_channels(images.shape[1]), *images.shape[2:])
    output = (torch.rand(shape, generator=torch.Generator().manual_seed(1)) * 2 - 1).requires_grad_()
    restored = degradation.restore(output, inputs)
    assert restored.shape == images.shape
    (gradient,) = torch.autograd.grad(restored.square().sum(), output)
    assert gradient.isfinite().all()
    assert gradient.abs().sum() > 0, "no gradient reaches the network"
    found = degradation.contradiction(images, inputs)
    if found is not None:
        assert found.shape == (6,)
        assert found.max() < 1e-5, "the target contradicts its own input"
        made = degradation.contradiction(restored.detach(), inputs)
        assert made is not None
        assert made.max() < 1e-5, "the restored image contradicts the input"
        assert degradation.contradiction(images.flip(0), inputs).max() > 1e-3, "another image contradicts the input"  # type: ignore[union-attr]
