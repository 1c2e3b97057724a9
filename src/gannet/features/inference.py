"""Run a network on images in chunks of bounded size."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from gannet.errors import UserError

CHUNK_SIZE = 50
"""Images of 299 x 299 per chunk: about 1 GB in the widest layers of Inception."""


def best_device() -> torch.device:
    """A GPU if available, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def respond(
    name: str, network: nn.Module, prepared: Callable[[np.ndarray], Tensor], images: np.ndarray
) -> tuple[np.ndarray, ...]:
    """uint8 (N, H, W, 1 or 3) -> outputs of the network, float32: features (N, D) and, for a classifier, logits (N,
    classes).

    All devices compute in full float32, without TF32. Channels are the innermost dimension, in which most convolutions
    are faster.

    Raises:
        UserError: the images do not have 1 or 3 channels.
    """
    if images.shape[3] not in (1, 3):
        raise UserError(f"{name} needs images of 1 or 3 channels, not {images.shape[3]}.")
    network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    device = next(network.parameters()).device
    parts: list[tuple[np.ndarray, ...]] = []
    with (
        torch.inference_mode(),
        torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False),
    ):
        for start in range(0, len(images), CHUNK_SIZE):
            chunk = prepared(images[start : start + CHUNK_SIZE])
            given = network(chunk.to(device, memory_format=torch.channels_last))
            parts.append(tuple(part.cpu().numpy() for part in (given if isinstance(given, tuple) else (given,))))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))
