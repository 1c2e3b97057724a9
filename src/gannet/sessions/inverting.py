"""``gannet invert``: the latent of a person's own image, next to what real images of the same data get."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch

from gannet.config.build import open_held_out
from gannet.data.base import Progress, Source, silent
from gannet.data.cache import Choice
from gannet.data.decode import BadImage, Reading, upright
from gannet.data.fitting import Frame, fitted
from gannet.data.image_source import ImageSource
from gannet.data.listing import read_file
from gannet.data.own_image import white_level
from gannet.errors import UserError
from gannet.evaluation.inversion import Inverted, Search, invert
from gannet.files import written_whole
from gannet.games.base import Conditional, Generates
from gannet.seeding import derive, torch_rng

if TYPE_CHECKING:
    from PIL import Image

    from gannet.sessions.trained_run import TrainedRun

NUM_REFERENCE = 8
"""Real images that are inverted in the same way."""


@dataclass(frozen=True)
class Inversion:
    """What was found for one image. Errors are root mean squared differences of pixel values in [0, 255]."""

    original: np.ndarray
    """uint8 (H, W, C): the image at the size of the run's images."""
    reconstruction: np.ndarray
    """uint8 (H, W, C): what the latent generates."""
    latent: np.ndarray
    """(latent_size,) float32."""
    label: int | None
    """The class with which it was found, if the generator is class-conditional."""
    error: float
    reference_errors: tuple[float, ...]
    """Of real images; empty if the data are no longer there."""
    reference: str
    """Which real images they are, in words."""

    def sentence(self) -> str:
        """The error next to that of real images."""
        said = f"error {self.error:.1f} of 255 (root mean square over pixels)"
        if not self.reference_errors:
            return f"{said}; {self.reference}"
        low, high = min(self.reference_errors), max(self.reference_errors)
        middle = float(np.median(self.reference_errors))
        return (
            f"{said}; {len(self.reference_errors)} {self.reference}: median {middle:.1f}, from {low:.1f} to {high:.1f}"
        )

    def picture(self) -> Image.Image:
        """The original and the reconstruction side by side."""
        from gannet.figures.grid import image_grid

        scale = max(1, 224 // self.original.shape[0])
        both = np.stack([self.original, self.reconstruction])
        return image_grid(both, 2, column_labels=["original", "reconstruction"], scale=scale)

    def save(self, path: Path) -> list[Path]:
        """Write the picture to ``path`` and the arrays next to it as NPZ, and return both paths.

        Raises:
            UserError: a file cannot be written.
        """
        arrays = {
            "latent": self.latent,
            "original": self.original,
            "reconstruction": self.reconstruction,
            "error": np.float32(self.error),
        }
        arrays |= {} if self.label is None else {"label": np.int64(self.label)}
        with written_whole(path) as file:
            self.picture().save(file, "PNG")
        numbers = path.with_suffix(".npz")
        with written_whole(numbers) as file:
            np.savez(file, **arrays)  # type: ignore[arg-type]
        return [path, numbers]


def invert_file(
    run: TrainedRun,
    file: Path,
    *,
    seed: int = 0,
    label: str | None = None,
    search: Search | None = None,
    progress: Progress = silent,
) -> Inversion:
    """The latent of the image in ``file``, which is cropped and resized as training data are.

    The same search inverts 8 real images that were not trained on, or training images if there are no others.

    Args:
        run: the trained run.
        file: an image of any size.
        seed: of the starts.
        label: the class of the image, by name; None to try all classes.
        search: how latents are searched; the default search if None.
        progress: called as images are done.

    Raises:
        UserError: a run of points, a game without latents, an image that cannot be read, or an unknown class.
    """
    game, form = run.game, run.form
    if form.kind != "images":
        raise UserError(f"gannet invert finds the latent of an image, and {run.path} was trained on points.")
    if not isinstance(game, Generates):
        raise UserError("This game has no latents, so an image cannot be inverted.")
    original = _read(file, form.shape, run.plan.source)
    if label is not None and label not in form.class_names:
        raise UserError(
            f"--label {label}: no such class. Allowed: "
            f"{', '.join(form.class_names) or 'none, the data have no classes'}."
        )
    real, labels, reference = _real(run, progress)
    classes = game.num_classes if isinstance(game, Conditional) else 0
    if label is not None and not classes:
        raise UserError("--label: this run's generator is not class-conditional; omit --label.")

    def search_for(images: np.ndarray, known: torch.Tensor | None) -> Inverted:
        return invert(
            game, form.encode(images), rng=torch_rng(seed, "invert"), search=search, labels=known, progress=progress
        )

    own = search_for(original[None], None if label is None else torch.tensor([form.class_names.index(label)]))
    others = (
        search_for(real, torch.as_tensor(labels) if classes and labels is not None else None) if len(real) else None
    )
    made = form.decode(own.samples)[0]
    return Inversion(
        original,
        made,
        own.latents[0].numpy(),
        int(own.labels[0]) if classes and own.labels is not None else None,
        _error(original, made),
        () if others is None else tuple(_error(x, y) for x, y in zip(real, form.decode(others.samples), strict=True)),
        reference,
    )


def _read(file: Path, shape: tuple[int, ...], source: Source) -> np.ndarray:
    """uint8 (H, W, C): the image in ``file``, read and fitted with the ``data.*`` keys of the run."""
    channels, height, width = shape
    if file.is_dir():
        raise UserError(f"{file} is a folder: give one image.")
    choice = source.choice() if isinstance(source, ImageSource) else Choice()
    frame = Frame(width, height, channels, choice.fit, choice.crop)
    try:
        blob = read_file(file)
        return fitted(upright(blob, Reading(channels == 4, choice.white, white_level(blob))), frame).copy()
    except OSError as error:
        raise UserError(f"Cannot read {file}: {error.strerror or error}.") from None
    except BadImage as reason:
        raise UserError(f"{file} cannot be inverted: {reason}.") from None


def _real(run: TrainedRun, progress: Progress) -> tuple[np.ndarray, np.ndarray | None, str]:
    seed = derive(run.plan.settings.seed, "invert")
    try:
        held_out = open_held_out(run.plan, progress)
        source, which = (
            (held_out, "held-out real images") if held_out is not None else (run.open_data(progress), "training images")
        )
    except UserError as problem:
        return np.zeros((0, *run.form.shape)), None, f"no real images to compare with: {problem}"
    return *source.reference(NUM_REFERENCE, seed=seed), which


def _error(first: np.ndarray, second: np.ndarray) -> float:
    return float(np.sqrt(np.square(first.astype(np.float64) - second).mean()))
