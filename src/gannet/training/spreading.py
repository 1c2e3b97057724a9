"""Whether a training can be spread over several processes."""

from __future__ import annotations

from gannet.errors import UserError
from gannet.games.base import Game


def require_spread(game: Game, batch_size: int, processes: int) -> None:
    """Check that ``processes`` ranks can share the batches of a game.

    Args:
        game: the game to train.
        batch_size: samples of a turn, over all ranks.
        processes: number of ranks; one can train every game.

    Raises:
        UserError: the game compares samples in a way that needs one process, or the batch, or its packs, cannot be
            divided.
    """
    if processes == 1:
        return
    if game.needs_one_process:
        raise UserError(
            f"This recipe cannot be trained on {processes} processes, because {game.needs_one_process}. Train it on "
            "one."
        )
    pack = game.pack
    if batch_size % (processes * pack):
        packs = f" in packs of {pack}" if pack > 1 else ""
        raise UserError(
            f"batch_size={batch_size} cannot be divided by {processes} processes{packs}. Set batch_size to a "
            f"multiple of {processes * pack}."
        )
