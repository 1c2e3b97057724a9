"""Rows of samples in which one code, one coordinate or one direction of the latents varies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from gannet.errors import UserError
from gannet.games.base import DrawsCodes, Game, Generates
from gannet.games.directions import principal_directions, singular_directions
from gannet.games.labels import balanced_labels
from gannet.seeding import torch_rng
from gannet.training.sampling import CHUNK, evaluating

NUM_DIRECTIONS = 5
"""Directions that are drawn of sefa and of pca."""
NUM_DRAWN = 512
"""Latents from which directions and their standard deviations are computed."""
REACH = 3.0
"""Standard deviations of the latents that a direction is followed to each side."""
CODES, SEFA, PCA = "codes", "sefa", "pca"


@dataclass(frozen=True)
class Traversal:
    """Samples, and what varies in them."""

    samples: Tensor
    """(directions * rows * columns, *shape) in normalised units."""
    row_labels: list[str]
    """Of each row: its direction and how strong it is, or its code."""
    column_labels: list[str]
    """Of each column: empty between the ends."""


class Direction(NamedTuple):
    """A unit vector in latent space."""

    unit: Tensor
    size: float
    """Standard deviation of the latents along it."""
    label: str


@torch.no_grad()
def traverse(game: Game, what: str, *, rows: int, columns: int, seed: int) -> Traversal:
    """``rows`` rows of samples for each direction, in which nothing else varies.

    Args:
        game: what generates.
        what: ``codes`` of a game that has them; ``sefa``, singular vectors of the first layer; ``pca``, directions
            along which samples change most (GANSpace); or the number of a coordinate of the latents, from 0.
        rows: different latents, one for each row of a direction.
        columns: positions from -3 to 3 standard deviations of the latents, or from the first value of a code to its
        last.
        seed: of the latents.

    Raises:
        UserError: a game without latents or codes, or an unknown direction.
    """
    if what == CODES:
        return _codes(game, rows, columns, seed)
    if not isinstance(game, Generates):
        raise UserError(f"--traverse {what}: this game has no latents.")
    drawn = game.draw_latents(NUM_DRAWN, torch_rng(0, "directions"))
    with evaluating(game):
        directions = _directions(game, what, drawn)
        start = game.draw_latents(rows, torch_rng(seed, "traverse")).repeat_interleave(columns, dim=0)
        position = torch.linspace(-REACH, REACH, columns).repeat(rows)[:, None]
        labels = balanced_labels(game, rows)
        labels = None if labels is None else labels.repeat_interleave(columns, dim=0)
        # The row's own position along the direction is replaced.
        moved = [start + (position * d.size - (start @ d.unit)[:, None]) * d.unit for d in directions]
        samples = torch.cat([game.generate(latents, labels) for latents in moved]).float()
    ends = f"-{REACH:g} sd", f"+{REACH:g} sd"
    return Traversal(samples, [d.label for d in directions for _ in range(rows)], _at_the_ends(ends, columns))


def rows_in_words(game: Game, what: str, directions: int, rows: int) -> str:
    """Which rows of a picture of :func:`traverse` vary what, from the top."""
    if what == CODES and isinstance(game, DrawsCodes):
        return f"{rows} rows for each code ({', '.join(game.code_names)}), from its first value to its last"
    reach = f"from -{REACH:g} to {REACH:g} standard deviations of the latents"
    if what in (SEFA, PCA):
        return f"{rows} rows for each of {directions} directions, the strongest first, {reach}"
    return f"{rows} rows for coordinate {what}, {reach}"


def _at_the_ends(labels: tuple[str, str], columns: int) -> list[str]:
    return [labels[0], *[""] * (columns - 2), labels[1]]


def _directions(game: Game, what: str, drawn: Tensor) -> list[Direction]:
    assert isinstance(game, Generates)
    size = drawn.shape[1]
    if what == SEFA:
        found = singular_directions(game, drawn[:2], balanced_labels(game, 2), min(NUM_DIRECTIONS, size))
        if found is None:
            raise UserError(
                "--traverse sefa: the first layer of this generator is not a linear layer of its latents, so it has no "
                "singular directions. Use --traverse pca, which looks at samples."
            )
        units, values = found
        strengths = [f"\nsingular value {value:.3g}" for value in values.tolist()]
    elif what == PCA:
        labels = balanced_labels(game, len(drawn))
        parts = [
            game.generate(drawn[i : i + CHUNK], None if labels is None else labels[i : i + CHUNK])
            for i in range(0, len(drawn), CHUNK)
        ]
        axes, shares = principal_directions(drawn.numpy(), torch.cat(parts).numpy(), min(NUM_DIRECTIONS, size))
        units = torch.from_numpy(axes).float()
        units = units / units.norm(dim=1, keepdim=True)
        strengths = [f"\n{100 * share:.1f} % of the variance" for share in shares.tolist()]
    else:
        if not what.isdecimal() or int(what) >= size:
            raise UserError(
                f"--traverse {what}: expected codes, sefa, pca, or the number of a coordinate of the latents, 0 to "
                f"{size - 1}."
            )
        return [Direction(unit := torch.eye(size)[int(what)], float((drawn @ unit).std()), f"coordinate {what}")]
    return [
        Direction(unit, float((drawn @ unit).std()), f"direction {number}{strength}")
        for number, (unit, strength) in enumerate(zip(units, strengths, strict=True), start=1)
    ]


def _codes(game: Game, rows: int, columns: int, seed: int) -> Traversal:
    if not isinstance(game, DrawsCodes):
        raise UserError(
            "--traverse: this run's generator has no latent codes; train one with --recipe infogan, or follow the "
            "directions of any generator with --traverse sefa, --traverse pca or the number of a coordinate."
        )
    latents = game.draw_latents(rows, torch_rng(seed, "traverse")).repeat_interleave(columns, dim=0)
    share = torch.linspace(0, 1, columns).repeat(rows)
    with evaluating(game):
        made = [game.generate(game.with_code(latents, code, share)) for code in range(len(game.code_names))]
    labels = [f"code {name}" for name in game.code_names for _ in range(rows)]
    return Traversal(torch.cat(made), labels, _at_the_ends(("first value", "last value"), columns))
