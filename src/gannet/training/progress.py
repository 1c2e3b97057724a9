"""``state.json`` of a checkpoint: how far training was."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from gannet.files import read_json

Count = Annotated[int, Field(ge=0, le=2**53)]


class Progress(BaseModel):
    """Steps, and the turns of players that were played by hand, as :meth:`Trainer.play_alone` counts them."""

    model_config = ConfigDict(strict=True, allow_inf_nan=False)
    step: Count
    seconds: float
    moves: Count = 0
    turns: Count = 0


def read_progress(path: Path) -> Progress:
    """The record.

    Raises:
        OSError, ValueError: it cannot be read, or a field has a value that no training has.
    """
    try:
        return Progress.model_validate(read_json(path))
    except ValidationError as error:
        problem = error.errors()[0]
        raise ValueError(f"{path.name}: {'.'.join(map(str, problem['loc']))}: {problem['msg']}") from None
