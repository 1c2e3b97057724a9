"""How many generated samples each mode has: high-quality points, or images by the classes that a classifier sees."""

from __future__ import annotations

import warnings

import numpy as np

from gannet.errors import UserError
from gannet.features.cnn import TRAINED
from gannet.features.extractors import log_probabilities
from gannet.metrics.assignment import assign, known_modes
from gannet.metrics.base import Samples
from gannet.metrics.inputs import checked_images, checked_points


def mode_counts(samples: Samples, sigmas: float, classifier: str | None) -> tuple[np.ndarray, np.ndarray]:
    """Counts (M,) int64 of the generated samples and true weights (M,) float64, of the modes that have any weight.

    Args:
        samples: points with Gaussian modes, or images whose modes are classes.
        sigmas: a point counts for the mode that it is nearest to where it is no further from it than this.
        classifier: of images; each counts for the most likely class of every channel. None for points.

    Raises:
        UserError: the modes are not known, or the samples cannot be used.
    """
    if classifier is None:
        modes = known_modes(samples.truth)
        _, fake = checked_points(samples)
        return assign(fake, modes).counts_within(sigmas, len(modes.weights)), np.asarray(modes.weights, np.float64)
    if samples.truth.classes is None:
        raise UserError(
            "This metric needs data whose modes are known: Gaussians (ring, grid ...) or classes (stacked-mnist)."
        )
    _, fake = checked_images(samples)
    counts, weights = class_counts(fake, classifier), np.asarray(samples.truth.classes.weights, np.float64)
    if len(counts) != len(weights):
        raise UserError(
            f"{classifier} tells {len(counts)} classes of these images apart, but the data have {len(weights)}."
        )
    served = weights > 0
    if counts[~served].sum():
        warnings.warn(
            f"{counts[~served].sum()} images are of classes that the data do not have; they are not counted.",
            stacklevel=2,
        )
    return counts[served], weights[served]


def class_counts(images: np.ndarray, classifier: str) -> np.ndarray:
    """uint8 (N, H, W, C) -> (K ** C,) images of every combination of the classifier's K classes, the first channel
    leading.
    """
    count, height, width, channels = images.shape
    planes = images.transpose(0, 3, 1, 2).reshape(count * channels, height, width, 1)
    classes = log_probabilities(classifier, planes).argmax(axis=1).reshape(count, channels)
    kinds = len(TRAINED[classifier].class_names)
    return np.bincount(classes @ kinds ** np.arange(channels)[::-1], minlength=kinds**channels)
