"""Compress strongly: the game learns to remove the blocks of JPEG."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Annotated, ClassVar

import numpy as np
import torch
from PIL import Image
from pydantic import Field
from torch import Tensor

from gannet.degradations.base import Degradation


@dataclass(frozen=True)
class Jpeg(Degradation):
    """JPEG of low quality, by Pillow with 4:2:0 chroma. It has no gradient and needs none: it acts on the input."""

    quality: Annotated[int, Field(ge=1, le=95)] = 10
    """Quality of Pillow's encoder."""

    trivial_name: ClassVar[str] = "jpeg"

    def __call__(self, images: Tensor, rng: torch.Generator) -> Tensor:
        """(N, 1 or 3, H, W) -> the same shape."""
        levels = ((images.detach().clamp(-1, 1) + 1) * 127.5).round().byte().permute(0, 2, 3, 1).cpu().numpy()
        made = np.stack([self._compressed(image) for image in levels])
        return torch.from_numpy(made).permute(0, 3, 1, 2).to(images.device, images.dtype) / 127.5 - 1

    def trivial(self, inputs: Tensor, channels: int) -> Tensor:
        """The compressed image."""
        return inputs

    def _compressed(self, levels: np.ndarray) -> np.ndarray:
        file = BytesIO()
        image = Image.fromarray(levels[:, :, 0] if levels.shape[2] == 1 else levels)
        image.save(file, "JPEG", quality=self.quality, subsampling="4:2:0")
        return np.array(Image.open(BytesIO(file.getvalue()))).reshape(levels.shape)
