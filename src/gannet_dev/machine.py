"""What a measurement says of the machine it was made on."""

from __future__ import annotations

import platform
from pathlib import Path

import torch


def described() -> dict[str, str]:
    """Processor, instruction set, and versions of PyTorch and Python."""
    return {
        "processor": _processor(),
        "instruction_set": _instruction_set(),
        "torch": torch.__version__,
        "python": platform.python_version(),
    }


def _instruction_set() -> str:
    """What the processor has, or less if the variable ATEN_CPU_CAPABILITY restricts it."""
    used = torch.backends.cpu.get_cpu_capability()
    if used != "AVX512":
        return f"AVX512 processor restricted to {used}" if torch.cpu._is_avx512_supported() else used
    bf16 = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return "AVX512 with bf16" if bf16 else "AVX512"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
