"""Draw latents near the mean of a Gaussian prior."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gannet.errors import UserError
from gannet.games.base import Game
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian


@contextmanager
def truncated(game: Game, limit: float | None) -> Iterator[None]:
    """Inside, every coordinate of Gaussian latents is drawn from N(0, 1) restricted to [-limit, limit]; None changes
    nothing.

    Raises:
        UserError: a limit that is not above 0, or a game whose prior is not Gaussian.
    """
    priors = [module for module in game.modules() if isinstance(module, Prior)]
    gaussian = [prior for prior in priors if isinstance(prior, Gaussian)]
    if limit is not None and not 0 < limit < float("inf"):
        raise UserError(f"--truncate {limit:g}: the limit must be a number above 0, for example 0.7.")
    if limit is not None and not gaussian:
        had = " and ".join(type(prior).__name__.lower() for prior in priors) or "of another kind"
        raise UserError(
            f"--truncate {limit:g}: only a Gaussian prior can be truncated, and the prior of this run is {had}. "
            "Train with prior=gaussian, or leave --truncate out."
        )
    for prior in gaussian:
        prior.limit = limit
    try:
        yield
    finally:
        for prior in gaussian:
            prior.limit = None
