"""Shards: tar files of images with a manifest and an index, read image by image without loading a whole shard."""

from __future__ import annotations

import json
import os
import re
import stat
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b, file_digest
from io import BytesIO
from pathlib import Path
from typing import Annotated

import numpy as np
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from gannet.data.archives import MAX_MEMBER_BYTES
from gannet.data.decode import MAX_PIXELS, BadImage
from gannet.data.digest import digest
from gannet.data.folder_structure import SPLIT_OF
from gannet.data.listing import is_ignored, is_image_name
from gannet.errors import UserError, in_shell
from gannet.files import MAX_JSON_BYTES, open_regular, read_regular, written_whole

MANIFEST, INDEX = "manifest.json", "index.npy"
VERSION = 1
FORMAT = b'"gannet-shards"'
"""In the first bytes of a manifest."""
NUM_FIRST_BYTES = 200
LARGEST_BYTES = 2**62
"""No file is larger; sums of sizes stay 64-bit integers."""
READ_AHEAD_BYTES = 2**30
"""More could displace what other programs use; those shards are read image by image."""
RECORD = np.dtype([("offset", "<u8"), ("size", "<u4"), ("crc32", "<u4"), ("label", "<i4")])
"""What the index holds of every image: where its bytes are in the shard, their CRC-32, and its class (-1 if none)."""


def _stays_below(name: str) -> str:
    if any(part.startswith(".") for part in name.split("/")):
        raise ValueError("leads out of the folder, or is hidden")
    return name


def _is_drawn(channels: int) -> int:
    if channels not in (1, 3, 4):
        raise ValueError("images have 1, 3 or 4 channels")
    return channels


class Shard(BaseModel):
    """One tar file."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    file: Annotated[str, Field(pattern=r"^[^/\\\x00]+(/[^/\\\x00]+)?$"), AfterValidator(_stays_below)]
    """Relative to the folder of the manifest."""
    split: str = Field(pattern=r"^[^/\\\x00-\x1f\x7f]{1,100}$")
    """``train``, ``test`` or ``val``."""
    samples: int = Field(ge=0)
    bytes: int = Field(ge=0)
    hash: str
    """BLAKE2b of the file, 16 bytes in hexadecimal digits."""


class Manifest(BaseModel):
    """What a folder of shards holds: ``manifest.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    format: str = "gannet-shards"
    version: int = VERSION
    complete: bool = False
    """False while the shards are written."""
    source: dict[str, JsonValue]
    """What the shards were made from; another source is never written into the same folder."""
    width: Annotated[int, Field(ge=1, le=MAX_PIXELS)] | None = None
    """Of all images in pixels; None if they differ."""
    height: Annotated[int, Field(ge=1, le=MAX_PIXELS)] | None = None
    channels: Annotated[int, AfterValidator(_is_drawn)] = 3
    """1 if all images are grey, 4 with opacity, else 3."""
    deep: bool = False
    """Whether images have more than 8 bits."""
    classes: tuple[str, ...] = ()
    """In label order."""
    class_counts: dict[str, tuple[int, ...]] = {}
    """Split -> images of every class; without the splits whose images have no classes."""
    bad: tuple[str, ...] = ()
    """Images that cannot be used, with the reason."""
    notes: tuple[str, ...] = ()
    index_hash: str = ""
    """BLAKE2b of the index."""
    content_hash: str = ""
    """Digest of the shards' hashes and of the classes."""
    shards: tuple[Shard, ...] = ()

    def completed(self, index: np.ndarray) -> Manifest:
        """The manifest of finished shards, with the counts and hashes that follow from them and from their index."""
        index_hash = blake2b(npy_bytes(index), digest_size=16).hexdigest()
        return self.model_copy(update=self._following(index) | {"index_hash": index_hash})

    def fits(self, index: np.ndarray) -> bool:
        """Whether an index has a place within its shard, a size and a class for every image, and the counts and the
        content hash follow from it: what a damaged or hostile folder announces is never believed.
        """
        if index.dtype != RECORD or index.shape != (sum(shard.samples for shard in self.shards),):
            return False
        ends = np.repeat([min(shard.bytes, LARGEST_BYTES) for shard in self.shards], [s.samples for s in self.shards])
        size, label = index["size"].astype(np.uint64), index["label"]
        is_inside = (index["offset"] <= ends) & (size <= ends - np.minimum(index["offset"], ends))
        if not (is_inside.all() and (size <= MAX_MEMBER_BYTES).all() and (label >= -1).all()):
            return False
        return bool((label < len(self.classes)).all()) and all(
            getattr(self, name) == value for name, value in self._following(index).items()
        )

    def _following(self, index: np.ndarray) -> dict[str, object]:
        """What follows from the shards and their index, when they are finished."""
        counts = {}
        for split in dict.fromkeys(shard.split for shard in self.shards):
            parts = []
            start = 0
            for shard in self.shards:
                if shard.split == split:
                    parts.append(index["label"][start : start + shard.samples])
                start += shard.samples
            labels = np.concatenate(parts)
            if self.classes and (labels >= 0).all():
                counts[split] = tuple(np.bincount(labels, minlength=len(self.classes)).tolist())
        contents = [(shard.split, shard.hash) for shard in self.shards]
        return {"complete": True, "class_counts": counts, "content_hash": digest(contents, self.classes)}


