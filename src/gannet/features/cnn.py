"""Small trained classifiers as feature extractors: what they compute, and how their weights are found and checked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import conv2d, interpolate, linear, max_pool2d, relu

from gannet.errors import UserError

LAYERS = ((1, 16), (16, 32), (32, 64), (64, 64))
"""(channels in, channels out) of the 3 x 3 convolutions; the first two are followed by max pooling."""
POOLED_LAYERS = 2
FEATURES = LAYERS[-1][1]
CHUNK_ROWS = 500
SMALLEST_SIDE = 8
DIGITS = tuple("0123456789")
CLOTHES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


@dataclass(frozen=True)
class Trained:
    """What is known about one trained classifier."""

    weights_sha256: str
    """Of the file ``weights/NAME.safetensors``."""
    side: int
    """Pixels; pictures of another size are resized to this."""
    class_names: tuple[str, ...]
    """In the order of the outputs."""
    test_accuracy: float
    """Of the stored weights on test pictures that training did not see."""


TRAINED = {
    "mnist-cnn-v1": Trained("bfed9a19b7b8bd4e01e0a48141f776b0f0367f7097469f997ba73f5a05459a02", 28, DIGITS, 0.9954),
    "fashion-cnn-v1": Trained("63631606afb890ce9d22ee5efbc68dcf050259006eac37ead0c767014d35b2a1", 28, CLOTHES, 0.9155),
    "digits-cnn-v1": Trained("690121baa591859f93ab054294b0639fa647880b1f0b4b248b0dc57dce97ef67", 8, DIGITS, 0.9972),
}
"""Made by ``scripts/train_extractor.py``; a change of weights needs a new name."""


@cache
def load(name: str) -> dict[str, Tensor]:
    """The weights of one classifier, checked against the hash that is pinned here.

    Raises:
        UserError: the file is missing or not the one that was pinned.
    """
    from safetensors.torch import load as read

    file = files("gannet.features") / "weights" / f"{name}.safetensors"
    try:
        content = file.read_bytes()
    except OSError:
        raise UserError(f"The weights of {name} are missing from this installation of Gannet: install it again.") from None
    found = sha256(content).hexdigest()
    if found != TRAINED[name].weights_sha256:
        raise UserError(f"The weights of {name} are damaged (sha256 {found[:12]}...): install Gannet again.")
    return read(content)


def responses(name: str, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """uint8 (N, H, W, 1) -> features (N, 64) and logits (N, classes), float64; float32 inside.

    Raises:
        UserError: pictures with more than one channel, or with a side under 8 pixels.
    """
    if images.shape[3] != 1 or min(images.shape[1:3]) < SMALLEST_SIDE:
        got = " x ".join(map(str, images.shape[1:]))
        raise UserError(f"{name} needs grey images with sides of at least {SMALLEST_SIDE} pixels; got {got}.")
    weights, side = load(name), TRAINED[name].side
    with torch.inference_mode():
        parts = [forward(prepared(images[i : i + CHUNK_ROWS], side), weights) for i in range(0, len(images), CHUNK_ROWS)]
    features, logits = (torch.cat(part).double().numpy() for part in zip(*parts, strict=True))
    return features, logits


def prepared(images: np.ndarray, side: int) -> Tensor:
    """uint8 (N, H, W, 1) -> float32 (N, 1, side, side), [-1, 1]; bicubic with antialiasing where sizes differ."""
    # Copied, for the caller's array may be read-only, which torch warns about.
    pixels = torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    if pixels.shape[2:] == (side, side):
        return pixels
    # Bicubic, for a triangle blurs: enlarged digits of 8 x 8 pixels would not be recognised any more.
    return interpolate(pixels, (side, side), mode="bicubic", antialias=True, align_corners=False).clamp(-1, 1)


def forward(pixels: Tensor, weights: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """(N, 1, side, side) -> features: each last response's mean over the picture (N, 64); and logits (N, classes)."""
    for index in range(len(LAYERS)):
        pixels = relu(conv2d(pixels, weights[f"conv{index}.weight"], weights[f"conv{index}.bias"], padding=1))
        if index < POOLED_LAYERS:
            pixels = max_pool2d(pixels, 2)
    features = pixels.mean(dim=(2, 3))
    return features, linear(features, weights["classes.weight"], weights["classes.bias"])
