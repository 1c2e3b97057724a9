"""Stacked-MNIST: three digits as the channels of one image, with 1,000 countable modes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from gannet.data.base import ClassModes, Dataset, Kind, Progress, Source, Truth
from gannet.data.digest import digest
from gannet.data.idx import Idx
from gannet.data.image_table import ImageTable, normalised
from gannet.data.mnist import CLASS_NAMES, Mnist
from gannet.data.order import Order
from gannet.data.transfer import moved
from gannet.errors import UserError
from gannet.seeding import numpy_rng

NUM_ROWS = 128_000
"""Size of the published data sets (Srivastava et al. 2017; Lin et al. 2018)."""
CLASSIFIER = "mnist-cnn-v1"


@dataclass(frozen=True, kw_only=True)
class StackedMnist(Source):
    """128,000 images of three random MNIST digits, one in each colour channel: 1,000 classes, ``000`` to ``999``, red
    first.

    Metz et al. 2017, https://arxiv.org/abs/1611.02163, in the size of VEEGAN (Srivastava et al. 2017,
    https://arxiv.org/abs/1705.07761) and PacGAN (Lin et al. 2018, https://arxiv.org/abs/1712.04086). The digits of an
    image never change. The classes are the modes of ``modes`` and ``reverse_kl``; published counts use 26,000 samples.
    """

    kind: ClassVar[Kind] = "images"
    path: str | None = None
    """Folder with MNIST's IDX files; by default MNIST is found as for ``mnist``."""
    split: Literal["train", "test"] = "train"
    """MNIST split that provides the digits."""
    size: Annotated[int, Field(ge=8, le=1024)] | None = None
    """Side in pixels; by default that of MNIST, 28."""

    def held_out(self) -> Self | None:
        """Stacks of MNIST's test digits."""
        return None if self.split == "test" else replace(self, split="test")

    def open(self, progress: Progress) -> StackedTable:
        """Read the digits and stack them."""
        choice = {"split": self.split, "size": self.size, "channels": 1}
        digits = (Idx(path=self.path, **choice) if self.path else Mnist(**choice)).table(progress)
        if digits.class_names != CLASS_NAMES:
            found = ", ".join(digits.class_names) or "none"
            raise UserError(
                f"{self.path or 'mnist'} is not MNIST: its classes are {found}; Stacked-MNIST needs the digits 0 to 9."
            )
        return StackedTable(
            digits, numpy_rng(0, "stacked-mnist", self.split).integers(digits.size or 0, size=(NUM_ROWS, 3))
        )


class StackedTable(Dataset):
    """Images (3, H, W), each stacked from three rows of a table of grey images; only the row numbers are stored.

    Args:
        digits: grey images of ten classes.
        rows: (N, 3) row numbers in ``digits``.
    """

    kind: ClassVar[Kind] = "images"

    def __init__(self, digits: ImageTable, rows: np.ndarray) -> None:
        assert digits.labels is not None
        self._pixels, self._rows = digits.pixels, torch.from_numpy(rows)
        self.shape, self.size = (3, *digits.shape[1:]), len(rows)
        self.class_names = tuple(f"{number:03d}" for number in range(1000))
        labels = digits.labels[rows] @ np.array([100, 10, 1])
        self._labels = torch.from_numpy(labels)
        self.truth = Truth(classes=ClassModes(CLASSIFIER, np.bincount(labels, minlength=1000) / len(labels)))
        self.content_hash = digest("stacked", digits.content_hash, len(rows))
        self._order = Order(torch.arange(len(rows)))

    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Images (N, 3, H, W) float32 in [-1, 1] and labels (N,) int64, from endless shuffled epochs."""
        rows = self._order.batch(count, seed=seed, position=position)
        return normalised(moved(self._stacked(rows), device)), moved(self._labels.index_select(0, rows), device)

    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Distinct images, uint8 (N, H, W, 3), and their labels."""
        rows = self._order.reference(count, seed=seed)
        return self._stacked(rows).permute(0, 2, 3, 1).contiguous().numpy(), self._labels.index_select(0, rows).numpy()

    def _stacked(self, rows: Tensor) -> Tensor:
        chosen = self._rows.index_select(0, rows).flatten()  # (3N,)
        return self._pixels.index_select(0, chosen).view(len(rows), *self.shape)
