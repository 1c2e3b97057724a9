"""The state that questions use, and the form of answers."""

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
from gannet.figures.sheet import cells, image_sheet
from gannet.games.base import Captioned, Conditional, Game, Translates
from gannet.games.labels import balanced_labels
from gannet.runs.reader import Run, read_record
from gannet.sessions.trained_run import TrainedRun
from gannet.training.sampling import CHUNK, evaluating

REALS_AT_MOST = 60_000
"""Maximum number of training images that are searched."""
REAL_BYTES = 200_000_000


class Look:
    """The newest checkpoint of a run on images, and its data if they still exist.

    Raises:
        UserError: there is no checkpoint, the run is on points, or its recipe is a user's file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        record = read_record(path)
        if record.recipe.endswith(".py"):
            raise UserError(
                f"This run was made by the recipe file {Path(record.recipe).name}, which the live view does not "
                "execute: draw from it with gannet sample RUN --recipe FILE."
            )
        # A checkpoint may be written between the two lines.
        for _ in range(3):
            self.trained, self.raw = TrainedRun(path), TrainedRun(path, raw=True)
            if self.trained.step == self.raw.step:
                break
        if self.trained.form.kind != "images":
            raise UserError("These questions are about images, but this run is on points.")

    @property
    def step(self) -> int:
        """Step of the checkpoint."""
        return self.trained.step

    @property
    def game(self) -> Game:
        """The game with the EMA generator."""
        return self.trained.game

    @property
    def classes(self) -> int:
        """Number of classes of a class-conditional game; else 0."""
        return self.game.num_classes if isinstance(self.game, Conditional) else 0

    @property
    def conditions(self) -> int:
        """How many classes or example captions there are; 0 for unconditional games."""
        return len(self.game.captions) if isinstance(self.game, Captioned) else self.classes

    @cached_property
    def data(self) -> Dataset:
        """The training data.

        Raises:
            UserError: they do not exist any more.
        """
        return self.trained.open_data()

    @cached_property
    def reals(self) -> tuple[np.ndarray, np.ndarray | None]:
        """Up to 60,000 training images uint8 (N, H, W, C), fewer if they are large, in a fixed order, and their
        labels.
        """
        return self.data.reference(self._num_reals, seed=0)

    def real_labels(self, count: int) -> Tensor | None:
        """Classes or captions of the first ``count`` of :attr:`reals`, as the discriminator sees them; None if it
        sees neither.
        """
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
        """The held-out data, if the source has any."""
        return open_held_out(self.trained.plan, silent)

    @property
    def images(self) -> Dataset | None:
        """What a game that translates starts from: held-out images if any. None for all other games, which need no
        data.
        """
        return (self.held_out or self.data) if isinstance(self.game, Translates) else None

    def recorded(self, step: int | None, number: int) -> np.ndarray:
        """One image (1, H, W, 1 or 3) of a recorded frame; of the newest frame if no step is given.

        Raises:
            UserError: no such frame or image.
        """
        run = Run(self.path)
        frames = dict(run.frames())
        chosen = max(frames, default=None) if step is None else step
        if chosen is None or chosen not in frames:
            raise UserError(f"This run has no frame of step {step}." if frames else "This run has no frames.")
        channels, height, width = self.trained.form.shape
        sheet = np.asarray(run.load_frame(frames[chosen]))[..., : min(channels, 3)]
        images = cells(sheet, height, width)
        if not 0 <= number < len(images):
            raise UserError(f"The frame of step {chosen} has images 0 to {len(images) - 1}, not {number}.")
        return images[number : number + 1]

    @torch.no_grad()
    def generate(self, latents: Tensor, labels: Tensor | None = None) -> np.ndarray:
        """Samples of the EMA generator in original units, in chunks."""
        with evaluating(self.game):
            parts = []
            for i in range(0, len(latents), CHUNK):
                asked = None if labels is None else labels[i : i + CHUNK]
                samples = self.game.generate(latents[i : i + CHUNK], asked)  # type: ignore[attr-defined]
                parts.append(self.trained.form.decode(samples))
        return np.concatenate(parts)

    def labels(self, count: int) -> Tensor | None:
        """All classes in turn, or token ids of example captions; None if the game uses neither."""
        return balanced_labels(self.game, count)

    def names(self, labels: np.ndarray | Tensor | None) -> list[str]:
        """Names of the classes, or captions; empty without them."""
        if isinstance(self.game, Captioned):
            captions = self.trained.form.captions
            return [] if labels is None else [captions[index % len(captions)] for index in range(len(labels))]
        return [] if labels is None else [self.trained.form.class_names[int(label)] for label in labels]


@dataclass(frozen=True)
class Sheet:
    """Images in rows and columns."""

    name: str
    """A word that the page translates."""
    images: np.ndarray
    """uint8 (N, H, W, C), row by row."""
    columns: int
    heads: Sequence[str] = ()
    """Headings of the columns."""
    sides: Sequence[str] = ()
    """Headings of the rows."""

    def as_json(self) -> dict[str, Any]:
        """JSON values, with the images as one PNG without gaps."""
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
    """Several lines on one axis."""

    name: str
    x: Sequence[float]
    lines: dict[str, Sequence[float]]
    logarithmic: bool = False

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "name": self.name,
            "x": list(self.x),
            "lines": {k: list(v) for k, v in self.lines.items()},
            "logarithmic": self.logarithmic,
        }


@dataclass(frozen=True)
class Answer:
    """Images, curves and numbers."""

    sheets: Sequence[Sheet] = ()
    curves: Sequence[Curve] = ()
    values: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """JSON values."""
        return {
            "sheets": [s.as_json() for s in self.sheets],
            "curves": [c.as_json() for c in self.curves],
            "values": self.values,
        }


def _png(images: np.ndarray, columns: int) -> bytes:
    from PIL import Image

    sheet = image_sheet(images, columns)
    content = io.BytesIO()
    Image.fromarray(sheet[..., 0] if sheet.shape[2] == 1 else sheet).save(content, "PNG")
    return content.getvalue()
