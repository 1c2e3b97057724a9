"""Formats of exported networks, each compared with PyTorch before it takes its name."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from importlib.util import find_spec
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import torch

from gannet.errors import UserError
from gannet.export.parts import Part

TOLERANCE = 1e-4
"""Largest difference between an exported network and PyTorch on 64 samples."""
NEEDS_EXTRA = ("onnx", "onnxscript", "onnxruntime")


def save_safetensors(part: Part, file: Path, about: Mapping[str, str]) -> float:
    """All tensors of the network by name, with ``about`` in the header. The format holds no code.

    Returns:
        The largest difference from the network's tensors: 0.
    """
    from safetensors.torch import load, save_file

    tensors = {name: value.contiguous().clone() for name, value in part.module.state_dict().items()}
    save_file(tensors, file, metadata=dict(about))
    read = load(file.read_bytes())  # load_file opens no path that is not UTF-8
    return max(float((read[name].double() - value.double()).abs().max()) for name, value in tensors.items())


def save_torch(part: Part, file: Path, about: Mapping[str, str]) -> float:
    """A program of torch.export, which ``torch.export.load`` runs without Gannet.

    Returns:
        The largest difference between its outputs and the network's.
    """
    content = io.BytesIO()  # torch ends the process if the name of a file is not UTF-8
    with _silent():
        torch.export.save(exported_program(part), content, extra_files=dict(about))
        file.write_bytes(content.getvalue())
        loaded = torch.export.load(content).module()
    with torch.no_grad():
        return _difference(part, lambda *inputs: loaded(*inputs).numpy())


def save_onnx(part: Part, file: Path, about: Mapping[str, str]) -> float:
    """An ONNX model with named inputs, run by onnxruntime.

    Returns:
        The largest difference between its outputs and the network's.

    Raises:
        UserError: packages of the extra [export] are missing.
    """
    missing = [name for name in NEEDS_EXTRA if find_spec(name) is None]
    if missing:
        raise UserError(
            f"--format onnx needs {' and '.join(missing)}: pip install 'gannet-gan[export]', or use --format torch."
        )
    import onnx  # pyright: ignore[reportMissingImports]
    import onnxruntime  # pyright: ignore[reportMissingImports]

    names = [given.name for given in part.inputs]
    with _silent():
        made = torch.onnx.export(
            exported_program(part), input_names=names, output_names=[part.output], dynamo=True, verbose=False
        )
    assert made is not None
    model = made.model_proto
    _name_batch(model.graph)
    onnx.helper.set_model_props(model, dict(about))
    onnx.save_model(model, file)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return _difference(
        part, lambda *inputs: session.run(None, {n: x.numpy() for n, x in zip(names, inputs, strict=True)})[0]
    )


def _name_batch(graph: Any) -> None:
    """Rename the free size, which the exporter numbers (``s79``), to ``batch``, also in what is computed from it."""
    numbered = graph.input[0].type.tensor_type.shape.dim[0].dim_param
    for value in (*graph.input, *graph.output, *graph.value_info):
        for size in value.type.tensor_type.shape.dim:
            if numbered and numbered in size.dim_param:
                size.dim_param = size.dim_param.replace(numbered, "batch")


FORMATS: dict[str, tuple[str, Callable[[Part, Path, Mapping[str, str]], float]]] = {
    "torch": (".pt2", save_torch),
    "onnx": (".onnx", save_onnx),
    "safetensors": (".safetensors", save_safetensors),
}
"""Name -> suffix, and what writes it; the first is the default."""


def exported_program(part: Part) -> torch.export.ExportedProgram:
    """The network as a graph whose batch size is free."""
    batch = torch.export.Dim("batch", min=1)
    # Dimensions of size 1 and dimensions that are equal by chance would become constants.
    examples = tuple(given.examples[:5] for given in part.inputs)
    return torch.export.export(part.module, examples, dynamic_shapes=[{0: batch} for _ in examples], strict=False)


def _difference(part: Part, run: Callable[..., np.ndarray]) -> float:
    """The largest difference of all 64 examples together, and of the first alone, whose batch has another size."""
    expected, inputs = part.outputs().numpy(), [given.examples for given in part.inputs]
    alone = run(*(given[:1] for given in inputs))
    return max(float(np.abs(run(*inputs) - expected).max()), float(np.abs(alone - expected[:1]).max()))


@contextmanager
def _silent() -> Iterator[None]:
    """Drop what exporters print about themselves."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings(), redirect_stdout(StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
