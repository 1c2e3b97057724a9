"""Sample from a game without changing its training state."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from gannet.data.base import Dataset
from gannet.errors import UserError
from gannet.games.base import Game, Translates
from gannet.games.labels import balanced_labels

CHUNK = 512
"""Samples that are held or computed at once."""
BLOCK = 32
"""Samples are drawn in whole blocks, and those beyond the count are dropped: so the first samples do not depend on how
many are drawn. They are then equal bit by bit, because every call of the network has the same shape.
"""


@contextmanager
def evaluating(module: nn.Module) -> Iterator[None]:
    """Evaluation mode inside; afterwards, also after an exception, the mode of every layer is restored."""
    modes = [(layer, layer.training) for layer in module.modules()]
    module.eval()
    try:
        yield
    finally:
        for layer, mode in modes:
            layer.training = mode


@torch.no_grad()
def sample_chunks(
    game: Game,
    count: int,
    rng: torch.Generator,
    *,
    labels: Tensor | None = None,
    images: Dataset | None = None,
    block: int = BLOCK,
) -> Iterator[Tensor]:
    """``count`` samples in normalised units, float32, in chunks of bounded size. The first n of m samples are the
    samples for n.

    Args:
        game: the game.
        count: number of samples.
        rng: source of all random numbers.
        labels: class labels, if the game is class-conditional; all classes in turn if None.
        images: data that a game that translates starts from; other games ignore them.
        block: samples that are drawn together.

    Raises:
        UserError: a game that translates, without images.
    """
    if isinstance(game, Translates):
        if images is None:
            raise UserError("This run translates images and draws nothing without them: use gannet apply RUN FILE.")
        yield from (shown["output"] for shown in translated_chunks(game, images, count, rng))
        return
    if labels is None:
        labels = balanced_labels(game, count, rng.device)
    blocks: list[Tensor] = []
    with evaluating(game):
        for start in range(0, count, block):
            chosen = None if labels is None else labels[torch.arange(start, start + block) % len(labels)]
            blocks.append(game.sample(block, labels=chosen, rng=rng)[: count - start].float())
            if len(blocks) * block >= CHUNK:
                yield torch.cat(blocks)
                blocks.clear()
    if blocks:
        yield torch.cat(blocks)


@torch.no_grad()
def translated_chunks(game: Game, images: Dataset, count: int, rng: torch.Generator) -> Iterator[dict[str, Tensor]]:
    """Columns of :meth:`Translates.translations` of ``count`` images, float32, in chunks.

    The generator's seed determines the images. If there are fewer than ``count``, they are degraded more than once.
    """
    assert isinstance(game, Translates)
    real, labels = images.reference(count, seed=rng.initial_seed())
    given = images.reference_inputs(count, seed=rng.initial_seed())
    with evaluating(game):
        for start in range(0, count, BLOCK):
            rows = np.arange(start, start + BLOCK) % len(real)
            classes = None if labels is None else torch.as_tensor(labels[rows], device=rng.device)
            paired = None if given is None else images.form.encode(given[rows]).to(rng.device)
            shown = game.translations(images.form.encode(real[rows]).to(rng.device), classes, rng, paired)
            yield {name: column[: count - start].float() for name, column in shown.items()}


def translated(game: Game, images: Dataset, count: int, rng: torch.Generator) -> dict[str, Tensor]:
    """The chunks of :func:`translated_chunks` as a whole."""
    chunks = list(translated_chunks(game, images, count, rng))
    return {name: torch.cat([chunk[name] for chunk in chunks]) for name in chunks[0]}


def sample_game(
    game: Game,
    count: int,
    rng: torch.Generator,
    *,
    labels: Tensor | None = None,
    images: Dataset | None = None,
    block: int = BLOCK,
) -> Tensor:
    """(count, *shape) samples in normalised units, float32, generated in chunks to bound the memory; see
    :func:`sample_chunks`.
    """
    return torch.cat(list(sample_chunks(game, count, rng, labels=labels, images=images, block=block)))


def translation_grid(count: int, columns: int = 3) -> tuple[int, int]:
    """How many translations fill a nearly square grid of about ``count`` images, and how many stand in one row of
    it.
    """
    shown = max(1, round(count / columns))
    return shown, max(1, round((shown / columns) ** 0.5))


def great_circle(start: Tensor, end: Tensor, share: Tensor) -> Tensor:
    """Spherical interpolation (..., F): share 0 is ``start``, 1 is ``end``; linear if the two are parallel."""
    unit_start, unit_end = (torch.nn.functional.normalize(x, dim=-1) for x in (start, end))
    angle = (unit_start * unit_end).sum(-1, keepdim=True).clamp(-1, 1).acos()
    sine = angle.sin()
    on_circle = ((1 - share) * angle).sin() / sine * start + (share * angle).sin() / sine * end
    return torch.where(
        sine.abs() < 1e-4, torch.lerp(start.expand_as(on_circle), end.expand_as(on_circle), share), on_circle
    )
