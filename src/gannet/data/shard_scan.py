"""WebDataset shards that others wrote: tar files are read once, and their index stays in the cache."""

from __future__ import annotations

import json
import os
import tarfile
import zlib
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gannet.data.archives import MAX_MEMBER_BYTES
from gannet.data.base import Progress
from gannet.data.cache_folder import cache_folder
from gannet.data.class_labels import EMPTY, in_order
from gannet.data.decode import SUFFIXES, BadImage, Header, header
from gannet.data.digest import digest
from gannet.data.shard_files import (
    RECORD,
    Manifest,
    Shard,
    ShardFolder,
    hash_of,
    npy_bytes,
    read_index,
    shard_names,
    split_of,
)
from gannet.errors import UserError
from gannet.files import open_regular, whole_file

LABEL_KEYS = ("label", "class", "cls", "target")
"""Keys of a JSON member that hold the class, unless the user names one."""
CLASS_SUFFIX, JSON_SUFFIX = "cls", "json"
MAX_TEXT_BYTES = 2**20
"""A larger member is not the class or the attributes of one image."""
NUM_NAMED = 5


@dataclass
class Sample:
    """The members of a tar file that share their name up to the first dot."""

    key: str
    image: tuple[int, int] | None = None
    """Offset and size of the first member that is an image."""
    texts: dict[str, tuple[int, int]] = field(default_factory=dict)
    """Suffix -> offset and size of the members ``cls`` and ``json``."""
    others: set[str] = field(default_factory=set)
    """Suffixes of the other members."""


def samples_of(path: Path) -> Iterator[Sample]:
    """The samples of a tar file in stored order; only headers are read.

    Raises:
        UserError: not an uncompressed tar file, or a truncated one.
    """
    current: Sample | None = None
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined]  # the list of all members grows with the shard
                if not member.isreg() or member.sparse is not None:
                    continue
                folder, _, name = member.name.rpartition("/")
                stem, _, suffix = name.partition(".")
                if not stem:
                    continue
                key = _utf8(f"{folder}/{stem}" if folder else stem)
                if current is None or current.key != key:
                    if current is not None:
                        yield current
                    current = Sample(key)
                _add(current, suffix.lower(), (member.offset_data, member.size))
            if current is not None:
                yield current
    except (tarfile.TarError, EOFError, ValueError, OSError) as error:
        raise UserError(
            f"{path} is not a complete, uncompressed tar file ({error}). Copy it again; unpack a compressed one."
        ) from None


def _add(sample: Sample, suffix: str, place: tuple[int, int]) -> None:
    if f".{suffix}" in SUFFIXES and sample.image is None:
        sample.image = place
    elif suffix in (CLASS_SUFFIX, JSON_SUFFIX):
        sample.texts[suffix] = place
    else:
        sample.others.add(suffix)


def scanned_shards(folder: Path, label: str | None, progress: Progress) -> ShardFolder:
    """Index the tar files in a folder, or take the index from the cache if none of them changed.

    Args:
        folder: of tar files, or of folders of splits with tar files.
        label: key of the JSON members that is the class; empty for no classes; None for ``cls`` members, else the
            first of the usual keys.
        progress: called after every shard.

    Raises:
        UserError: no tar files, a damaged tar file, or images with and without a class.
    """
    names = shard_names(folder)
    if odd := [name for name in names if name != _utf8(name)]:
        raise UserError(f"{folder}: the name of {_utf8(odd[0])!r} is not UTF-8; rename this file.")
    facts = [_facts(folder / name) for name in names]
    place = cache_folder() / "manifests" / f"{digest('shards', os.fsdecode(folder.resolve()), label)}.npy"
    made_from = {"files": [list(pair) for pair in zip(names, facts, strict=True)]}
    try:
        kept = Manifest.model_validate_json(place.with_suffix(".json").read_bytes())
        index = read_index(place, kept) if kept.source == made_from else None
    except (OSError, ValueError):
        kept, index = None, None
    if kept is not None and index is not None:
        return ShardFolder(folder, kept, index)
    manifest, index = _scan(folder, names, label, made_from, progress)
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        for path, content in ((place, npy_bytes(index)), (place.with_suffix(".json"), manifest.model_dump_json())):
            with whole_file(path) as file:
                file.write(content if isinstance(content, bytes) else content.encode())
        index = read_index(place, manifest)
    except OSError:
        pass  # the cache is optional; the index stays in memory
    assert index is not None
    return ShardFolder(folder, manifest, index)


def _utf8(name: str) -> str:
    """The name with ? for bytes that are not UTF-8."""
    return name.encode("utf-8", "replace").decode()


def _facts(path: Path) -> list[int]:
    try:
        with open_regular(path) as file:
            found = os.fstat(file.fileno())
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}. Copy it again, or remove it.") from None
    return [found.st_size, found.st_mtime_ns, found.st_ino]