@dataclass(frozen=True)
class ShardFolder:
    """Finished shards: the manifest, and the index of all their images in the order of the shards."""

    path: Path
    manifest: Manifest
    index: np.ndarray
    """(N,) of :data:`RECORD`; memory-mapped."""

    @property
    def splits(self) -> tuple[str, ...]:
        """Names of the splits, in the order of the shards."""
        return tuple(dict.fromkeys(shard.split for shard in self.manifest.shards))

    @cached_property
    def starts(self) -> np.ndarray:
        """(S + 1,) int64 number of the first image of every shard, and the number of images."""
        return np.concatenate([[0], np.cumsum([shard.samples for shard in self.manifest.shards])]).astype(np.int64)

    @property
    def advice(self) -> str:
        """What to do about an image that cannot be used."""
        without = in_shell("gannet", "data", "prepare", self.path, "-o", "NEW", "data.on_bad=skip")
        return f"{RESTORE} To leave the image out: {without}."

    def missing(self) -> list[str]:
        """One sentence for every shard that is missing or does not have the size that it was written with."""
        return [problem for shard in self.manifest.shards if (problem := problem_of(self.path, shard))]

    def name(self, row: int) -> str:
        """The image's name in error messages."""
        shard = self._shard_of(row)
        return f"{self.path}: image {row - int(self.starts[shard])} of the shard {self.manifest.shards[shard].file}"

    def read(self, row: int) -> bytes:
        """The file of one image.

        Raises:
            BadImage: its shard is missing, truncated or damaged.
        """
        record = self.index[row]
        try:
            with open_regular(self.path / self.manifest.shards[self._shard_of(row)].file) as file:
                blob = os.pread(file.fileno(), int(record["size"]), int(record["offset"]))
        except OSError as error:
            raise BadImage(f"the shard cannot be read ({error.strerror or error})") from None
        if zlib.crc32(blob) != record["crc32"]:
            raise BadImage("its bytes are not those that were written")
        return blob

    def _shard_of(self, row: int) -> int:
        return int(np.searchsorted(self.starts, row, side="right")) - 1

    def read_ahead(self, shards: Sequence[int]) -> None:
        """Let the operating system read these shards, up to 1 GiB, into its file cache in the background."""
        if not hasattr(os, "posix_fadvise"):
            return
        ends = np.cumsum([self.manifest.shards[shard].bytes for shard in shards])
        for shard in shards[: int(np.searchsorted(ends, READ_AHEAD_BYTES, side="right"))]:
            with suppress(OSError), open_regular(self.path / self.manifest.shards[shard].file) as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)  # a failure is reported by read


RESTORE = "Copy the shard again, or repeat the `gannet data prepare` that wrote it."


def opened_shards(path: Path) -> ShardFolder | None:
    """The shards that ``gannet data prepare`` wrote at ``path``; None if there is no manifest.

    Raises:
        UserError: they are unfinished, or the manifest or the index is damaged.
    """
    manifest = read_manifest(path)
    if manifest is None:
        return None
    if not manifest.complete:
        raise UserError(
            f"{path} is unfinished: it holds {len(manifest.shards)} shards so far. Repeat the `gannet data prepare` "
            "that writes it, which continues."
        )
    index = read_index(path / INDEX, manifest)
    if index is None:
        raise UserError(f"{path / INDEX} is missing or damaged. Copy it again, or write the shards again.")
    return ShardFolder(path, manifest, index)


