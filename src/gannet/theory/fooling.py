"""Image fooling: gradient ascent on what a classifier says, from noise, from a real image, or through a generator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from gannet.errors import UserError

Function = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Ascent:
    """What a gradient ascent reached."""

    places: Tensor
    """(N, *shape) what was moved: pixels in [-1, 1], or latents."""
    images: Tensor
    """(N, C, H, W) in [-1, 1]: ``places`` themselves, or what the generator makes of them."""
    confidence: Tensor
    """(N, steps + 1) probability of the target class, before the first step and after each."""
    change: Tensor
    """(N,) L2 norm of the change of the image, with pixels in [0, 1]."""


def ascend(
    classify: Function,
    start: Tensor,
    target: int | Tensor,
    *,
    steps: int = 100,
    size: float = 0.25,
    generate: Function | None = None,
    penalty: Function | None = None,
) -> Ascent:
    """Move ``start`` by gradient ascent until a classifier sees the class ``target`` in the image.

    Each step adds ``size`` times the unit vector of the gradient of log p(target | image) - penalty. With pixels, this
    gives images that mean nothing to a person (from noise: Nguyen et al. 2015, https://arxiv.org/abs/1412.1897) or
    that still look like the image they started from (Szegedy et al. 2014, https://arxiv.org/abs/1312.6199). Through a
    generator, only images that it can make are reached (Nguyen et al. 2016, https://arxiv.org/abs/1605.09304).

    Args:
        classify: (N, C, H, W) images in [-1, 1] to logits (N, K), differentiable, for example
            :func:`gannet.features.cnn.classifier`. It treats the images one by one.
        start: (N, C, H, W) images in [-1, 1], or (N, F) latents together with ``generate``.
        target: the class, or one for each image (N,).
        steps: number of steps, at least 1.
        size: length of a step in the units of ``start``, above 0.
        generate: latents to images; without it, pixels are moved and stay in [-1, 1].
        penalty: (N, *shape) to (N,), subtracted from the log-probability: :func:`total_variation` (Simonyan et al.
            2014, https://arxiv.org/abs/1312.6034, have the L2 norm) or :func:`prior_energy`.

    Raises:
        UserError: ``steps``, ``size`` or ``target`` is out of range.
    """
    if steps < 1 or size <= 0:
        raise UserError(f"steps is {steps} and size is {size}; steps must be at least 1, and size above 0.")
    make = generate or torch.nn.Identity()
    places, traced = start.detach().clone(), []
    targets = torch.as_tensor(target, device=places.device).expand(len(places))

    def log_probability(images: Tensor) -> Tensor:
        logits = classify(images)
        if not 0 <= int(targets.min()) <= int(targets.max()) < logits.shape[1]:
            raise UserError(f"The classifier has the classes 0 to {logits.shape[1] - 1}; target is {target}.")
        return logits.float().log_softmax(1).gather(1, targets[:, None])[:, 0]

    for _ in range(steps):
        with torch.enable_grad():
            places.requires_grad_()
            log_probabilities = log_probability(make(places))
            climbed = log_probabilities - penalty(places) if penalty else log_probabilities
            [slope] = torch.autograd.grad(climbed.sum(), places)
        traced.append(log_probabilities.detach().exp())
        length = slope.flatten(1).norm(dim=1).clamp_min(1e-12).view(-1, *[1] * (slope.dim() - 1))
        places = places.detach() + size * slope / length
        if generate is None:
            places = places.clamp(-1, 1)
    with torch.no_grad():
        images = make(places)
        traced.append(log_probability(images).exp())
        change = (images - make(start)).flatten(1).norm(dim=1) / 2
    return Ascent(places, images, torch.stack(traced, dim=1), change)


def total_variation(images: Tensor) -> Tensor:
    """(N, C, H, W) -> (N,) sum of absolute differences of neighbouring pixels: high for noise, low for strokes."""
    down, right = images[:, :, 1:] - images[:, :, :-1], images[:, :, :, 1:] - images[:, :, :, :-1]
    return down.abs().flatten(1).sum(1) + right.abs().flatten(1).sum(1)


def prior_energy(latents: Tensor) -> Tensor:
    """(N, F) -> (N,) -log N(z; 0, I) without its constant, |z|^2 / 2: keeps latents where a generator was trained."""
    return latents.square().sum(1) / 2
