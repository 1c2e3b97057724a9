"""``randconv-v1``: image features of a fixed random convolutional network that needs no weight file."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

import numpy as np
import torch
from torch.nn.functional import avg_pool2d, conv2d, relu

from gannet.errors import UserError

RANDCONV_SEED = 1
RANDCONV_LAYERS = ((3, 16, 5), (16, 32, 3), (32, 64, 3))
"""(channels in, channels out, kernel size) of each layer."""
SMALLEST_IMAGE = 8
CHUNK_VALUES = 1_500_000


@cache
def randconv_weights() -> tuple[np.ndarray, ...]:
    """Kernels (out, in, k, k) float32 of ``randconv-v1``, uniform with the variance 2 / fan-in of He et al. 2015.

    They are computed from the raw output of PCG64, which numpy guarantees to be stable, unlike its distributions.
    """
    raw = np.random.PCG64(RANDCONV_SEED)
    return tuple(_uniform_kernel(raw, *layer) for layer in RANDCONV_LAYERS)


@cache
def randconv_hash() -> str:
    """sha256 of the weights: little-endian float32, layer by layer."""
    return sha256(b"".join(w.astype("<f4").tobytes() for w in randconv_weights())).hexdigest()


def randconv_features(images: np.ndarray) -> np.ndarray:
    """``randconv-v1``: uint8 (N, H, W, C) -> float64 (N, 224).

    Three times: convolution, ReLU, mean and standard deviation of each response over the image as features, and average
    pooling to half the size. Grey images are repeated to three channels. There is no resizing. Pixels are in [-1, 1],
    and the computation is in float32. Each row depends only on its own image, so the size of the chunks does not
    matter.

    Raises:
        UserError: the images do not have 1 or 3 channels, or have a side under 8 pixels.
    """
    height, width, channels = images.shape[1:]
    if channels not in (1, 3) or min(height, width) < SMALLEST_IMAGE:
        got = f"{height} x {width} x {channels}"
        raise UserError(
            f"randconv-v1 needs images of 1 or 3 channels and sides of at least {SMALLEST_IMAGE} pixels; got {got}."
        )
    size = max(1, CHUNK_VALUES // (height * width * RANDCONV_LAYERS[0][1]))
    with torch.inference_mode():
        kernels = [torch.from_numpy(w) for w in randconv_weights()]
        return np.concatenate([_respond(images[i : i + size], kernels) for i in range(0, len(images), size)])


def _respond(images: np.ndarray, kernels: list[torch.Tensor]) -> np.ndarray:
    # Copied because torch warns about read-only arrays.
    now = torch.from_numpy(images.copy()).permute(0, 3, 1, 2).float() / 127.5 - 1
    now = now.expand(-1, 3, -1, -1)
    features = []
    for kernel in kernels:
        now = relu(conv2d(now, kernel, padding="same"))
        features += [now.mean(dim=(2, 3)), now.std(dim=(2, 3), correction=0)]
        now = avg_pool2d(now, 2)
    return torch.cat(features, dim=1).double().numpy()


def _uniform_kernel(raw: np.random.PCG64, inputs: int, outputs: int, size: int) -> np.ndarray:
    shape = (outputs, inputs, size, size)
    unit = (np.asarray(raw.random_raw(int(np.prod(shape))), np.uint64) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    bound = np.sqrt(6.0 / (inputs * size * size))
    return ((2 * unit - 1) * bound).astype(np.float32).reshape(shape)
