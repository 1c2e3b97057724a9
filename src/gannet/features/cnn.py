"""Small trained classifiers as feature extractors: the network, and loading and checking of the weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, linear, max_pool2d, relu

from gannet.errors import UserError, unknown

LAYERS = ((1, 16), (16, 32), (32, 64), (64, 64))
"""(channels in, channels out) of the 3 x 3 convolutions; the first two are followed by max pooling."""
POOLED_LAYERS = 2
FEATURES = LAYERS[-1][1]
CHUNK_SIZE = 500
SMALLEST_SIDE = 8
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


@dataclass(frozen=True)
class Trained:
    """Facts about one trained classifier."""

    weights_sha256: str
    """sha256 of the file ``weights/NAME.safetensors``."""
    side: int
    """Side in pixels; other images are resized to it."""
    class_names: tuple[str, ...]
    """In the order of the outputs."""
    test_accuracy: float
    """Accuracy of the stored weights on the test split."""


TRAINED = {
    "mnist-cnn-v1": Trained("bfed9a19b7b8bd4e01e0a48141f776b0f0367f7097469f997ba73f5a05459a02", 28, DIGITS, 0.9954),
    "fashion-cnn-v1": Trained("63631606afb890ce9d22ee5efbc68dcf050259006eac37ead0c767014d35b2a1", 28, CLOTHES, 0.9155),
    "digits-cnn-v1": Trained("690121baa591859f93ab054294b0639fa647880b1f0b4b248b0dc57dce97ef67", 8, DIGITS, 0.9972),
}
"""Trained by ``scripts/train_extractor.py``; changed weights need a new name."""


@cache
def load(name: str) -> dict[str, Tensor]:
    """The weights of one classifier, after a check of their hash.

    Raises:
        UserError: the file is missing, or its hash is wrong.
    """
    from safetensors.torch import load as read

    file = files("gannet.features") / "weights" / f"{name}.safetensors"
    try:
        content = file.read_bytes()
    except OSError:
        raise UserError(
            f"The weights of {name} are missing from this installation of Gannet: install it again."
        ) from None
    found = sha256(content).hexdigest()
    if found != TRAINED[name].weights_sha256:
        raise UserError(f"The weights of {name} are damaged (sha256 {found[:12]}...): install Gannet again.")
    return read(content)


def responses(name: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, H, W, 1) -> features (N, 64) and logits (N, classes), float64, computed in float32.

    Raises:
        UserError: the images have more than one channel, or a side under 8 pixels.
    """
    if images.shape[3] != 1 or min(images.shape[1:3]) < SMALLEST_SIDE:
        got = " x ".join(map(str, images.shape[1:]))
        raise UserError(f"{name} needs grey images with sides of at least {SMALLEST_SIDE} pixels; got {got}.")
    weights, side = load(name), TRAINED[name].side
    with torch.inference_mode():
        parts = [
            forward(prepared(images[i : i + CHUNK_SIZE], side), weights) for i in range(0, len(images), CHUNK_SIZE)
        ]
    features, logits = (torch.cat(part).double().numpy() for part in zip(*parts, strict=True))
    return features, logits


def classifier(name: str) -> Callable[[Tensor], Tensor]:
    """A trained classifier as a differentiable function: (N, 1, H, W) in [-1, 1] -> logits (N, classes), float32.

    Other sizes than its own are resized, bicubic with antialiasing.

    Raises:
        UserError: no classifier has that name, or its weights are missing or damaged.
    """
    if name not in TRAINED:
        raise UserError(unknown(f"Unknown classifier {name!r}.", name, list(TRAINED)))
    weights, side = load(name), TRAINED[name].side
    return lambda images: forward(resized(images.float(), side), weights)[1]


def prepared(images: np.ndarray, side: int) -> Tensor:
    """uint8 (N, H, W, 1) -> float32 (N, 1, side, side) in [-1, 1]; other sizes are resized, bicubic with
    antialiasing.
    """
    # Copied because torch warns about read-only arrays.
    return resized(torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1, side)


def resized(pixels: Tensor, side: int) -> Tensor:
    """(N, 1, H, W) in [-1, 1] -> (N, 1, side, side) in [-1, 1]."""
    if pixels.shape[2:] == (side, side):
        return pixels
    # Bilinear resizing would blur enlarged digits of 8 x 8 pixels beyond recognition.
    return interpolate(pixels, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)


def forward(pixels: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """(N, 1, side, side) -> features (N, 64), the means of the last responses over the image, and logits (N,
    classes).
    """
    for index in range(len(LAYERS)):
        pixels = relu(conv2d(pixels, weights[f"conv{index}.weight"], weights[f"conv{index}.bias"], padding=1))
        if index < POOLED_LAYERS:
            pixels = max_pool2d(pixels, 2)
    features = pixels.mean(dim=(2, 3))
    return features, linear(features, weights["classes.weight"], weights["classes.bias"])
