"""The only place that chooses number format, memory layout and threads for the machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Literal, Self

import torch
from torch import nn

from gannet.errors import UserError


@dataclass(frozen=True)
class Precision:
    """The choice and its reason; the run records both."""

    device: torch.device
    dtype: Literal["fp32", "bf16"]
    channels_last: bool
    reason: str
    threads: int | None = None
    """Number of threads; None keeps torch's default."""

    @contextmanager
    def applied(self) -> Iterator[Self]:
        """Inside, the process computes with the chosen number of threads."""
        with with_threads(self.threads):
            yield self

    def autocast(self) -> AbstractContextManager[object]:
        """The context of forward passes."""
        if self.dtype == "fp32" and not torch.is_autocast_enabled(self.device.type):
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16, enabled=self.dtype == "bf16")

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device, in the memory layout in which its convolutions are fastest."""
        network = network.to(self.device)
        return network.to(memory_format=torch.channels_last) if self.channels_last else network  # type: ignore[call-overload]


@contextmanager
def with_threads(threads: int | None) -> Iterator[None]:
    """Inside, the process computes with this number of threads; None keeps the number."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads or before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def decide(*, device: str, precision: str, is_images: bool, allow_bf16: bool) -> Precision:
    """Device, dtype and layout.

    Images use bf16 if the processor multiplies it natively: a CPU with AVX-512 BF16 or AMX, or a GPU of compute
    capability 8. Points stay in fp32, because the 8 bits of mantissa of bf16 cannot place a point within a hundredth;
    their networks are so small that a second thread costs more than it saves.

    Raises:
        UserError: ``device=cuda`` without a usable GPU.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UserError(
            "--device cuda: no usable CUDA GPU on this machine; use --device cpu or auto. "
            "A run that was trained with cuda continues as a fork: `gannet train RUN@STEP --device cpu`."
        )
    chosen = torch.device("cuda" if device != "cpu" and torch.cuda.is_available() else "cpu")
    has_bf16 = _has_bf16(chosen)
    if precision != "auto":
        dtype, reason = precision, "set by the user"
    elif not is_images:
        dtype, reason = "fp32", "points need more than 8 bits of mantissa"
    elif not allow_bf16:
        dtype, reason = "fp32", "the recipe is not stable in bf16"
    else:
        dtype, reason = (
            ("bf16", f"native on this {chosen.type}") if has_bf16 else ("fp32", f"no native bf16 on this {chosen.type}")
        )
    return Precision(
        chosen,
        "bf16" if dtype == "bf16" else "fp32",
        channels_last=is_images,
        reason=reason,
        threads=None if is_images else 1,
    )


def _has_bf16(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)
    # The variable ATEN_CPU_CAPABILITY can restrict a processor to less than it has.
    uses_all = torch.backends.cpu.get_cpu_capability() == "AVX512"
    return uses_all and bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
