"""MNIST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gannet.data.base import Progress
from gannet.data.image_source import ImageSource
from gannet.data.named import read_named
from gannet.data.undecoded_images import UndecodedImages

CLASS_NAMES = tuple(str(digit) for digit in range(10))


@dataclass(frozen=True, kw_only=True)
class Mnist(ImageSource):
    """Handwritten digits, grey, 28 x 28 (LeCun et al. 1998, http://yann.lecun.com/exdb/mnist).

    Read from the folder $GANNET_DATA, else from the Hugging Face hub as ylecun/mnist.
    """

    reads_splits: ClassVar[bool] = True
    split: Literal["train", "test"] = "train"
    """``train`` has 60,000 images, ``test`` 10,000."""

    def held_out_split(self) -> str:
        """The published test images."""
        return "test"

    def read(self, progress: Progress) -> UndecodedImages:
        """The images with their ten classes."""
        return read_named("mnist", "ylecun/mnist", self.split, CLASS_NAMES, progress)
