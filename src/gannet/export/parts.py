"""What can be exported of a game: one network with fixed inputs and outputs, in units that need no Gannet."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from gannet.data.base import Form
from gannet.errors import UserError
from gannet.games.base import Captioned, Classifies, Encodes, Game, Generates, Translates
from gannet.games.labels import balanced_labels
from gannet.priors.gaussian import Gaussian
from gannet.priors.uniform import Uniform
from gannet.seeding import torch_rng

EXAMPLES = 64
"""Samples on which an exported file is compared with PyTorch."""
TABLE = 4096
"""Latents in the table of a prior that numpy cannot draw in one line."""


@dataclass(frozen=True)
class Input:
    """One input of an exported network."""

    name: str
    examples: Tensor
    """(64, ...): the first dimension is the batch, whose size is free."""
    meaning: str


@dataclass(frozen=True)
class Part:
    """A network of a game, ready to export."""

    name: str
    module: nn.Module
    inputs: tuple[Input, ...]
    output: str
    """Name of the output."""
    meaning: str
    """What the output is."""
    latents: str = ""
    """How the standalone script draws ``count`` latents with the numpy generator ``rng``; empty without latents."""
    table: Tensor | None = None
    """(4096, latent_size) latents that the script draws from, if numpy cannot draw them in one line."""

    @torch.no_grad()
    def outputs(self) -> Tensor:
        """What PyTorch computes of the examples."""
        return self.module(*(given.examples for given in self.inputs))


def parts_of(game: Game) -> dict[str, Callable[[Game, Form], Part]]:
    """The parts that a game has, by name; the first one is exported by default."""
    known: list[tuple[str, type, Callable[[Game, Form], Part]]] = [
        ("translator", Translates, _translator),
        ("generator", Generates, _generator),
        ("encoder", Encodes, _encoder),
        ("classifier", Classifies, _classifier),
    ]
    return {name: make for name, protocol, make in known if isinstance(game, protocol)}


def part_of(game: Game, form: Form, name: str | None) -> Part:
    """The part of that name, or the default one.

    Args:
        game: in evaluation mode afterwards, and never changed otherwise: the part has a copy of what it uses.
        form: of the data.
        name: ``generator``, ``encoder``, ``classifier`` or ``translator``; None for the default.

    Raises:
        UserError: the game does not have it.
    """
    known = parts_of(game)
    if not known:
        raise UserError("This game has no network that can be exported.")
    if name is not None and name not in known:
        raise UserError(f"--part {name}: this run has none. Allowed: {', '.join(known)}.")
    return known[name or next(iter(known))](copy.deepcopy(game).eval(), form)


class _Function(nn.Module):
    """A function of a game as the ``forward`` of a module, in units that need no Gannet."""

    def __init__(self, game: Game, function: str, before: nn.Module, after: nn.Module) -> None:
        super().__init__()
        self.game, self.function, self.before, self.after = game, function, before, after

    def forward(self, first: Tensor, labels: Tensor | None = None) -> Tensor:
        """(N, ...) and class labels or token ids, if any -> (N, ...)."""
        function = getattr(self.game, self.function)
        first = self.before(first)
        return self.after((function(first) if labels is None else function(first, labels)).float())


class _Units(nn.Module):
    """Normalised to original units, images as numbers from 0 to 1; or the inverse if ``back``."""

    def __init__(self, form: Form, *, back: bool = False) -> None:
        super().__init__()
        self.is_points, self.back = form.kind == "points", back
        self.register_buffer("scale", torch.tensor(form.scale), persistent=False)
        self.register_buffer("mean", torch.tensor(form.mean), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(N, *shape) -> (N, *shape)."""
        scale, mean = cast(Tensor, self.scale), cast(Tensor, self.mean)
        if self.is_points:
            return (samples - mean) / scale if self.back else samples * scale + mean
        return samples * 2 - 1 if self.back else (samples.clamp(-1, 1) + 1) / 2


