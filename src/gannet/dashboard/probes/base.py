"""What a question looks at, and what an answer is."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from gannet.config.build import open_held_out
from gannet.data.base import Dataset, silent
from gannet.errors import UserError
from gannet.games.base import Captioned, Conditional, Game
from gannet.runs.reader import read_record
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import CHUNK, balanced_labels, evaluating

REALS_AT_MOST = 60_000
"""Training pictures that are searched."""
REAL_BYTES = 200_000_000


class Look:
    """The newest checkpoint of a run of pictures, and its data where they are still there.

    Raises:
        UserError: no checkpoint, no pictures, or a recipe of the user's own.
    """

    def __init__(self, path: Path) -> None:
        record = read_record(path)
        if record["recipe"].endswith(".py"):
            raise UserError(
                f"This run was made by the recipe file {Path(record['recipe']).name}, and a view executes nothing: "
                "draw from it with gannet sample RUN --recipe FILE."
            )
        # A checkpoint may be written between the two.
        for _ in range(3):
            self.trained, self.raw = TrainedRun(path), TrainedRun(path, raw=True)
            if self.trained.step == self.raw.step:
                break
        if self.trained.form.kind != "images":
            raise UserError("These questions are about pictures, and this run is on points.")

    @property
    def step(self) -> int:
        """Of the checkpoint."""
        return self.trained.step

    @property
    def game(self) -> Game:
        """With the averaged generator."""
        return self.trained.game

    @property
    def classes(self) -> int:
        """How many the samples follow; 0 for none."""
        return self.game.num_classes if isinstance(self.game, Conditional) else 0

    @property
    def conditions(self) -> int:
        """How many classes or example captions there are; 0 for unconditional games."""
        return len(self.game.captions) if isinstance(self.game, Captioned) else self.classes

    @cached_property
    def data(self) -> Dataset:
        """What was trained on.

        Raises:
            UserError: they are not there any more.
        """
        return self.trained.open_data()

    @cached_property
    def reals(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Up to 60,000 training pictures uint8 (N, H, W, C), fewer where they are large, in an order that is always the same; labels."""
        return self.data.reference(self._num_reals, seed=0)

    def real_labels(self, count: int) -> Tensor | None:
        """Classes or captions of the first ``count`` of :attr:`reals`, as the discriminator sees them; None if it sees neither."""
        if isinstance(self.game, Captioned):
            captions = self.data.reference_captions(self._num_reals, seed=0) or ()
            return self.trained.form.token_ids(captions[:count])
        labels = self.reals[1]
        return torch.as_tensor(labels[:count]) if self.classes and labels is not None else None

    @property
    def _num_reals(self) -> int:
        return min(REALS_AT_MOST, REAL_BYTES // int(np.prod(self.trained.form.shape)))

    @cached_property
    def held_out(self) -> Dataset | None:
        """What was not trained on, where the source keeps such."""
        return open_held_out(self.trained.plan, silent)

    @torch.no_grad()
    def generate(self, latents: Tensor, labels: Tensor | None = None) -> np.ndarray:
        """Outside samples of the averaged generator, a chunk at a time."""
        with evaluating(self.game):
            parts = [
                self.trained.form.decode(self.game.generate(latents[i : i + CHUNK], None if labels is None else labels[i : i + CHUNK]))  # type: ignore[attr-defined]
                for i in range(0, len(latents), CHUNK)
            ]
        return np.concatenate(parts)

    def labels(self, count: int) -> Tensor | None:
        """Every class in turn, or the token ids of example captions; None where samples follow neither."""
        return balanced_labels(self.game, count)

    def names(self, labels: np.ndarray | Tensor | None) -> list[str]:
        """Of classes, or captions; empty where there are none."""
        if isinstance(self.game, Captioned):
            captions = self.trained.form.captions
            return [] if labels is None else [captions[index % len(captions)] for index in range(len(labels))]
        return [] if labels is None else [self.trained.form.class_names[int(label)] for label in labels]


@dataclass(frozen=True)
class Sheet:
    """Pictures in rows and columns."""

    name: str
    """What they are: a word that the viewer puts into the user's language."""
    images: np.ndarray
    """uint8 (N, H, W, C), row by row."""
    columns: int
    heads: Sequence[str] = ()
    """Words for the columns."""
    sides: Sequence[str] = ()
    """Words for the rows."""

    def as_json(self) -> dict[str, Any]:
        """With the pictures as one PNG without gaps."""
        height, width = self.images.shape[1:3]
        return {
            "name": self.name,
            "columns": self.columns,
            "rows": -(-len(self.images) // self.columns),
            "cell": [width, height],
            "heads": list(self.heads),
            "sides": list(self.sides),
            "png": b64encode(_png(self.images, self.columns)).decode(),
        }


@dataclass(frozen=True)
class Curve:
    """Several lines over one axis."""

    name: str
    x: Sequence[float]
    lines: dict[str, Sequence[float]]
    logarithmic: bool = False

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"name": self.name, "x": list(self.x), "lines": {k: list(v) for k, v in self.lines.items()}, "logarithmic": self.logarithmic}


@dataclass(frozen=True)
class Answer:
    """Pictures, curves and numbers."""

    sheets: Sequence[Sheet] = ()
    curves: Sequence[Curve] = ()
    values: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"sheets": [s.as_json() for s in self.sheets], "curves": [c.as_json() for c in self.curves], "values": self.values}


def _png(images: np.ndarray, columns: int) -> bytes:
    from PIL import Image

    count, height, width, channels = images.shape
    rows = -(-count // columns)
    page = np.zeros((rows * columns, height, width, channels), np.uint8)
    page[:count] = images
    page = page.reshape(rows, columns, height, width, channels).swapaxes(1, 2).reshape(rows * height, columns * width, channels)
    content = io.BytesIO()
    Image.fromarray(page[..., 0] if channels == 1 else page).save(content, "PNG")
    return content.getvalue()
