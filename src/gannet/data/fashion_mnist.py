"""Fashion-MNIST."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from gannet.data.base import Progress
from gannet.data.image_source import ImageSource
from gannet.data.named import read_named
from gannet.data.undecoded_images import UndecodedImages

CLASS_NAMES = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")


@dataclass(frozen=True, kw_only=True)
class FashionMnist(ImageSource):
    """Articles of clothing, grey, 28 x 28 (Xiao et al. 2017, https://arxiv.org/abs/1708.07747).

    Read from the folder $GANNET_DATA, else from the Hugging Face hub as zalando-datasets/fashion_mnist. On Debian and
    Ubuntu the package ``dataset-fashion-mnist`` installs the files: GANNET_DATA=/usr/share/datasets.
    """

    reads_splits: ClassVar[bool] = True
    split: Literal["train", "test"] = "train"
    """``train`` has 60,000 images, ``test`` 10,000."""

    def held_out_split(self) -> str:
        """The published test images."""
        return "test"

    def read(self, progress: Progress) -> UndecodedImages:
        """The images with their ten classes."""
        return read_named("fashion-mnist", "zalando-datasets/fashion_mnist", self.split, CLASS_NAMES, progress)