def has_shards(folder: Path) -> bool:
    """Whether a folder has the manifest of shards, or holds tar files, itself or in folders of splits, and neither
    images nor other folders.
    """
    try:
        with open_regular(folder / MANIFEST) as file:
            if FORMAT in file.read(NUM_FIRST_BYTES):  # another program's manifest.json says something else
                return True
    except OSError:
        pass
    folders, has_tar = _content(folder)
    if folders is None or any(name.casefold() not in SPLIT_OF for name in folders):
        return False
    inside = [_content(folder / name) for name in folders]
    return all(found == [] for found, _ in inside) and (has_tar or any(there for _, there in inside))


def _content(folder: Path) -> tuple[list[str] | None, bool]:
    """Names of the folders in a folder, None if it holds an image; and whether it holds a tar file."""
    folders, has_tar = [], False
    with os.scandir(folder) as entries:
        for entry in entries:
            if is_ignored(entry.name):
                continue
            if entry.is_dir():
                folders.append(entry.name)
            elif is_image_name(entry.name):
                return None, False
            has_tar = has_tar or entry.name.lower().endswith(".tar")
    return folders, has_tar


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest in a folder; None without one.

    Raises:
        UserError: it cannot be read.
    """
    path = folder / MANIFEST
    try:
        text = read_regular(path, MAX_JSON_BYTES)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from None
    if text and FORMAT not in text[:NUM_FIRST_BYTES]:
        return None  # another program's manifest
    try:
        found = Manifest.model_validate(json.loads(text))  # pydantic's reader refuses names that are not UTF-8
    except (ValueError, RecursionError):
        raise UserError(f"{path} is damaged, or is not the manifest of shards; copy it again.") from None
    if found.version != VERSION:
        raise UserError(f"{path} has version {found.version}; this Gannet reads version {VERSION}.")
    return found


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Replace the manifest as a whole."""
    with written_whole(folder / MANIFEST, sync=True) as file:
        file.write(json.dumps(manifest.model_dump(), indent=1).encode())


def npy_bytes(index: np.ndarray) -> bytes:
    """The index as a file."""
    file = BytesIO()
    np.save(file, index, allow_pickle=False)
    return file.getvalue()


def read_index(path: Path, manifest: Manifest) -> np.ndarray | None:
    """The index as a memory map; None if it is missing or not as it was written."""
    try:
        with open_regular(path) as file:
            if file_digest(file, lambda: blake2b(digest_size=16)).hexdigest() != manifest.index_hash:
                return None
        index = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError):
        return None
    return index if manifest.fits(index) else None


def hash_of(path: Path) -> str:
    """BLAKE2b of a file, 16 bytes in hexadecimal digits."""
    with open_regular(path) as file:
        return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()


def shard_names(folder: Path) -> list[str]:
    """The tar files in a folder and in its folders of splits, relative, in the order of names."""
    names = []
    for place in ("", *sorted(name for name in _listed(folder) if name.casefold() in SPLIT_OF)):
        for name in sorted(_listed(folder / place)):
            if name.lower().endswith(".tar") and not name.startswith("."):
                names.append(f"{place}/{name}" if place else name)
    return names


def split_of(name: str) -> str:
    """The split that the name of a shard states (``imagenet-val-0001.tar``); by default train."""
    words = re.split(r"[^a-z]+", name.casefold())
    return next((SPLIT_OF[word] for word in words if word in SPLIT_OF), "train")


def _listed(folder: Path) -> list[str]:
    try:
        return os.listdir(folder)
    except NotADirectoryError:
        return []


def problem_of(folder: Path, shard: Shard) -> str | None:
    """A sentence if a shard is missing or does not have its size; else None."""
    try:
        facts = (folder / shard.file).stat()
    except OSError:
        return f"{folder}: the shard {shard.file} is missing. {RESTORE}"
    size = facts.st_size
    if not stat.S_ISREG(facts.st_mode):
        return f"{folder}: the shard {shard.file} is not a regular file. {RESTORE}"
    if size != shard.bytes:
        return f"{folder}: the shard {shard.file} has {size:,} bytes instead of {shard.bytes:,}. {RESTORE}"
    return None
