"""What the outputs of a game's discriminator mean, for the record of a run."""

from __future__ import annotations

from gannet.games.base import Discriminates
from gannet.runs.outputs import KINDS, OutputKind


def output_kind(game: Discriminates) -> OutputKind:
    """``logit`` if zero separates generated from real. Else ``relative`` if both players compare outputs of real and
    generated samples, and ``critic`` if the generator only raises its own, as with the Wasserstein loss and energies.
    """
    if not game.relative_logits:
        return "logit"
    loss = getattr(game, "loss", None)
    return "relative" if loss is not None and loss.generator_needs_real else "critic"


def kind_number(game: Discriminates) -> int:
    """The kind as files have it: an index of ``runs.outputs.KINDS``."""
    return KINDS.index(output_kind(game))
