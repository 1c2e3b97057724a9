"""Standalone scripts that load an exported network without Gannet."""

from __future__ import annotations

from gannet.export.parts import Part

NEEDS = {"torch": "numpy and torch", "onnx": "numpy and onnxruntime", "safetensors": "numpy and safetensors"}


def script_of(part: Part, kind: str, file: str) -> str:
    """The text of load.py: reads the file next to it, runs it and stores the result as ``NAME.npy``."""
    return "\n".join([f'"""Run {file} without Gannet. Needs {NEEDS[kind]}."""', *_LINES[kind](part, file), ""])


def _given(part: Part) -> list[str]:
    """Lines that make the inputs."""
    lines = [] if not part.latents else ["rng = np.random.default_rng(0)"]
    for given in part.inputs:
        shape = ", ".join(map(str, given.examples.shape[1:]))
        if given.name == "latents" and part.latents:
            line = f"latents = {part.latents}"
        elif given.name == "labels":
            many = int(given.examples.max()) + 1
            line = (
                f"labels = np.arange(count) % {many}"
                if given.examples.dim() == 1
                else f"labels = np.tile({given.examples[0].tolist()}, (count, 1))"
            )
        else:
            line = f"{given.name} = np.zeros((count, {shape}), np.float32)  # put your own here"
        lines.append(line)
    return lines


def _onnx(part: Part, file: str) -> list[str]:
    names = ", ".join(f'"{given.name}": {given.name}' for given in part.inputs)
    return _running(
        part,
        "onnxruntime",
        f'model = onnxruntime.InferenceSession(here / "{file}")',
        f"[{part.output}] = model.run(None, {{{names}}})",
    )


def _torch(part: Part, file: str) -> list[str]:
    names = ", ".join(f"torch.from_numpy({given.name})" for given in part.inputs)
    return _running(
        part,
        "torch",
        f'model = torch.export.load(here / "{file}").module()',
        f"{part.output} = model({names}).detach().numpy()",
    )


def _running(part: Part, package: str, *lines: str) -> list[str]:
    """Lines that make the inputs, open and call the network with ``package``, and store its output."""
    return [
        "from pathlib import Path",
        "import numpy as np",
        f"import {package}",
        "here, count = Path(__file__).parent, 64",
        *_given(part),
        *lines,
        f'np.save(here / "{part.output}.npy", {part.output})',
    ]


def _safetensors(part: Part, file: str) -> list[str]:
    return [
        "from pathlib import Path",
        "from safetensors import safe_open",
        f'with safe_open(Path(__file__).parent / "{file}", "numpy") as model:',
        "    print(model.metadata())",
        "    for name in model.keys():",
        "        print(name, model.get_tensor(name).shape)",
    ]


_LINES = {"torch": _torch, "onnx": _onnx, "safetensors": _safetensors}
