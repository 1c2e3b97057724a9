"""What every metric asks of its input: enough samples, finite, of the right shape."""

from __future__ import annotations

from typing import Literal

import numpy as np

from gannet.errors import UserError
from gannet.metrics.base import Samples

FEWEST_SAMPLES = 10
FEWEST_REAL_SAMPLES = 2 * FEWEST_SAMPLES
"""One half is compared with generated samples, the other half gives the real-data reference."""


def checked_points(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Real and fake as float64 (N, 2).

    Raises:
        UserError: fewer than 10 rows, another shape, or a value that is not finite.
    """
    return _points(samples.real, "real"), _points(samples.fake, "generated")


def checked_images(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Real and fake as uint8 (N, H, W, C) of one and the same image shape.

    Raises:
        UserError: fewer than 10 images, not uint8 NHWC, or the two sets differ in image shape.
    """
    real, fake = _images(samples.real, "real"), _images(samples.fake, "generated")
    if real.shape[1:] != fake.shape[1:]:
        raise UserError(
            f"Real images are {_shape(real)} and generated ones {_shape(fake)} (height x width x channels): they must "
            f"agree."
        )
    return real, fake


def checked_reconstructions(
    samples: Samples, answer: Literal["reconstructed", "inverted"] = "reconstructed"
) -> tuple[np.ndarray, np.ndarray]:
    """Real samples and what the game makes of them, both in original units.

    Raises:
        UserError: as :func:`checked_points` and :func:`checked_images`, or the two sets differ in shape.
    """
    assert samples.answers is not None
    made = getattr(samples.answers, answer)
    assert made is not None
    # Only the first samples are inverted, because that takes seconds for each.
    real = samples.answers.real[: len(made)] if answer == "inverted" else samples.answers.real
    if real.shape != made.shape:
        raise UserError(f"Reals are {real.shape} and their reconstructions {made.shape}: they must agree.")
    check = _points if real.ndim == 2 else _images
    return check(real, "real"), check(made, "reconstructed")


def checked_translations(samples: Samples) -> tuple[np.ndarray, np.ndarray]:
    """Targets and outputs, uint8 (N, H, W, C).

    Raises:
        UserError: as :func:`checked_images`, or the two sets differ in shape.
    """
    assert samples.answers is not None
    assert samples.answers.translated is not None
    real, made = samples.answers.real, samples.answers.translated
    if real.shape != made.shape:
        raise UserError(f"Targets are {real.shape} and outputs {made.shape}: they must agree.")
    return _images(real, "target"), _images(made, "translated")


def checked_classes(samples: Samples, answer: Literal["predicted", "clusters"]) -> tuple[np.ndarray, np.ndarray]:
    """True classes and the game's answers, (N,) int64 each.

    Raises:
        UserError: fewer than 10 rows, or not one class of each kind per row.
    """
    assert samples.answers is not None
    labels, said = samples.answers.labels, getattr(samples.answers, answer)
    assert labels is not None
    if (
        labels.shape != said.shape
        or labels.ndim != 1
        or not all(np.issubdtype(a.dtype, np.integer) for a in (labels, said))
    ):
        raise UserError(
            f"Labels are {labels.dtype} {labels.shape} and {answer} {said.dtype} {said.shape}; both must be integers "
            f"(N,)."
        )
    _enough(labels, "real")
    if min(labels.min(), said.min()) < 0:
        raise UserError("A class below 0 cannot be measured: rows without a label must be left out.")
    return labels, said


def checked_labels(samples: Samples) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Names of the classes, and the class of every real and every generated sample, (N,) and (M,) numbers of them.

    Raises:
        UserError: no labels, or not one for every sample.
    """
    labels = samples.labels
    if labels is None or labels.fake is None:
        raise UserError(
            "The classes of these samples are not known: this needs data with classes and a game that follows them."
        )
    for which, numbers, rows in (("real", labels.real, samples.real), ("generated", labels.fake, samples.fake)):
        if numbers.shape != (len(rows),) or not np.issubdtype(numbers.dtype, np.integer):
            raise UserError(
                f"The {len(rows)} {which} samples have labels {numbers.dtype} {numbers.shape}; they must be integers "
                f"(N,)."
            )
        if numbers.min() < 0 or numbers.max() >= len(labels.names):
            raise UserError(f"The labels of the {which} samples must lie between 0 and {len(labels.names) - 1}.")
    return labels.names, labels.real, labels.fake


def _points(values: np.ndarray, which: str) -> np.ndarray:
    array = np.asarray(values)
    if array.ndim != 2 or array.shape[1] != 2:
        raise UserError(f"The {which} samples have shape {array.shape}; points must be (N, 2).")
    _enough(array, which)
    return _finite(array.astype(np.float64), which)


def _images(values: np.ndarray, which: str) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype != np.uint8 or array.ndim != 4:
        raise UserError(
            f"The {which} samples are {array.dtype} of shape {array.shape}; images must be uint8 (N, H, W, C)."
        )
    _enough(array, which)
    return array


def _enough(array: np.ndarray, which: str) -> None:
    if len(array) < FEWEST_SAMPLES:
        raise UserError(f"Only {len(array)} {which} samples: measuring needs at least {FEWEST_SAMPLES}.")


def _finite(array: np.ndarray, which: str) -> np.ndarray:
    bad = int((~np.isfinite(array)).any(axis=1).sum())
    if bad:
        raise UserError(f"{bad} of {len(array)} {which} samples are NaN or infinite, so they cannot be measured.")
    return array


def _shape(images: np.ndarray) -> str:
    return " x ".join(map(str, images.shape[1:]))
