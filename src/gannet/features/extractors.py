"""Feature extractors for images by name: their outputs, and the choice of the default one for given data.

The label of every feature metric contains the extractor's name; its spec also contains the hash of the weights and the
preprocessing. So values of different extractors cannot be confused.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import numpy as np

from gannet.data.base import Progress, silent
from gannet.errors import UserError, unknown
from gannet.features import efficientnet_lite, user_weights
from gannet.features.cache import recall, remember
from gannet.features.cnn import TRAINED, responses
from gannet.features.inference import respond
from gannet.features.randconv import randconv_features, randconv_hash
from gannet.features.user_weights import USER_SUPPLIED

RANDCONV, EFFNET = "randconv-v1", "effnet-lite0"
NAMES = (RANDCONV, *TRAINED, EFFNET, *USER_SUPPLIED)
UNTRAINED = (
    f"Features of {RANDCONV}, an untrained network: it compares textures, not what an image shows, so bad images can "
    f"score well."
)
"""What every reader of a number from these features must know."""
SHORTFALL = 0.04
"""A classifier suits the data if its accuracy on the real images is at most this much below that on its own test
split.
"""
JUDGED = 1000
"""Number of real images in this test."""
CACHED = 5
"""Number of image sets with responses in memory: real, generated, reference and held-out images, and one more."""
PART_SIZE = 500
"""Images between two progress reports."""

Responses = tuple[np.ndarray, np.ndarray | None]
"""Features (N, D) and, of a classifier, logits (N, classes); float64, read-only."""
_cached: OrderedDict[tuple[str, str], Responses] = OrderedDict()


def check_name(name: str) -> None:
    """Raise a :class:`UserError` if no extractor has that name."""
    if name not in NAMES:
        raise UserError(unknown(f"Unknown feature extractor {name!r}.", name, NAMES))


def describe(name: str) -> dict[str, Any]:
    """What an extractor adds to a metric's spec: name, hash of the weights, preprocessing, precision.

    Raises:
        UserError: its weights are missing.
    """
    common = {"extractor": name, "features_dtype": "float32"}
    if name == RANDCONV:
        return {
            **common,
            "weights_sha256": randconv_hash(),
            "preprocessing": "no resize, [-1, 1], grey repeated to 3 channels",
        }
    if name == EFFNET:
        effnet = {"layer": efficientnet_lite.LAYER, "preprocessing": efficientnet_lite.PREPROCESSING}
        return {**common, "weights_sha256": efficientnet_lite.WEIGHTS_SHA256, **effnet}
    if name in USER_SUPPLIED:
        stored, known = user_weights.needed(name), USER_SUPPLIED[name]
        about = {"variant": stored.variant, "layer": known.layer, "preprocessing": known.preprocessing}
        return {**common, "weights_sha256": stored.sha256, **about}
    side = TRAINED[name].side
    resize = f"grey, resized to {side} x {side} by an antialiased bicubic filter where not of that size, [-1, 1]"
    return {
        **common,
        "weights_sha256": TRAINED[name].weights_sha256,
        "layer": "mean of the last responses",
        "preprocessing": resize,
    }


def features(name: str, images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> float64 (N, D), read-only: 224 columns of randconv-v1, 64 of the classifiers, 2,048 of
    inception.

    The last few results are cached, so that metrics on the same images share the work.

    Raises:
        UserError: the extractor does not support these images, or its weights are missing.
    """
    return extract(name, images)[0]


def log_probabilities(name: str, images: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) -> (N, classes) float64 log p(class | image).

    Raises:
        UserError: the extractor is not a classifier, or does not support these images.
    """
    logits = extract(name, images)[1]
    if logits is None:
        raise UserError(
            f"{name} is not a classifier; choose one of {', '.join(TRAINED)}, written like is[{next(iter(TRAINED))}]."
        )
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def extract(name: str, images: np.ndarray, *, on_disk: bool = False, progress: Progress = silent) -> Responses:
    """Features and logits of images: from memory, from the cache folder, or computed.

    Args:
        name: name of the extractor.
        images: uint8 (N, H, W, C).
        on_disk: store the responses in the cache folder, because the images recur, as real images do.
        progress: called while images are processed.

    Raises:
        UserError: the extractor does not support these images, or its weights are missing.
    """
    check_name(name)
    images = np.ascontiguousarray(images)
    key = (name, blake2b(repr(images.shape).encode() + images.data).hexdigest())
    if key not in _cached:
        spec = describe(name)
        stored = recall(key[1], spec) if on_disk else None
        _cached[key] = _read_only(_compute(name, images, progress) if stored is None else stored)
        if on_disk and stored is None:
            remember(key[1], spec, _cached[key])
    _cached.move_to_end(key)
    while len(_cached) > CACHED:
        _cached.popitem(last=False)
    return _cached[key]


def fitting(images: np.ndarray, labels: np.ndarray | None, class_names: Sequence[str]) -> str:
    """The default extractor: a classifier that recognises these data, else randconv-v1.

    A classifier is used only if it has all the class names and its accuracy on the first 1,000 labelled real images is
    at most 4 percentage points below that on its own test split. The name of the data is ignored, so clothes in files
    named MNIST are not measured with features of digits.

    Args:
        images: uint8 (N, H, W, C), real.
        labels: (N,) indices into ``class_names``, or None.
        class_names: in label order.
    """
    if labels is None or images.shape[3] != 1 or min(images.shape[1:3]) < 8 or len(images) < 100:
        return RANDCONV
    truth = np.asarray(class_names)[labels[:JUDGED]]
    surplus = {RANDCONV: 0.0}
    for name, trained in TRAINED.items():
        # Data with a single class could be recognised by chance.
        if set(class_names) <= set(trained.class_names) and len(set(truth)) > 1:
            found = np.asarray(trained.class_names)[responses(name, images[:JUDGED])[1].argmax(axis=1)]
            surplus[name] = float((found == truth).mean()) - (trained.test_accuracy - SHORTFALL)
    return max(surplus, key=lambda name: surplus[name])


def _compute(name: str, images: np.ndarray, progress: Progress) -> Responses:
    what = f"features of {name}"
    parts: list[Responses] = []
    for start in range(0, len(images), PART_SIZE):
        progress(what, start, len(images))
        parts.append(_responses(name, images[start : start + PART_SIZE]))
    progress(what, len(images), len(images))
    columns = [None if column[0] is None else np.concatenate(column) for column in zip(*parts, strict=True)]
    assert columns[0] is not None
    return columns[0], columns[1]


def _responses(name: str, images: np.ndarray) -> Responses:
    if name == RANDCONV:
        return randconv_features(images), None
    if name in TRAINED:
        return responses(name, images)
    if name == EFFNET:
        given = respond(name, efficientnet_lite.load(), efficientnet_lite.prepared, images)
    else:
        given = user_weights.responses(name, images)
    return given[0].astype(np.float64), given[1].astype(np.float64) if len(given) > 1 else None


def _read_only(found: Responses) -> Responses:
    for array in found:
        if array is not None:
            array.flags.writeable = False
    return found
