"""The optimizers of torch, without the import of torch's compiler and without the cost of hooks that nobody sets.

``torch.optim`` imports ``torch._dynamo`` and, with it, sympy at the first ``add_param_group`` or ``step``: 2 s of
processor time in every process, for a marker that only compiled code reads. Gannet compiles no optimizer, so the
classes here call the functions below those markers. The arithmetic is torch's own.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

_MARKED = ("add_param_group", "state_dict", "load_state_dict")


def _clear(self: Any, set_to_none: bool = True) -> None:
    """``zero_grad`` without an entry in torch's profiler, which takes longer than small networks' gradients.

    Gradients become None, also where torch's own function is asked to fill them with zeros: nothing here asks.
    """
    for group in self.param_groups:
        for weight in group["params"]:
            weight.grad = None


def _without_compiler(kind: type[Any]) -> type[Any]:
    methods: dict[str, Any] = {name: inspect.unwrap(getattr(kind, name)) for name in _MARKED}
    methods |= {"zero_grad": _clear, "step": _unhooked(inspect.unwrap(kind.step)), "__doc__": kind.__doc__}
    return type(kind.__name__, (kind,), methods)


def _unhooked(step: Callable[..., Any]) -> Callable[..., Any]:
    """The function in no_grad mode, marked so that torch does not wrap it into calls of hooks and of its profiler."""
    unhooked: Any = torch.no_grad()(step)
    unhooked.hooked = True
    return unhooked


_Adam: type[torch.optim.Adam] = _without_compiler(torch.optim.Adam)
RMSprop: type[torch.optim.RMSprop] = _without_compiler(torch.optim.RMSprop)


class Adam(_Adam):
    """Adam, which looks up the tensors of its state once instead of in every step if it is fused."""

    _known: tuple[list[Tensor], ...] | None = None
    """Parameters, first and second moments, numbers of steps; None if they must be looked up."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Load moments and numbers of steps, which replaces their tensors."""
        self._known = None
        super().load_state_dict(state_dict)

    def tensors(self) -> tuple[list[Tensor], ...] | None:
        """What an update changes: parameters, first and second moments, numbers of steps; the same tuple until a state
        is loaded. None if the optimizer is not fused or has several groups, if a parameter has had no gradient so far,
        or if the parameters differ in device or type.
        """
        self._known = self._known or self._look_up()
        return self._known

    def _step(self) -> None:
        weights = [] if self._known is None else self._known[0]
        gradients = [weight.grad for weight in weights if weight.grad is not None]
        if not weights or len(gradients) < len(weights):
            super().step()
            self._known = self._look_up()
            return
        self.update(gradients, self.param_groups[0]["lr"])

    def update(self, gradients: list[Tensor], rate: float | Tensor, failed: Tensor | None = None) -> None:
        """Adam's update of :meth:`tensors`, which must be known, in no_grad mode. Nothing changes if ``failed``, a
        scalar, is 1.
        """
        assert self._known is not None
        (weights, firsts, seconds, counts), group = self._known, self.param_groups[0]
        done: Any = 1 if failed is None else [1 - failed] * len(counts)
        torch._foreach_add_(counts, done)  # pyright: ignore[reportPrivateImportUsage]
        torch._fused_adam_(  # pyright: ignore[reportPrivateImportUsage]
            weights, gradients, firsts, seconds, [], counts, amsgrad=False, lr=rate,
            beta1=group["betas"][0], beta2=group["betas"][1], weight_decay=group["weight_decay"], eps=group["eps"],
            maximize=False, grad_scale=None, found_inf=failed,
        )  # fmt: skip

    step = _unhooked(_step)

    def _look_up(self) -> tuple[list[Tensor], ...] | None:
        """For :meth:`tensors`."""
        group, *others = self.param_groups
        weights = group["params"]
        is_uniform = len({weight.device for weight in weights}) == 1 and {w.dtype for w in weights} == {torch.float32}
        if others or not (group["fused"] and is_uniform) or any(weight not in self.state for weight in weights):
            return None
        states = [self.state[weight] for weight in weights]
        return weights, *([state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step"))
