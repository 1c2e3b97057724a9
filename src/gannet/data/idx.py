"""IDX files, the format of MNIST."""

from __future__ import annotations

import gzip
import os
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from gannet.data.base import Progress
from gannet.data.class_labels import require_file_of_labels
from gannet.data.digest import digest_arrays
from gannet.data.image_source import ImageSource
from gannet.data.npz_file import memory_bytes
from gannet.data.undecoded_images import Classes, ImageArray
from gannet.errors import UserError

IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801
SPLIT_WORDS = {"train": ("train",), "test": ("t10k", "test")}
CHUNK_BYTES = 2**24


@dataclass(frozen=True, kw_only=True)
class Idx(ImageSource):
    """IDX files as MNIST, EMNIST and KMNIST have them: ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``, plain
    or ``.gz``.

    Format: http://yann.lecun.com/exdb/mnist. Without a label file, the images have no classes. Classes are the labels
    that occur. Images of EMNIST, which are stored transposed, are turned upright.
    """

    reads_splits: ClassVar[bool] = True
    path: str
    """Folder with the files, or the file of images if the folder has several."""
    split: Literal["train", "test"] = "train"
    """``test`` reads the files whose names contain t10k or test."""

    def held_out_split(self) -> str | None:
        """``test``, if there are such files."""
        return None if idx_file(Path(self.path), "test", "images") is None else "test"

    def read(self, progress: Progress) -> ImageArray:
        """The images; classes are named by their numbers."""
        return read_idx(Path(self.path), self.split)


def read_idx(place: Path, split: str, names: tuple[str, ...] = ()) -> ImageArray:
    """The images and labels of one split.

    Args:
        place: the folder of the files, or a file of images.
        split: train or test.
        names: of the classes; if empty, the label numbers that occur in either split.

    Raises:
        UserError: a file is missing, truncated or not IDX, or the numbers of images and labels differ.
    """
    images_path, labels_path = idx_file(place, split, "images"), idx_file(place, split, "labels")
    if images_path is None:
        raise UserError(
            f"{place} has no IDX file of {split} images, such as {SPLIT_WORDS[split][0]}-images-idx3-ubyte(.gz)."
        )
    pixels = _array(images_path, IMAGES_MAGIC, 3)
    notes = ()
    if images_path.name.startswith("emnist"):
        pixels = np.ascontiguousarray(pixels.transpose(0, 2, 1))
        notes = (f"{images_path}: EMNIST stores images transposed; they are turned upright.",)
    if labels_path is None:
        return ImageArray(str(place), digest_arrays([pixels]), None, pixels[..., None], notes=notes)
    labels = _array(labels_path, LABELS_MAGIC, 1).astype(np.int64)
    if len(labels) != len(pixels):
        raise UserError(
            f"{labels_path} has {len(labels)} labels, but {images_path.name} has {len(pixels)} images; give files "
            f"that belong together."
        )
    if names and labels.max(initial=0) >= len(names):
        raise UserError(f"{labels_path} has the label {labels.max()}; expected 0 to {len(names) - 1}.")
    classes = Classes(labels, names) if names else _numbered(labels, place, split)
    return ImageArray(
        str(place), digest_arrays([pixels, classes.labels], classes.names), classes, pixels[..., None], notes=notes
    )


def _numbered(labels: np.ndarray, place: Path, split: str) -> Classes:
    """Classes named by the labels that occur, in this split or in the other, so that numbers mean the same in both."""
    other = idx_file(place, "train" if split == "test" else "test", "labels")
    everywhere = labels if other is None else np.concatenate([labels, _array(other, LABELS_MAGIC, 1)])
    values = np.unique(everywhere)
    return Classes(np.searchsorted(values, labels).astype(np.int64), tuple(map(str, values.tolist())))


def idx_file(place: Path, split: str, what: str) -> Path | None:
    """The file of ``what`` (images or labels) for one split, preferring a plain file to ``.gz``; None if there is
    none.

    Args:
        place: a folder, or a file of images, whose name then says which of several sets in its folder is meant.
        split: train or test.
        what: images or labels.

    Raises:
        UserError: the folder has several such files, as that of EMNIST has; or what has the name of the labels is no
            file.
    """
    if place.is_file():
        wanted, folder = _set_of(place.name), place.parent
    elif place.is_dir():
        wanted, folder = None, place
    else:
        return None
    names = sorted(name for name in os.listdir(folder) if _is_idx_name(name, split, what))
    names = [name for name in names if wanted in (None, _set_of(name))]
    sets = {_set_of(name) for name in names}
    if len(sets) > 1:
        raise UserError(f"{place} has several sets of IDX files; give one file of images, such as {folder / names[0]}.")
    files = [folder / name for name in names if (folder / name).is_file()]
    if names and not files and what == "labels":
        require_file_of_labels(folder / names[0])
    return next(iter(sorted(files, key=lambda path: path.suffix == ".gz")), None)


def is_idx_name(name: str) -> bool:
    """Whether a file has a name of IDX images."""
    return any(_is_idx_name(name, split, "images") for split in SPLIT_WORDS)


def _set_of(name: str) -> str:
    """What the names of the files of one set share: ``emnist-letters``, or nothing."""
    return re.split(r"(?:^|[-_.])(?:train|t10k|test)[-_.]", name, maxsplit=1)[0]


def _is_idx_name(name: str, split: str, what: str) -> bool:
    if what not in name or not ("idx" in name or "ubyte" in name):
        return False
    return re.search(rf"(?:^|[-_.])(?:{'|'.join(SPLIT_WORDS[split])})(?:[-_.]|$)", name) is not None


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
            body = _read_at_most(path, file, expected)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise UserError(f"{path} is a damaged or truncated .gz file ({error}); download it again.") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror or error}.") from None
    if len(body) != expected:
        short = "truncated" if len(body) < expected else "longer than its header says"
        raise UserError(f"{path} is {short}: {' x '.join(map(str, shape))} bytes are announced; download it again.")
    try:
        return np.frombuffer(body, dtype=np.uint8).reshape(shape)
    except ValueError:  # one size is 0, and the others are too large for an array
        raise UserError(f"{path} is empty: {' x '.join(map(str, shape))} bytes are announced.") from None


def _read_at_most(path: Path, file: Any, expected: int) -> bytearray:
    """Up to one byte more than announced; memory grows with what is there, not with what the header announces."""
    if expected > memory_bytes():
        raise UserError(f"{path} announces {expected:,} bytes, more than this machine's memory.")
    body = bytearray()
    while len(body) <= expected and (block := file.read(min(CHUNK_BYTES, expected + 1 - len(body)))):
        body += block
    return body
