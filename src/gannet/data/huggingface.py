"""Image data sets from the Hugging Face hub, or files saved by its library ``datasets``."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Any, ClassVar
from urllib.parse import urlparse

import numpy as np
from pydantic import Field

from gannet.data.base import Dataset, Progress
from gannet.data.decode import BadImage
from gannet.data.digest import digest_arrays
from gannet.data.folder_structure import split_name
from gannet.data.image_source import ImageSource
from gannet.data.listing import read_file
from gannet.data.sharded_images import ShardedImages
from gannet.data.streamed_parquet import RowGroups
from gannet.data.undecoded_images import Classes, ImageFiles
from gannet.errors import UserError, in_shell

NUM_ROWS_AT_ONCE = 1000
CONNECT_SECONDS = 3.0
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")
NOT_STREAMED = {"classes": None, "test": None, "on_bad": "error", "labels": None}
"""Fields that choose images or hide labels, with their defaults."""
REFERENCE_GROUPS = 16
"""Row groups that the samples for measuring come from when images are streamed."""


@dataclass(frozen=True, kw_only=True)
class Huggingface(ImageSource):
    """Images from the hub by ``owner/name``, or from a local folder or parquet file that the library ``datasets``
    reads.

    The first column of images and the first column of classes, if any, are used. Code that comes with the data is never
    executed.
    """

    reads_splits: ClassVar[bool] = True
    path: str
    """Name on the hub (owner/name), a folder made by save_to_disk, or a .parquet file."""
    split: str = "train"
    """Split of the data set."""
    streaming: bool = False
    """Read Parquet files while training, also from the hub, for sets larger than memory and disk."""
    window: Annotated[int, Field(ge=1, le=10**6)] = 4
    """With streaming: row groups whose images are shuffled together; twice that number is in memory."""

    def open(self, progress: Progress) -> Dataset:
        """Decode the images, or take them from the cache; with ``streaming``, open the files only."""
        return self._streamed(progress) if self.streaming else super().open(progress)

    def _streamed(self, progress: Progress) -> Dataset:
        wrong = [f"data.{name}" for name, default in NOT_STREAMED.items() if getattr(self, name) != default]
        if wrong:
            raise UserError(
                f"{', '.join(wrong)} cannot be used with data.streaming=true. Leave it out, or write shards with "
                f"{in_shell('gannet', 'data', 'prepare')}."
            )
        split = split_name(self.split)
        groups = RowGroups(Path(self.path), _parquet_files(self.path, self.split), split, 2 * self.window, progress)
        reading, frame, count = groups.frame(self.choice())
        dataset = ShardedImages(
            groups, split, frame, reading, window=self.window, flip=self.flip, reference_shards=REFERENCE_GROUPS
        )
        if (dataset.size or 0) < 2:
            raise UserError(
                f"{self.path}: the split {self.split} has too few images ({dataset.size}); at least 2 are needed."
            )
        dataset.notes = (
            f"{self.path}: images become {frame.width} x {frame.height} with {frame.channels} channels, by the first "
            f"{count} images; data.size and data.channels set others.",
        )
        return dataset

    def read(self, progress: Progress) -> ImageFiles:
        """Download the data set, unless it is in the cache, and read its columns."""
        return read_hub(self.path, self.split, progress)


def read_hub(path: str, split: str, progress: Progress) -> ImageFiles:
    """The encoded images of one split.

    Raises:
        UserError: the hub is not reachable, an unknown data set or split, no column of images, or images without a
        label.
    """
    from datasets import Image

    progress(f"downloading {path}", 0, 1)
    rows = _loaded(path, split)
    progress(f"downloading {path}", 1, 1)
    column = image_column(rows, path)
    encoded = rows.select_columns([column]).cast_column(column, Image(decode=False))

    def read(row: int) -> bytes:
        return _bytes(encoded[row][column])

    try:
        classes = classes_of(rows, path)
        hasher = blake2b(digest_size=16)
        for start in range(0, len(rows), NUM_ROWS_AT_ONCE):
            progress("reading files", start, len(rows))
            for cell in encoded[start : start + NUM_ROWS_AT_ONCE][column]:
                hasher.update(_hash_of(cell))
    except UnicodeDecodeError as error:
        raise UserError(f"{path!r} has a text that is not UTF-8 ({error.reason}): save the data set again.") from None
    labels, class_names = (None, ()) if classes is None else (classes.labels, classes.names)
    return ImageFiles(
        path,
        digest_arrays([labels], hasher.hexdigest(), class_names),
        classes,
        [f"row {row}" for row in range(len(rows))],
        read,
    )


def _loaded(path: str, split: str) -> Any:
    from datasets import Dataset as Rows
    from datasets import DatasetDict, load_dataset, load_from_disk
    from datasets.utils import disable_progress_bars

    disable_progress_bars()
    local = Path(path)
    try:
        if local.suffix == ".parquet" and local.is_file():
            return load_dataset("parquet", data_files={split: str(local)}, split=split)
        if (local / "state.json").is_file() or (local / "dataset_dict.json").is_file():
            found = load_from_disk(path)
            rows = found[split] if isinstance(found, DatasetDict) else found
            # The file is mapped into memory: one with wrong offsets would end the process with a bus error.
            rows.data.table.validate(full=True)
            return rows
        with _offline_where_unreachable(not local.exists()):
            found = load_dataset(path, split=split)
    except Exception as error:  # the library raises its own types and those of HTTP, arrow and the file system
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UserError(
            f"The Hugging Face set {path!r}, split {split!r}, cannot be loaded: {reason.rstrip('.')}. {_advice(local)}"
        ) from None
    assert isinstance(found, Rows)
    return found


def _advice(local: Path) -> str:
    if local.exists():
        return "Give a folder made by save_to_disk, a .parquet file, or a folder of images."
    return (
        "Check the name (owner/name), the split and the network; without a network, give a local folder, zip or "
        "parquet file."
    )


def _parquet_files(path: str, split: str) -> list[str]:
    """Paths or addresses of the Parquet files of a split.

    Raises:
        UserError: the set is not reachable, has no such split, or is not stored as Parquet files.
    """
    from datasets import load_dataset_builder

    local = Path(path)
    if local.suffix == ".parquet" and local.is_file():
        return [str(local)]
    try:
        with _offline_where_unreachable(not local.exists()):
            found = load_dataset_builder(path).config.data_files or {}
    except Exception as error:  # as above
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UserError(
            f"The Hugging Face set {path!r} cannot be opened: {reason.rstrip('.')}. {_advice(local)}"
        ) from None
    files = [str(file) for file in found.get(split, ())]
    if not files:
        named = f"its splits are {', '.join(map(str, found))}" if found else "it lists no files"
        raise UserError(f"The Hugging Face set {path!r} has no files of the split {split!r}; {named}.")
    if others := [file for file in files if not file.endswith(".parquet")]:
        raise UserError(
            f"The Hugging Face set {path!r} is not stored as Parquet files ({Path(others[0]).name}); leave "
            "data.streaming out."
        )
    return files


@contextmanager
def _offline_where_unreachable(remote: bool) -> Iterator[None]:
    """Set offline mode if the hub is not reachable: else the library retries for half a minute before it uses its
    cache.
    """
    from datasets import config
    from huggingface_hub import constants

    if not remote or _reachable(os.environ.get("HF_ENDPOINT", "https://huggingface.co")):
        yield
        return
    before = config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE
    config.HF_HUB_OFFLINE = constants.HF_HUB_OFFLINE = True
    try:
        yield
    finally:
        config.HF_HUB_OFFLINE, constants.HF_HUB_OFFLINE = before


def _reachable(address: str) -> bool:
    if any(os.environ.get(name) for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")):
        return True  # only the proxy can tell
    parts = urlparse(address)
    try:
        socket.create_connection(
            (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)), CONNECT_SECONDS
        ).close()
    except OSError:
        return False
    return True


def image_column(rows: Any, path: str) -> str:
    """Name of the first column of images.

    Args:
        rows: its ``features`` are those of the library ``datasets``.
        path: what the user typed.
    """
    from datasets import Image

    typed = [name for name, feature in rows.features.items() if isinstance(feature, Image)]
    # Other programs, such as pandas, store the same bytes without the library's type.
    plain = [name for name, feature in rows.features.items() if _holds_bytes(feature)]
    if not typed + plain:
        raise UserError(
            f"{path!r} has no column of images; its columns are {', '.join(rows.features)}. A column of images "
            "holds the bytes of files."
        )
    return (typed + plain)[0]


def _holds_bytes(feature: Any) -> bool:
    stored = feature.get("bytes") if isinstance(feature, dict) else feature
    return getattr(stored, "dtype", "") in ("binary", "large_binary")


def classes_of(rows: Any, path: str) -> Classes | None:
    """The classes of all rows, by the first column of classes; None without one.

    Args:
        rows: its ``features`` are those of the library ``datasets``; ``rows[name]`` are the values of a column.
        path: what the user typed.
    """
    from datasets import ClassLabel

    features = rows.features
    typed = [name for name, feature in features.items() if isinstance(feature, ClassLabel)]
    named = [
        name
        for name in LABEL_COLUMNS
        if name in features and str(getattr(features[name], "dtype", "")).startswith(("int", "uint", "string"))
    ]
    column = next(iter(typed + named), None)
    if column is None:
        return None
    values = np.asarray([-1 if value is None else value for value in rows[column]])
    if column in typed:
        class_names, labels = tuple(features[column].names), values.astype(np.int64)
        if labels.max(initial=-1) >= len(class_names):
            raise UserError(
                f"The Hugging Face set {path!r} has the label {labels.max()}, but its column {column!r} has "
                f"{len(class_names)} classes: it is damaged."
            )
    elif values.dtype.kind in "iu" and values.min(initial=0) < 0:
        class_names, labels = (), values
    else:
        found, labels = np.unique(values, return_inverse=True)
        class_names = tuple(str(value) for value in found)
    if (labels < 0).all():
        return None  # on the hub, -1 everywhere means that the labels are withheld
    if (labels < 0).any():
        raise UserError(
            f"The Hugging Face set {path!r} has {int((labels < 0).sum())} images without a label; choose another split."
        )
    return Classes(labels.astype(np.int64), class_names)


def _bytes(cell: Any) -> bytes:
    if not cell:
        raise BadImage("the cell is empty")
    # A data set of somebody else may name a pipe or a device, which would never end.
    return cell["bytes"] if cell["bytes"] is not None else read_file(Path(cell["path"]))


def _hash_of(cell: Any) -> bytes:
    try:
        return blake2b(_bytes(cell), digest_size=16).digest()
    except (BadImage, OSError):
        return b"unreadable"  # reported later, together with the other bad images
