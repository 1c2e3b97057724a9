"""Plain modules as generator and discriminator: what tutorials and model libraries define, unchanged.

A generator takes latents (N, Z) or (N, Z, 1, 1) and returns samples. A discriminator takes samples and returns one
number per sample, (N,), (N, 1) or (N, 1, 1, 1), or a map (N, 1, h, w). Shapes are found by a call with two samples.
Both are unconditional.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from gannet.errors import UserError
from gannet.networks.base import Discriminator, Generator
from gannet.types import DiscriminatorOutput

NUM_TRIED = 2
EPSILON = 1e-6
"""A probability is kept this far from 0 and 1 before it is turned into a logit."""
VIEWS = (
    "View",
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    "Alias",
    "Clone",
    "ToCopy",
    "Permute",
    "Transpose",
    "Select",
    "Slice",
)
"""Beginnings of the names of autograd nodes that only change the shape."""
ENDS = {"Sigmoid": "a sigmoid", "Softmax": "a softmax", "LogSoftmax": "a log-softmax", "LogSigmoid": "a log-sigmoid"}


def as_generator(module: nn.Module, latent_size: int) -> Generator:
    """The module itself if it is a :class:`Generator`, else wrapped. Attributes that a Generator lacks are found.

    Raises:
        UserError: it cannot be called with latents, does not return one sample per latent, or takes latents of another
            size.
    """
    if not isinstance(module, Generator):
        return PlainGenerator(module, latent_size)
    _complete(module, latent_size=latent_size, num_classes=0)
    if module.latent_size != latent_size:
        raise UserError(
            f"The generator {_name(module)} takes latents of size {module.latent_size}, and the prior draws size "
            f"{latent_size}; use one size for both."
        )
    if not hasattr(module, "shape"):
        module.shape = PlainGenerator(module, latent_size).shape
    return module


def as_discriminator(module: nn.Module, shape: tuple[int, ...]) -> Discriminator:
    """The module itself if it is a :class:`Discriminator`, else wrapped. Attributes that a Discriminator lacks are set.

    Raises:
        UserError: it cannot be called with samples of that shape, or does not return one number per sample.
    """
    if not isinstance(module, Discriminator):
        return PlainDiscriminator(module, shape)
    _complete(module, shape=shape, num_classes=0, rows_independent=False)
    return module


def _complete(module: nn.Module, **values: object) -> None:
    for name, value in values.items():
        if not hasattr(module, name):
            setattr(module, name, value)


class PlainGenerator(Generator):
    """A module from latents to samples. If it ends with a sigmoid and makes images, [0, 1] becomes [-1, 1]."""

    def __init__(self, module: nn.Module, latent_size: int) -> None:
        super().__init__()
        self.module, self.latent_size, self.num_classes = module, latent_size, 0
        self.is_map, made = self._tried()
        self.shape = tuple(made.shape[1:])
        self.doubled = len(self.shape) == 3 and _end(made)[0] == "Sigmoid"
        self.notes = (
            (
                f"{_name(module)} ends with a sigmoid, so its images are between 0 and 1; they are stretched to -1 "
                f"to 1, the range of the real images. End it with a tanh instead.",
            )
            if self.doubled
            else ()
        )

    def forward(self, latents: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, latent_size) -> (N, *shape)."""
        samples = self.module(latents[:, :, None, None] if self.is_map else latents)
        return 2 * samples - 1 if self.doubled else samples

    def _tried(self) -> tuple[bool, Tensor]:
        """Whether latents are maps (N, Z, 1, 1), and samples for two latents."""
        problems = []
        for is_map in (False, True):
            shape = (NUM_TRIED, self.latent_size, *((1, 1) if is_map else ()))
            try:
                made = _called(self.module, torch.linspace(-1, 1, NUM_TRIED * self.latent_size).view(shape))
            except Exception as error:  # the module may raise anything
                problems.append(f"{shape}: {_reason(error)}")
                continue
            if isinstance(made, Tensor) and made.dim() in (2, 4) and len(made) == NUM_TRIED:
                return is_map, made
            problems.append(f"{shape}: it returns {_described(made)}")
        raise UserError(
            f"The generator {_name(self.module)} does not turn latents into samples ({'; '.join(problems)}). It must "
            f"take latents (N, {self.latent_size}) or (N, {self.latent_size}, 1, 1) and return images (N, C, H, W) or "
            f"points (N, 2)."
        )


