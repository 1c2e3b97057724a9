"""Image data sets from the Hugging Face hub, or files saved by its library ``datasets``."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlparse

import numpy as np

from gannet.data.base import Progress
from gannet.data.decode import BadImage
from gannet.data.digest import digest_arrays
from gannet.data.image_source import ImageSource
from gannet.data.undecoded_images import Classes, ImageFiles
from gannet.errors import UserError

NUM_ROWS_AT_ONCE = 1000
CONNECT_SECONDS = 3.0
LABEL_COLUMNS = ("label", "labels", "fine_label", "class", "target")


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
    column = _image_column(rows, path)
    encoded = rows.select_columns([column]).cast_column(column, Image(decode=False))

    def read(row: int) -> bytes:
        return _bytes(encoded[row][column])

    classes = _classes(rows, path)
    hasher = blake2b(digest_size=16)
    for start in range(0, len(rows), NUM_ROWS_AT_ONCE):
        progress("reading files", start, len(rows))
        for cell in encoded[start : start + NUM_ROWS_AT_ONCE][column]:
            hasher.update(_hash_of(cell))
    labels, class_names = (None, ()) if classes is None else (classes.labels, classes.names)
    return ImageFiles(
        path,
        digest_arrays([labels], hasher.hexdigest(), class_names),
        classes,
        [f"row {row}" for row in range(len(rows))],
        read,
    )


def _loaded(path: str, split: str) -> Any:
    from datasets import Dataset, DatasetDict, load_dataset, load_from_disk
    from datasets.utils import disable_progress_bars

    disable_progress_bars()
    local = Path(path)
    try:
        if local.suffix == ".parquet" and local.is_file():
            return load_dataset("parquet", data_files={split: str(local)}, split=split)
        if (local / "state.json").is_file() or (local / "dataset_dict.json").is_file():
            found = load_from_disk(path)
            return found[split] if isinstance(found, DatasetDict) else found
        with _offline_where_unreachable(not local.exists()):
            found = load_dataset(path, split=split)
    except Exception as error:  # the library raises its own types and those of HTTP, arrow and the file system
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise UserError(
            f"The Hugging Face set {path!r}, split {split!r}, cannot be loaded: {reason.rstrip('.')}. {_advice(local)}"
        ) from None
    assert isinstance(found, Dataset)
    return found


def _advice(local: Path) -> str:
    if local.exists():
        return "Give a folder made by save_to_disk, a .parquet file, or a folder of images."
    return (
        "Check the name (owner/name), the split and the network; without a network, give a local folder, zip or "
        "parquet file."
    )


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


def _image_column(rows: Any, path: str) -> str:
    """Name of the first column of images."""
    from datasets import Image

    found = [name for name, feature in rows.features.items() if isinstance(feature, Image)]
    if not found:
        raise UserError(
            f"The Hugging Face set {path!r} has no column of images; its columns are {', '.join(rows.features)}."
        )
    return found[0]


def _classes(rows: Any, path: str) -> Classes | None:
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
    return cell["bytes"] if cell["bytes"] is not None else Path(cell["path"]).read_bytes()


def _hash_of(cell: Any) -> bytes:
    try:
        return blake2b(_bytes(cell), digest_size=16).digest()
    except (BadImage, OSError):
        return b"unreadable"  # reported later, together with the other bad images
