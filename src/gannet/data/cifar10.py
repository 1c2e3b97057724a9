"""CIFAR-10."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gannet.data.base import Progress
from gannet.data.image_source import ImageSource
from gannet.data.named import read_named
from gannet.data.undecoded_images import UndecodedImages

CLASS_NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@dataclass(frozen=True, kw_only=True)
class Cifar10(ImageSource):
    """Small colour photographs, 32 x 32 (Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html).

    Read from the folder $GANNET_DATA, else from the Hugging Face hub as uoft-cs/cifar10.
    """

    reads_splits: ClassVar[bool] = True
    split: Literal["train", "test"] = "train"
    """``train`` has 50,000 images, ``test`` 10,000."""

    def held_out_split(self) -> str:
        """The published test images."""
        return "test"

    def read(self, progress: Progress) -> UndecodedImages:
        """The images with their ten classes."""
        return read_named("cifar10", "uoft-cs/cifar10", self.split, CLASS_NAMES, progress)
