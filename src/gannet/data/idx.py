"""IDX files, the format of MNIST."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np

from gannet.data.base import Progress
from gannet.data.digest import digest_arrays
from gannet.data.image_source import ImageSource
from gannet.data.undecoded_images import Classes, ImageArray
from gannet.errors import UserError

IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801
PREFIXES = {"train": ("train",), "test": ("t10k", "test")}


@dataclass(frozen=True, kw_only=True)
class Idx(ImageSource):
    """A folder with IDX files as MNIST has them: ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, plain or
    ``.gz``.

    Format: http://yann.lecun.com/exdb/mnist. Without a label file, the images have no classes.
    """

    path: str
    """Folder with the files."""
    split: Literal["train", "test"] = "train"
    """``test`` reads the files whose names begin with t10k or test."""

    def held_out(self) -> Self | None:
        """The test files of the same folder with all their labels; None if there are none."""
        if self.split == "test" or idx_file(Path(self.path), "test", "images") is None:
            return None
        return replace(self, split="test", labels=None)

    def read(self, progress: Progress) -> ImageArray:
        """The images; classes are named by their numbers."""
        return read_idx(Path(self.path), self.split)


def read_idx(folder: Path, split: str, names: tuple[str, ...] = ()) -> ImageArray:
    """The images and labels of one split.

    Args:
        folder: where the files are.
        split: train or test.
        names: of the classes; if empty, their numbers.

    Raises:
        UserError: a file is missing, truncated or not IDX, or the numbers of images and labels differ.
    """
    images_path, labels_path = idx_file(folder, split, "images"), idx_file(folder, split, "labels")
    if images_path is None:
        raise UserError(
            f"{folder} has no IDX file of {split} images, such as {PREFIXES[split][0]}-images-idx3-ubyte(.gz)."
        )
    pixels = _array(images_path, IMAGES_MAGIC, 3)
    if labels_path is None:
        return ImageArray(str(folder), digest_arrays([pixels]), None, pixels[..., None])
    labels = _array(labels_path, LABELS_MAGIC, 1).astype(np.int64)
    if len(labels) != len(pixels):
        raise UserError(
            f"{labels_path} has {len(labels)} labels, but {images_path.name} has {len(pixels)} images; give files "
            f"that belong together."
        )
    names = names or tuple(str(i) for i in range(int(labels.max(initial=0)) + 1))
    if labels.max(initial=0) >= len(names):
        raise UserError(f"{labels_path} has the label {labels.max()}; expected 0 to {len(names) - 1}.")
    return ImageArray(str(folder), digest_arrays([pixels, labels], names), Classes(labels, names), pixels[..., None])


def idx_file(folder: Path, split: str, what: str) -> Path | None:
    """The file of ``what`` (images or labels) for one split, preferring a plain file to ``.gz``; None if there is
    none.
    """
    if not folder.is_dir():
        return None
    fitting = [p for p in sorted(folder.iterdir()) if _is_idx_name(p.name, split, what) and p.is_file()]
    return next(iter(sorted(fitting, key=lambda p: p.suffix == ".gz")), None)


def _is_idx_name(name: str, split: str, what: str) -> bool:
    return name.startswith(PREFIXES[split]) and what in name and ("idx" in name or "ubyte" in name)


def _array(path: Path, magic: int, num_axes: int) -> np.ndarray:
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            start = file.read(4 + 4 * num_axes)
            if len(start) < 4 or struct.unpack(">I", start[:4])[0] != magic:
                what = "images" if magic == IMAGES_MAGIC else "labels"
                raise UserError(
                    f"{path} is not an IDX file of {what}: it begins with {start[:4].hex() or 'nothing'}, expected "
                    f"{magic:08x}."
                )
            if len(start) < 4 + 4 * num_axes:
                raise UserError(f"{path} is truncated: its header ends after {len(start)} bytes; download it again.")
            shape = struct.unpack(f">{num_axes}I", start[4:])
            expected = int(np.prod(shape, dtype=object))
            body = file.read(expected + 1)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path} is a damaged or truncated .gz file ({error}); download it again.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(body) != expected:
        short = "truncated" if len(body) < expected else "longer than its header says"
        raise UserError(f"{path} is {short}: {' x '.join(map(str, shape))} bytes are announced; download it again.")
    return np.frombuffer(bytearray(body), dtype=np.uint8).reshape(shape)