class PlainDiscriminator(Discriminator):
    """A module from samples to one number each. A sigmoid at its end is undone, because losses take logits."""

    def __init__(self, module: nn.Module, shape: tuple[int, ...]) -> None:
        super().__init__()
        self.module, self.shape, self.num_classes = module, shape, 0
        self.rows_independent = False
        made = self._tried()
        kind = _end(made)[0]
        if kind in ENDS and kind != "Sigmoid":
            raise UserError(
                f"The discriminator {_name(module)} ends with {ENDS[kind]}; losses take logits. Remove its last step, "
                f"so that it returns one number of any size per sample."
            )
        self.undone = kind == "Sigmoid"
        self.last = _layer_of(module, shape) if self.undone else None
        where = f"the layer {self.last!r}" if self.last else "its last step"
        self.notes = (
            (f"{_name(module)} ends with a sigmoid ({where}); losses take logits, so the sigmoid is left out.",)
            if self.undone
            else ()
        )

    def forward(self, samples: Tensor, labels: Tensor | None = None) -> DiscriminatorOutput:
        """(N, *shape) -> DiscriminatorOutput."""
        if self.last is not None:
            with _left_out(self.module.get_submodule(self.last)):
                made = self.module(samples)
        else:
            made = self.module(samples)
        if isinstance(made, DiscriminatorOutput):
            return made
        logits = made.float()
        if self.undone and self.last is None:
            logits = torch.logit(logits, eps=EPSILON)
        return DiscriminatorOutput(logits if logits.dim() == 4 and logits[0].numel() > 1 else logits.reshape(-1))

    def _tried(self) -> Tensor:
        samples = torch.linspace(-1, 1, NUM_TRIED * torch.Size(self.shape).numel()).view(NUM_TRIED, *self.shape)
        try:
            made = _called(self.module, samples)
        except Exception as error:  # the module may raise anything
            raise UserError(
                f"The discriminator {_name(self.module)} cannot be called with samples of the shape that the generator "
                f"makes, {tuple(samples.shape)}: {_reason(error)}."
            ) from error
        made = made.logits if isinstance(made, DiscriminatorOutput) else made
        one_each = isinstance(made, Tensor) and (made.numel() == NUM_TRIED or (made.dim() == 4 and made.shape[1] == 1))
        if not one_each or len(made) != NUM_TRIED:
            raise UserError(
                f"The discriminator {_name(self.module)} returns {_described(made)} for {NUM_TRIED} samples; it must "
                f"return one logit per sample (for models of timm: num_classes=1)."
            )
        return made


@contextmanager
def _left_out(layer: nn.Module) -> Iterator[None]:
    """Inside, a layer returns its input."""
    handle = layer.register_forward_hook(lambda _, inputs, __: inputs[0])
    try:
        yield
    finally:
        handle.remove()


def _called(module: nn.Module, inputs: Tensor) -> Any:
    """What a module returns in evaluation mode, with gradients; its mode and all random states stay as they are."""
    modes = [(layer, layer.training) for layer in module.modules()]
    first = next(module.parameters(), None)
    try:
        with torch.random.fork_rng(), torch.enable_grad():
            return module.eval()(inputs if first is None else inputs.to(first.device))
    finally:
        for layer, mode in modes:
            layer.training = mode


def _end(made: Tensor) -> tuple[str, Any]:
    """The kind of the last operation that is no change of shape, and its autograd node."""
    node: Any = made.grad_fn
    while node is not None:
        kind = type(node).__name__.partition("Backward")[0].lstrip("_")
        if not kind.startswith(VIEWS) and not kind.startswith("Unsafe"):
            return kind, node
        node = node.next_functions[0][0] if node.next_functions else None
    return "", None


def _layer_of(module: nn.Module, shape: tuple[int, ...]) -> str | None:
    """The name of the sigmoid layer at the end of a module; None if it is a function."""
    ends: list[str] = []
    names: dict[nn.Module, str] = {
        layer: name for name, layer in module.named_modules() if isinstance(layer, nn.Sigmoid) and name
    }

    def record(layer: nn.Module, _: Any, output: Tensor) -> None:
        ends.append(names[layer])
        outputs.append(output)

    outputs: list[Tensor] = []
    handles = [layer.register_forward_hook(record) for layer in names]
    try:
        made = _called(module, torch.zeros(NUM_TRIED, *shape))
    finally:
        for handle in handles:
            handle.remove()
    last = _end(made)[1]
    found = [name for name, output in zip(ends, outputs, strict=True) if output.grad_fn is last]
    return found[0] if len(found) == 1 and ends.count(found[0]) == 1 else None


def _name(module: nn.Module) -> str:
    return type(module).__name__


def _reason(error: Exception) -> str:
    return (str(error).partition("\n")[0] or type(error).__name__).rstrip(".")


def _described(made: object) -> str:
    return f"a tensor of shape {tuple(made.shape)}" if isinstance(made, Tensor) else f"a {type(made).__name__}"