def _scan(
    folder: Path, names: list[str], label: str | None, made_from: dict, progress: Progress
) -> tuple[Manifest, np.ndarray]:
    shards, parts, seen = [], [], _Seen(label)
    progress("reading shards", 0, len(names))
    for number, name in enumerate(names):
        path, before = folder / name, len(seen.codes)
        digest_of_file = hash_of(path)  # it also brings the shard into the file cache
        parts.append(_scan_one(path, name, seen))
        shards.append(
            Shard(
                file=name,
                split=split_of(name),
                samples=len(seen.codes) - before,
                bytes=path.stat().st_size,
                hash=digest_of_file,
            )
        )
        progress("reading shards", number + 1, len(names))
    index = np.concatenate(parts) if parts else np.zeros(0, RECORD)
    classes, index["label"] = seen.classes(folder)
    sizes = seen.sizes
    width, height = next(iter(sizes)) if len(sizes) == 1 else (None, None)
    manifest = Manifest(
        source=made_from,
        width=width,
        height=height,
        channels=1 if seen.grey else 3,
        deep=seen.deep,
        classes=classes,
        bad=tuple(seen.bad),
        notes=tuple(seen.notes(folder)),
        shards=tuple(shards),
    )
    return manifest.completed(index), index


def _scan_one(path: Path, name: str, seen: _Seen) -> np.ndarray:
    records = []
    with open_regular(path) as file:
        descriptor = file.fileno()
        for sample in samples_of(path):
            if sample.image is None:
                seen.without_image += 1
                continue
            offset, size = sample.image
            if size > MAX_MEMBER_BYTES:
                raise UserError(f"{path}: {sample.key} has {size:,} bytes, above {MAX_MEMBER_BYTES:,}; remove it.")
            blob = os.pread(descriptor, size, offset)
            if len(blob) != size:
                raise UserError(f"{path} is truncated: it ends within {sample.key}. Copy it again.")
            records.append((offset, size, zlib.crc32(blob), -1))
            texts = {
                suffix: os.pread(descriptor, min(length, MAX_TEXT_BYTES), start)
                for suffix, (start, length) in sample.texts.items()
            }
            seen.add(f"{name}: {sample.key}", blob, texts, sample.others)
    return np.array(records, dtype=RECORD)


class _Seen:
    """What the images of all shards have in common."""

    def __init__(self, label: str | None) -> None:
        self._label = label
        self._code_of: dict[str | None, int] = {}
        self.codes = array("i")
        self.sizes: set[tuple[int, int]] = set()
        self.grey, self.deep = True, False
        self.bad: list[str] = []
        self._num_bad, self.without_image = 0, 0
        self._others: set[str] = set()

    def add(self, name: str, blob: bytes, texts: dict[str, bytes], others: set[str]) -> None:
        """Note one image."""
        self._others |= others
        self.codes.append(self._code_of.setdefault(self._class(name, texts), len(self._code_of)))
        try:
            found = header(blob)
        except BadImage as problem:
            self.bad.append(f"{name}: {problem}")
            return
        self._note(found)

    def _note(self, found: Header) -> None:
        if len(self.sizes) < 2:
            self.sizes.add((found.width, found.height))
        self.grey &= found.grey
        self.deep |= found.deep

    def _class(self, name: str, texts: dict[str, bytes]) -> str | None:
        if self._label == "":
            return None
        if self._label is None and CLASS_SUFFIX in texts:
            return texts[CLASS_SUFFIX].decode("utf-8", "replace").strip()
        if JSON_SUFFIX not in texts:
            return None
        try:
            found = json.loads(texts[JSON_SUFFIX])
        except (ValueError, RecursionError) as error:
            raise UserError(f"{name}: the member .json is not JSON ({error}).") from None
        if not isinstance(found, dict):
            return None
        keys = LABEL_KEYS if self._label is None else (self._label,)
        value = next((found[key] for key in keys if isinstance(found.get(key), str | int)), None)
        return None if value is None or str(value) in EMPTY else str(value)

    def classes(self, folder: Path) -> tuple[tuple[str, ...], np.ndarray]:
        """Names of the classes, and (N,) the class of every image."""
        codes = np.frombuffer(self.codes, dtype=np.int32) if self.codes else np.zeros(0, np.int32)
        if self._label and set(self._code_of) <= {None}:
            raise UserError(f"{folder}: no JSON member has the key {self._label!r}; leave data.label out.")
        if None in self._code_of:
            count = int((codes == self._code_of[None]).sum())
            if count < len(codes):
                raise UserError(
                    f"{folder}: {count:,} of {len(codes):,} images have no class; set data.label= with nothing behind "
                    "it to ignore the classes."
                )
            return (), np.full(len(codes), -1, np.int32)
        names = [str(name) for name in self._code_of]
        order = in_order(names)
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order))
        return tuple(names[i] for i in order), rank[codes]

    def notes(self, folder: Path) -> list[str]:
        """What the user should know about members that are not read."""
        notes = []
        if self.without_image:
            notes.append(f"{folder}: {self.without_image:,} samples without an image are left out.")
        if self._others:
            named = ", ".join(f".{suffix}" for suffix in sorted(self._others)[:NUM_NAMED])
            notes.append(f"{folder}: of every sample, one image and its class are read; not read: {named}.")
        return notes
