"""Draw typical samples: latents near the mean of a Gaussian prior, or styles near the mean style."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from gannet.errors import UserError
from gannet.games.base import Game, Generates
from gannet.networks.style import StyleGenerator
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian

DRAWN = 10_000
"""Latents whose styles are averaged."""


@contextmanager
def truncated(game: Game, limit: float | None) -> Iterator[None]:
    """Inside, samples are more typical and less varied; None changes nothing.

    Every coordinate of Gaussian latents is drawn from N(0, 1) restricted to [-limit, limit]. A style-based generator
    instead moves each style w to m + limit (w - m), m the mean style of 10,000 latents.

    Raises:
        UserError: a limit that is not above 0, or for styles above 1; a game with neither styles nor a Gaussian prior.
    """
    priors = [module for module in game.modules() if isinstance(module, Prior)]
    gaussian = [prior for prior in priors if isinstance(prior, Gaussian)]
    styled = [module for module in game.modules() if isinstance(module, StyleGenerator)]
    if limit is not None and not 0 < limit < float("inf"):
        raise UserError(f"--truncate {limit:g}: the limit must be a number above 0, for example 0.7.")
    if limit is not None and styled and limit > 1:
        raise UserError(
            f"--truncate {limit:g}: for styles it must be a number above 0 and at most 1, where 1 changes nothing."
        )
    if limit is not None and not styled and not gaussian:
        had = " and ".join(type(prior).__name__.lower() for prior in priors) or "of another kind"
        raise UserError(
            f"--truncate {limit:g}: only a Gaussian prior can be truncated, and the prior of this run is {had}. "
            "Train with prior=gaussian, or leave --truncate out."
        )
    if styled:
        with _styles_truncated(game, styled, limit):
            yield
        return
    for prior in gaussian:
        prior.limit = limit
    try:
        yield
    finally:
        for prior in gaussian:
            prior.limit = None


@contextmanager
def _styles_truncated(game: Game, styled: list[StyleGenerator], amount: float | None) -> Iterator[None]:
    if amount is not None:
        assert isinstance(game, Generates)
        device = next(game.parameters()).device
        latents = game.draw_latents(DRAWN, torch.Generator(device).manual_seed(0))
        for generator in styled:
            generator.truncate(amount, latents)
    try:
        yield
    finally:
        for generator in styled:
            generator.centre = None
