"""Directions in latent space along which samples change: in closed form from a layer, or from samples."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gannet.games.base import Game, Generates


def principal_directions(latents: np.ndarray, samples: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Latent directions along which samples change most: GANSpace on the samples themselves.

    Principal components of the samples, then for each of them the latent direction found by regression on its
    coordinate (Härkönen et al. 2020, section 2.2, https://arxiv.org/abs/2004.02546). For a linear generator with white
    latents these are its leading right singular vectors.

    Args:
        latents: (N, F).
        samples: (N, ...), generated from the latents.
        count: number of directions.

    Returns:
        (count, F): each has the length of the latents' standard deviation along it, and the sign that makes samples
        brighter; and (count,), the share of the samples' variance that each principal component has.
    """
    centred_latents = latents - latents.mean(axis=0)
    flat = samples.reshape(len(samples), -1).astype(np.float64)
    flat -= flat.mean(axis=0)
    # Eigenvectors of the N x N Gram matrix, because images have more values than there are samples.
    variances, vectors = np.linalg.eigh(flat @ flat.T)
    coordinates = vectors[:, ::-1][:, :count]
    directions = coordinates.T @ centred_latents
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    brighter = np.sign((coordinates * flat.mean(axis=1, keepdims=True)).sum(axis=0))
    directions *= np.where(brighter < 0, -1, 1)[:, None] * (centred_latents @ directions.T).std(axis=0)[:, None]
    return directions, variances[::-1][:count] / max(variances.sum(), np.finfo(float).tiny)


def singular_directions(
    game: Generates, latents: Tensor, labels: Tensor | None, count: int
) -> tuple[Tensor, Tensor] | None:
    """Right singular vectors of the first linear layer, largest singular value first: SeFa, from the parameters alone.

    Of all unit directions n they change the layer's output most: they maximise |A n|, for a layer that computes A z +
    b. Shen and Zhou 2021, https://arxiv.org/abs/2007.06600.

    Args:
        game: what generates.
        latents: (N, F) of any values, to find the layer that reads them.
        labels: (N,) if the game is class-conditional.
        count: number of directions; the layer has at most F.

    Returns:
        (count, F) unit vectors and (count,) singular values, or None if no linear layer reads the latents themselves.
        Each vector has its largest coordinate above 0, because the sign of a singular vector is arbitrary.
    """
    matrix = _first_matrix(game, latents, labels)
    if matrix is None:
        return None
    _, values, vectors = torch.linalg.svd(matrix.double(), full_matrices=False)
    chosen = vectors[:count]
    largest = chosen.gather(1, chosen.abs().argmax(1, keepdim=True))
    return (chosen * largest.sign()).float(), values[:count].float()


@torch.no_grad()
def _first_matrix(game: Generates, latents: Tensor, labels: Tensor | None) -> Tensor | None:
    """The (out, F) matrix of the first layer whose input begins with the latents: linear, or a convolution of one
    pixel.
    """
    assert isinstance(game, Game)
    size, found = latents.shape[1], list[Tensor]()

    def look(layer: nn.Module, inputs: tuple[Any, ...]) -> None:
        flat = inputs[0].flatten(1)
        reads = len(flat) == len(latents) and flat.shape[1] >= size and bool((flat[:, :size] == latents).all())
        is_pixel = inputs[0].dim() == 2 or inputs[0].shape[2:].numel() == 1
        if not found and reads and is_pixel:
            weight: Tensor = layer.weight  # type: ignore[assignment]
            transposed = isinstance(layer, nn.ConvTranspose2d)
            by_input = weight.flatten(1) if transposed else weight.transpose(0, 1).flatten(1)  # (in, out ...)
            found.append(by_input[:size].T)

    layers = [layer for layer in game.modules() if isinstance(layer, nn.Linear | nn.Conv2d | nn.ConvTranspose2d)]
    handles = [layer.register_forward_pre_hook(look) for layer in layers]
    try:
        game.generate(latents, labels)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None
