"""The content of a frame of points: samples, and the outputs of both networks over the plane."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from gannet.data.base import Dataset
from gannet.games.base import Conditional, Discriminates, Game, Generates, Pulls
from gannet.runs.outputs import scale_of
from gannet.seeding import torch_rng
from gannet.training.outputs import kind_number
from gannet.training.sampling import evaluating, sample_game
from gannet.training.trainer import Trainer

POINTS_IN_FRAME = 500
FIELD_SIDE = 48
ARROWS = 150
MANIFOLD_SIDE = 21
MANIFOLD_REACH = 2.0
"""The manifold's grid extends this many standard deviations of the latents to each side."""


def points_frame(trainer: Trainer, dataset: Dataset, seed: int) -> Callable[[], dict[str, np.ndarray]]:
    """Return a function that records the current state of the game, in original units and always from the same noise.

    Its arrays: ``real`` (500, 2); ``fake`` (500, 2), samples of the EMA generator; ``extent`` (x0, x1, y0, y1); and, if
    the game supports them, ``logits`` (48, 48), the logits at nodes of the extent, row 0 at the lowest y, with
    ``output_kind``, and if they have no zero, as multiples of ``spread`` from their centre (``runs.outputs``); ``pull``
    (150, 2), the directions in which the generator's objective moves the first fakes; ``latents`` (500, 2), the first
    two coordinates of each fake's latent; ``manifold`` (21, 21, 2), the generator's output on a grid over those two,
    with the others at their mean.
    """
    real, _ = dataset.reference(2000, seed=seed)
    extent, nodes = view_of(real, FIELD_SIDE)
    device = trainer.precision.device
    shown = real[:POINTS_IN_FRAME]
    encoded = {name: dataset.form.encode(points).to(device) for name, points in (("real", shown), ("nodes", nodes))}
    # A paired loss needs equally many real and generated points, so a smaller data set is repeated.
    opponents = encoded["real"].repeat(-(-ARROWS // len(shown)), 1)[:ARROWS]

    def take() -> dict[str, np.ndarray]:
        game = trainer.average.game
        # In one block, as the latents are drawn below.
        fake = sample_game(game, POINTS_IN_FRAME, torch_rng(seed, "frames", device=device), block=POINTS_IN_FRAME)
        frame = {"real": shown, "fake": dataset.form.decode(fake), "extent": extent}
        if isinstance(trainer.game, Discriminates):
            frame |= _field(trainer.game, encoded["nodes"], encoded["real"], fake)
        if not _is_class_conditional(game):
            if isinstance(trainer.game, Pulls):
                frame["pull"] = _pull(trainer.game, fake[:ARROWS], opponents) * dataset.form.scale
            if isinstance(game, Generates):
                frame |= _latent_view(game, torch_rng(seed, "frames", device=device), dataset.form.decode)
        return frame

    return take


def view_of(real: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray]:
    """The square around points (N, 2): its extent (x0, x1, y0, y1) and (side * side, 2) nodes, row by row from the
    lowest y.
    """
    low, high = real.min(0), real.max(0)
    center, half = (low + high) / 2, 0.65 * float((high - low).max())
    extent = np.array([center[0] - half, center[0] + half, center[1] - half, center[1] + half], np.float32)
    axis = np.linspace(-half, half, side, dtype=np.float32)
    return extent, np.stack(np.meshgrid(center[0] + axis, center[1] + axis), axis=-1).reshape(-1, 2)


def _is_class_conditional(game: Game) -> bool:
    return isinstance(game, Conditional) and game.num_classes > 0


@torch.no_grad()
def _field(game: Discriminates, nodes: Tensor, real: Tensor, fake: Tensor) -> dict[str, np.ndarray]:
    """The outputs at every node, row by row from the lowest y, and what they mean."""
    assert isinstance(game, torch.nn.Module)
    with evaluating(game):
        logits, *shown = (
            game.logits(points).float().cpu().numpy()
            for points in ((nodes, real, fake) if game.relative_logits else (nodes,))
        )
    found = {"output_kind": np.asarray(kind_number(game))}
    if game.relative_logits:
        # Before the file's 16 bits: a difference of outputs may be small next to the outputs.
        centre, spread = scale_of(np.concatenate(shown), logits)
        logits = (logits - centre) / (spread or 1.0)
        found["spread"] = np.asarray(spread)
    return found | {"logits": logits.reshape(FIELD_SIDE, FIELD_SIDE)}


def _pull(game: Pulls, fake: Tensor, real: Tensor) -> np.ndarray:
    assert isinstance(game, torch.nn.Module)
    with evaluating(game):
        return game.pull(fake, real).cpu().numpy()


@torch.no_grad()
def _latent_view(
    game: Generates, rng: torch.Generator, decode: Callable[[Tensor], np.ndarray]
) -> dict[str, np.ndarray]:
    assert isinstance(game, torch.nn.Module)
    latents = game.draw_latents(POINTS_IN_FRAME, rng)
    if latents.shape[1] < 2:
        return {}
    middle, spread = latents.mean(0), latents.std(0)
    axis = torch.linspace(-MANIFOLD_REACH, MANIFOLD_REACH, MANIFOLD_SIDE, device=latents.device)
    rows, columns = torch.meshgrid(axis, axis, indexing="ij")
    grid = middle.repeat(MANIFOLD_SIDE**2, 1)
    grid[:, 0] += columns.reshape(-1) * spread[0]
    grid[:, 1] += rows.reshape(-1) * spread[1]
    with evaluating(game):
        manifold = decode(game.generate(grid).float())
    return {"latents": latents[:, :2].cpu().numpy(), "manifold": manifold.reshape(MANIFOLD_SIDE, MANIFOLD_SIDE, 2)}
