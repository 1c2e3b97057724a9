"""Compiling the graph of a step, with matrix products by the library that is faster on this processor.

Torch multiplies fp32 matrices with MKL, which uses 256 of the 512 bits of AVX-512 on processors that are not Intel's;
oneDNN uses all of them. Which of them computes follows from the kind of processor, not from measured time, so that two
runs on the same machine compute the same.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

LEAST_SIDE = 32
"""Sides of matrices from which oneDNN is faster; below, arranging the matrices for it takes longer."""
LEAST_PRODUCTS = 2_000_000
"""Multiplications of a matrix product from which oneDNN is faster."""
PRODUCTS = (torch.ops.aten.mm.default, torch.ops.aten.addmm.default)


def lowered(graph: torch.fx.GraphModule, example: Sequence[Tensor]) -> Callable[..., Sequence[Tensor]]:
    """Compile a graph, or take what was compiled before from the cache."""
    if not prefers_onednn():
        return _compiled(graph, example)
    try:
        # Inductor knows oneDNN's product for constant matrices only. Here it is called like any other operator.
        from torch._inductor.fx_passes.mkldnn_fusion import _mkldnn_fusion_init
        from torch._inductor.lowering import fallback_handler, lowerings

        _mkldnn_fusion_init()
        linear = torch.ops.mkldnn._linear_pointwise
        called = {op: fallback_handler(op, add_to_fallback_set=False) for op in (linear.default, linear.binary)}
        with _extended(lowerings, called):
            return _compiled(with_onednn(graph), example)
    except Exception:  # these are no public functions of torch, and the plain graph needs none of them
        return _compiled(graph, example)


@contextmanager
def _extended(table: dict[Any, Any], entries: dict[Any, Any]) -> Iterator[None]:
    """Entries of a table of torch for the time of one compilation."""
    before = {key: table[key] for key in entries if key in table}
    table.update(entries)
    try:
        yield
    finally:
        for key in entries:
            del table[key]
        table.update(before)


def _compiled(graph: torch.fx.GraphModule, example: Sequence[Tensor]) -> Callable[..., Sequence[Tensor]]:
    """Compile for tensors of the sizes and strides of the example, which the program does not check.

    ``torch.compile`` would check them, and the state of torch, in every call: a fifth of a small step.
    """
    from torch._inductor.compile_fx import compile_fx

    bare = copy.deepcopy(graph)
    for node in bare.graph.nodes:
        node.meta.clear()  # sizes of the recording, which Inductor takes for those of another graph
    with torch.no_grad():
        # With the wrapper, kernels are called by compiled code, not by Python.
        program: Any = compile_fx(bare, _copies(example), config_patches={"cpp_wrapper": True})
        program(*_copies(example))
    return program


def _copies(tensors: Sequence[Tensor]) -> list[Tensor]:
    return [tensor.clone() for tensor in tensors]


def prefers_onednn() -> bool:
    """Whether oneDNN multiplies fp32 matrices faster than MKL: AVX-512, and not a processor of Intel."""
    try:
        vendor = Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
    has_both = torch.backends.mkldnn.is_available() and torch.backends.cpu.get_cpu_capability() == "AVX512"
    return has_both and "vendor_id" in vendor and "GenuineIntel" not in vendor


def with_onednn(graph: torch.fx.GraphModule) -> torch.fx.GraphModule:
    """A graph whose larger matrix products are oneDNN's: equal up to rounding."""
    changed = copy.deepcopy(graph)
    for node in list(changed.graph.nodes):
        if node.target not in PRODUCTS:
            continue
        *bias, left, right = node.args
        (rows, inner), columns = left.meta["val"].shape, right.meta["val"].shape[1]
        if node.kwargs or min(rows, inner, columns) < LEAST_SIDE or rows * inner * columns < LEAST_PRODUCTS:
            continue
        with changed.graph.inserting_before(node):
            weight = changed.graph.call_function(torch.ops.aten.t.default, (right,))
            arguments = (left, weight, bias[0] if bias else None, "none", [], "")
            product = changed.graph.call_function(torch.ops.mkldnn._linear_pointwise.default, arguments)
        node.replace_all_uses_with(product)
        changed.graph.erase_node(node)
    changed.recompile()
    return changed
