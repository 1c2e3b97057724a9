"""Second derivatives of discriminators, without the parts that are zero."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.overrides import TorchFunctionMode

from gannet.types import Batch

Geometry = tuple[Any, Any, Any, bool, list[int], int]
"""Stride, padding, dilation, whether transposed, output padding, groups."""


class PiecewiseLinear(TorchFunctionMode):
    """Inside, the derivatives of convolutions, ReLU and leaky ReLU do not depend on the samples they are taken at.

    The derivative of a convolution is constant and that of ReLU a step function, so both second derivatives are zero
    (almost everywhere). Torch computes them as tensors of zeros and takes these through the backward pass of the whole
    network. Here they have no path back. All gradients stay the same up to rounding.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if func is functional.relu:
            return _rectified(*args, **given)
        if func is functional.leaky_relu:
            return _leaky(*args, **given)
        if func is torch.conv2d:
            return _convolved(*args, **given)
        return func(*args, **given)


def without_zeros(samples: Tensor, batch: Batch) -> AbstractContextManager[object]:
    """Where it saves time: with images, and in a step that is compiled for the CPU. In an eager step of points,
    starting the operations takes longer than the zeros. On a GPU, a graph computes what an eager step computes.
    """
    is_compiled = isinstance(batch.progress, Tensor) and samples.device.type == "cpu"
    return PiecewiseLinear() if samples.dim() == 4 or is_compiled else nullcontext()


def _rectified(input: Tensor, inplace: bool = False) -> Tensor:
    return _leaky(input, 0.0, inplace)


def _leaky(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    if negative_slope < 0:  # the sign of the result does not tell the sign of the input
        return functional.leaky_relu(input, negative_slope, inplace)
    return _Rectifier.apply(input, negative_slope, inplace)  # pyright: ignore[reportReturnType]


def _convolved(
    input: Tensor, weight: Tensor, bias: Tensor | None = None, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Tensor:  # fmt: skip
    if isinstance(padding, str) or input.dim() != 4:
        return torch.conv2d(input, weight, bias, stride, padding, dilation, groups)
    both = [(number, number) if isinstance(number, int) else tuple(number) for number in (stride, padding, dilation)]
    # Two paths: the ordinary one to the parameters, and one to the samples.
    result = torch.conv2d(input.detach(), weight, bias, stride, padding, dilation, groups)
    geometry: Geometry = both[0], both[1], both[2], False, [0, 0], groups
    given = input.to(result.dtype), weight.to(result.dtype)  # as autocast converts them
    return _WithPathToSamples.apply(result, *given, geometry)  # pyright: ignore[reportReturnType]


class _Rectifier(torch.autograd.Function):
    """Leaky ReLU."""

    @staticmethod
    def forward(ctx: Any, samples: Tensor, slope: float, inplace: bool) -> Tensor:
        if inplace:
            ctx.mark_dirty(samples)
        result = functional.leaky_relu(samples, slope, inplace)
        ctx.slope = slope
        ctx.save_for_backward(result)
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (result,) = ctx.saved_tensors
        return torch.ops.aten.leaky_relu_backward(gradients[0], result.detach(), ctx.slope, True), None, None


class _WithPathToSamples(torch.autograd.Function):
    """The result of a convolution of detached samples, with the gradient of the samples."""

    @staticmethod
    def forward(ctx: Any, result: Tensor, samples: Tensor, weight: Tensor, geometry: Geometry) -> Tensor:
        ctx.mark_dirty(result)  # so that the next layer may overwrite it
        ctx.save_for_backward(samples, weight)
        ctx.geometry = geometry
        return result

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        samples, weight = ctx.saved_tensors
        found = _GradientOfSamples.apply(gradients[0], weight, samples.detach(), ctx.geometry)
        return gradients[0], found, None, None


class _GradientOfSamples(torch.autograd.Function):
    """A function of the gradient of the result and of the weights, linear in both."""

    @staticmethod
    def forward(ctx: Any, gradient: Tensor, weight: Tensor, samples: Tensor, geometry: Geometry) -> Tensor:
        ctx.save_for_backward(gradient, weight)
        ctx.geometry = geometry
        return torch.ops.aten.convolution_backward(gradient, samples, weight, None, *geometry, (True, False, False))[0]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Any, ...]:
        gradient, weight = ctx.saved_tensors
        (second,) = gradients
        stride, padding, dilation, _, _, groups = ctx.geometry
        of_gradient = torch.conv2d(second, weight, None, stride, padding, dilation, groups)
        of_weight = torch.ops.aten.convolution_backward(
            gradient, second, weight, None, *ctx.geometry, (False, True, False)
        )[1]
        return of_gradient, of_weight, None, None