def _generator(game: Game, form: Form) -> Part:
    assert isinstance(game, Generates)
    latents = game.draw_latents(EXAMPLES, torch_rng(0, "export")).detach()
    inputs = [Input("latents", latents, f"float32 (N, {latents.shape[1]}): latents")]
    labels = balanced_labels(game, EXAMPLES)
    if labels is not None:
        inputs.append(Input("labels", labels, _meaning_of_labels(game, form)))
    line, table = _drawn(game, latents.shape[1])
    module = _Function(game, "generate", nn.Identity(), _Units(form))
    return _pruned(Part("generator", module, tuple(inputs), "samples", _meaning_of_samples(form), line, table))


def _encoder(game: Game, form: Form) -> Part:
    module = _Function(game, "encode", _Units(form, back=True), nn.Identity())
    given = (Input("samples", _samples(game, form), _meaning_of_samples(form)),)
    return _pruned(Part("encoder", module, given, "latents", "float32: the most likely latents"))


def _classifier(game: Game, form: Form) -> Part:
    module = _Function(game, "classify", _Units(form, back=True), nn.Identity())
    names = ", ".join(form.class_names)
    given = (Input("samples", _samples(game, form), _meaning_of_samples(form)),)
    return _pruned(Part("classifier", module, given, "logits", f"float32: one logit for each class ({names})"))


def _translator(game: Game, form: Form) -> Part:
    assert isinstance(game, Translates)
    images = torch.rand(EXAMPLES, *form.shape, generator=torch_rng(0, "export images")) * 2 - 1
    examples = game.inputs_of(images, torch_rng(0, "export inputs"))
    size = ", ".join(map(str, examples.shape[1:]))
    given = [
        Input("inputs", examples, f"float32 (N, {size}): inputs as the game's degradation makes them, from -1 to 1")
    ]
    if game.num_targets:
        given.append(Input("labels", torch.arange(EXAMPLES) % game.num_targets, _meaning_of_labels(game, form)))
    module = _Function(game, "translate", nn.Identity(), _Units(form))
    return _pruned(Part("translator", module, tuple(given), "images", _meaning_of_samples(form)))


def _samples(game: Game, form: Form) -> Tensor:
    with torch.no_grad():
        return _Units(form)(game.sample(EXAMPLES, labels=balanced_labels(game, EXAMPLES), rng=torch_rng(0, "export")))


def _meaning_of_samples(form: Form) -> str:
    if form.kind == "points":
        return "float32 (N, 2): points in the units of the data"
    channels, height, width = form.shape
    return f"float32 (N, {channels}, {height}, {width}): images from 0 (black) to 1 (white)"


def _meaning_of_labels(game: Game, form: Form) -> str:
    if isinstance(game, Captioned):
        words = "; ".join(f"{number} {word}" for number, word in enumerate(form.vocabulary, 1))
        return f"int64 (N, {game.captions.shape[1]}): words of a caption, then zeros: {words}"
    return f"int64 (N,): class, {', '.join(f'{number} {name}' for number, name in enumerate(form.class_names))}"


def _drawn(game: Game, size: int) -> tuple[str, Tensor | None]:
    """A line of Python that draws ``count`` latents, and the table that it draws from, if any."""
    prior = getattr(game, "prior", None)
    assert isinstance(game, Generates)
    if isinstance(prior, Gaussian | Uniform) and torch.equal(
        prior.draw(2, torch_rng(0, "same")), game.draw_latents(2, torch_rng(0, "same"))
    ):
        form = f"rng.standard_normal((count, {size}))" if isinstance(prior, Gaussian) else ""
        return f"{form or f'rng.uniform(-1, 1, (count, {size}))'}.astype(np.float32)", None
    with torch.no_grad():
        table = game.draw_latents(TABLE, torch_rng(0, "export table"))
    return 'rng.permutation(np.load(here / "latents.npy"))[:count]', table.detach().clone()


def _pruned(part: Part) -> Part:
    """The part without networks that its function does not use, such as the discriminator."""
    module = cast(_Function, part.module)
    before, called = part.outputs(), set()
    children = dict(module.game.named_children())
    hooks = [
        layer.register_forward_pre_hook(lambda *_, name=name: called.add(name))
        for name, child in children.items()
        for layer in child.modules()
    ]
    part.outputs()
    for hook in hooks:
        hook.remove()
    for name in children.keys() - called:
        setattr(module.game, name, nn.Identity())
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    assert torch.equal(part.outputs(), before), "a network that is used was left out"
    return part
