"""Multi-scale structural similarity of pairs of images."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d

from gannet.errors import UserError

SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
"""Of the scales from fine to coarse, as measured on people by Wang et al. 2003."""
WINDOW = 11
AT_ONCE = 256
"""Images of a chunk."""
SIGMA = 1.5


def ms_ssim(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) twice -> (N,) float64 in [0, 1]; 1 for equal images.

    prod_j contrast_structure_j^w_j over all scales but the last, times ssim^w of the last; each factor is the mean over
    the places where the whole window fits, and over the channels; negative means count as 0. The image is halved
    between scales.

    Raises:
        UserError: a side of less than 11 pixels.
    """
    scales = num_scales(min(first.shape[1:3]))
    weights = np.array(SCALE_WEIGHTS[:scales]) / sum(SCALE_WEIGHTS[:scales])
    with torch.inference_mode():
        x, y = (torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2) / 255 for images in (first, second))
        result = torch.ones(len(x), dtype=torch.float64)
        for scale, weight in enumerate(weights):
            ssim, contrast_structure = _similarities(x, y)
            result *= (ssim if scale == scales - 1 else contrast_structure).clamp(min=0) ** weight
            x, y = avg_pool2d(x, 2), avg_pool2d(y, 2)
    return result.numpy()


def ssim(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """uint8 (N, H, W, C) twice -> (N,) float64 in [-1, 1]: the mean over places and channels; exactly 1 for equal
    images.

    Raises:
        UserError: a side of less than 11 pixels.
    """
    num_scales(min(first.shape[1:3]))
    with torch.inference_mode():
        x, y = (torch.from_numpy(images.astype(np.float64)).permute(0, 3, 1, 2) / 255 for images in (first, second))
        values = np.concatenate(
            [_similarities(a, b)[0].numpy() for a, b in zip(x.split(AT_ONCE), y.split(AT_ONCE), strict=True)]
        )
    same = (first == second).reshape(len(first), -1).all(axis=1)
    return np.where(same, 1.0, values)


def num_scales(side: int) -> int:
    """How many of the five scales have sides of at least one window.

    Raises:
        UserError: none.
    """
    if side < WINDOW:
        raise UserError(f"Structural similarity needs images with sides of at least {WINDOW} pixels, not {side}.")
    return sum(side // 2**scale >= WINDOW for scale in range(len(SCALE_WEIGHTS)))


def _similarities(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """(N,) means of SSIM and of its contrast and structure part."""
    count = len(x)
    moments = _blur(torch.cat([x, y, x * x, y * y, x * y]))
    mean_x, mean_y, xx, yy, xy = moments.split(count)
    c1, c2 = 0.01**2, 0.03**2
    structure = (2 * (xy - mean_x * mean_y) + c2) / (xx - mean_x**2 + yy - mean_y**2 + c2)
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    return (luminance * structure).mean(dim=(1, 2, 3)), structure.mean(dim=(1, 2, 3))


def _blur(pixels: Tensor) -> Tensor:
    distance = torch.arange(WINDOW, dtype=torch.float64) - WINDOW // 2
    kernel = torch.exp(-(distance**2) / (2 * SIGMA**2))
    kernel = kernel / kernel.sum()
    flat = pixels.flatten(0, 1)[:, None]
    flat = conv2d(conv2d(flat, kernel.view(1, 1, -1, 1)), kernel.view(1, 1, 1, -1))
    return flat.unflatten(0, pixels.shape[:2])[:, :, 0]
