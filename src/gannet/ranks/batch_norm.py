"""Batch norm with the mean and variance of the whole batch of all ranks.

``nn.SyncBatchNorm`` is not used: it needs a GPU and has no second derivative, which gradient penalties need.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from gannet.ranks.group import Ranks
from gannet.ranks.sum import summed


def batch_norm(
    ranks: Ranks,
    input: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """What :func:`torch.nn.functional.batch_norm` computes of the whole batch, for the samples of this rank.

    The ranks exchange the mean and the mean square of each channel, in float64, because their difference is the
    variance.
    """
    if not training:
        return functional.batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    statistics = weight.dtype if weight is not None else torch.promote_types(input.dtype, torch.float32)
    weight = torch.ones(input.shape[1], dtype=statistics, device=input.device) if weight is None else weight
    bias = torch.zeros_like(weight) if bias is None else bias
    output, mean, variance = _BatchNorm.apply(input, weight, bias, eps, ranks)  # type: ignore[misc]
    if running_mean is not None and running_var is not None:
        count = ranks.size * input.numel() // input.shape[1]
        with torch.no_grad():
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((variance * (count / max(1, count - 1))).to(running_var.dtype), momentum)
    return output


class _BatchNorm(torch.autograd.Function):
    """With torch's own operations for one process, which read each value fewer times than formulas in tensors do."""

    @staticmethod
    def forward(
        ctx: Any, input: Tensor, weight: Tensor, bias: Tensor, eps: float, ranks: Ranks
    ) -> tuple[Tensor, Tensor, Tensor]:
        mean, variance = _moments(ranks, *_own_moments(input))
        statistics = mean.to(weight.dtype), variance.to(weight.dtype)
        ctx.save_for_backward(input, weight, bias, *statistics)
        ctx.eps, ctx.ranks = eps, ranks
        ctx.mark_non_differentiable(mean, variance)
        ctx.set_materialize_grads(False)
        return functional.batch_norm(input, *statistics, weight, bias, False, 0.0, eps), mean, variance

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """With the standardised input h and means over the whole batch, the gradient of the input is
        weight / standard deviation x (g - mean(g) - h mean(g h)).
        """
        gradient, (input, weight, bias, mean, variance) = gradients[0], ctx.saved_tensors
        if gradient is None:
            return None, None, None, None, None
        if torch.is_grad_enabled():  # a second derivative follows
            written_out = _written_out(ctx.ranks, input, weight, bias, ctx.eps)
            wanted = [tensor for tensor in (input, weight, bias) if tensor.requires_grad]
            found = iter(torch.autograd.grad(written_out, wanted, gradient, create_graph=True))
            return *(next(found) if t.requires_grad else None for t in (input, weight, bias)), None, None
        values, gradient = input.to(weight.dtype), gradient.to(weight.dtype)
        own, of_weight, of_bias = torch.ops.aten.native_batch_norm_backward(
            gradient, values, weight, mean, variance, None, None, False, ctx.eps, [True, True, True]
        )
        count = ctx.ranks.size * input.numel() // input.shape[1]
        sums = ctx.ranks.summed(torch.stack([of_bias.double(), of_weight.double()])) / count
        scale = weight * (variance.double() + ctx.eps).rsqrt()
        both = [(-scale * part).to(weight.dtype) for part in sums]  # of mean(g) and of h mean(g h)
        own += functional.batch_norm(values, mean, variance, both[1], both[0], False, 0.0, ctx.eps)
        return own.to(input.dtype), of_weight, of_bias, None, None


def _written_out(ranks: Ranks, input: Tensor, weight: Tensor, bias: Tensor, eps: float) -> Tensor:
    """The same in formulas that are differentiable any number of times."""
    over = [dimension for dimension in range(input.dim()) if dimension != 1]
    values = input.to(weight.dtype)
    variance, mean = torch.var_mean(values, dim=over, correction=0)
    moments = summed(ranks, torch.stack([mean.double(), variance.double() + mean.double().square()])) / ranks.size
    mean, variance = moments[0], moments[1] - moments[0].square()
    shape = [1, -1, *[1] * (input.dim() - 2)]
    normal = (values - mean.to(values.dtype).view(shape)) * (variance + eps).rsqrt().to(values.dtype).view(shape)
    return (normal * weight.view(shape) + bias.view(shape)).to(input.dtype)


def _own_moments(input: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel among the samples of this rank."""
    values = input.to(torch.promote_types(input.dtype, torch.float32))
    if input.device.type == "cpu":  # 10 to 40 times as fast as torch.var_mean
        mean, variance = torch.batch_norm_update_stats(values, None, None, 0.0)
    else:
        over = [dimension for dimension in range(input.dim()) if dimension != 1]
        variance, mean = torch.var_mean(values, dim=over, correction=0)
    return mean, variance


def _moments(ranks: Ranks, mean: Tensor, variance: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance of each channel of the whole batch, in float64."""
    moments = ranks.summed(torch.stack([mean.double(), variance.double() + mean.double().square()])) / ranks.size
    return moments[0], moments[1] - moments[0].square()
