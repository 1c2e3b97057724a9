"""Write images as shards: ``gannet data prepare``."""

from __future__ import annotations

import os
import re
import tarfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields, replace
from io import BytesIO
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image

from gannet.data.base import Progress, Source
from gannet.data.cache import Choice, frame_of
from gannet.data.decode import VERSION as DECODE_VERSION
from gannet.data.decode import Reading
from gannet.data.digest import digest
from gannet.data.fitting import Frame, fitted
from gannet.data.image_source import ImageSource
from gannet.data.selection import of_rows, select, split_rows
from gannet.data.shard_files import (
    INDEX,
    RECORD,
    Manifest,
    Shard,
    hash_of,
    npy_bytes,
    problem_of,
    read_index,
    read_manifest,
    write_manifest,
)
from gannet.data.shard_scan import samples_of
from gannet.data.undecoded_images import Classes, UndecodedImages, for_every, refuse_bad, refuse_many
from gannet.errors import UserError, counted
from gannet.files import open_regular, written_whole
from gannet.seeding import numpy_rng

NUM_AT_ONCE = 256
"""Images that are decoded together."""
COMPRESS_LEVEL = 1
"""Of PNG files: 4 times as fast as the default and about a tenth larger."""
NOT_WRITTEN = {"flip": "it mirrors batches of training", "labels": "it hides labels in training"}
"""Fields that shards cannot hold, and why."""


@dataclass(frozen=True)
class Prepared:
    """What a folder of shards holds after :func:`prepare`."""

    manifest: Manifest
    num_written: int
    """Shards that this call wrote; the others were there."""


@dataclass(frozen=True)
class _Part:
    """One split: the images to write, in the order of writing."""

    split: str
    images: UndecodedImages
    rows: np.ndarray
    classes: Classes | None

    def label(self, place: int) -> int:
        """The class of an image, -1 without classes."""
        return -1 if self.classes is None else int(self.classes.labels[place])


def prepare(source: Source, out: Path, *, shard_bytes: int, progress: Progress) -> Prepared:
    """Write the images of ``source``, and of its held-out split, as shards into the folder ``out``.

    Images have the pixels that training from ``source`` sees; they are stored as PNG, with their class as a ``cls``
    member, in an order shuffled once with a fixed seed. Every file is complete or absent. The manifest lists the
    shards that are finished and is marked as complete at the end. A repeated call keeps those whose hash is right and
    writes the others.

    Raises:
        UserError: not images, images that cannot be used, or ``out`` holds something else.
    """
    if not isinstance(source, ImageSource):
        raise UserError(
            f"{type(source).__name__} cannot be written as shards, which hold stored images. Train from it directly."
        )
    _refuse_unwritten(source)
    begun = _begun(out)
    parts, choice = _parts(source, progress)
    made_from = {
        "content_hash": digest(*(part.images.content_hash for part in parts), DECODE_VERSION),
        "keys": {name: value for name, value in asdict(source).items() if name not in ("path", "on_bad")},
        "shard_bytes": shard_bytes,
    }
    if begun is not None and begun.source != made_from:
        raise UserError(f"{out} holds shards of other data, or with other keys. Choose another folder with -o.")
    if begun is not None and begun.complete and _is_whole(out, begun):
        return Prepared(begun, 0)
    reading, frame, _ = frame_of(parts[0].images, choice, progress)
    classes = parts[0].classes
    notes = ("The captions were left out: shards hold images and classes.",) if source.has_captions else ()
    manifest = Manifest(
        source=made_from,
        shards=() if begun is None else begun.shards,
        notes=notes,
        width=frame.width,
        height=frame.height,
        channels=frame.channels,
        classes=() if classes is None else classes.names,
    )
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"Cannot write {out}: {error.strerror}. Choose another folder with -o.") from None
    writer = _Writer(out, manifest, reading, frame, choice.skip_bad, progress)
    for part in parts:
        writer.write(part, shard_bytes)
    return writer.finished()


def _refuse_unwritten(source: ImageSource) -> None:
    wrong = [
        f"data.{field.name} cannot be prepared: {NOT_WRITTEN[field.name]}. Leave it out."
        for field in fields(source)
        if field.name in NOT_WRITTEN and getattr(source, field.name) != field.default
    ]
    if getattr(source, "inputs", None) is not None:
        wrong.append("data.inputs cannot be prepared: shards hold single images. Leave it out.")
    if wrong:
        raise UserError(*wrong)


def _begun(out: Path) -> Manifest | None:
    """The manifest of an earlier call; None if the folder is new or empty."""
    if out.exists() and not out.is_dir():
        raise UserError(f"{out} is a file; choose a folder with -o.")
    found = read_manifest(out)
    if found is None and out.is_dir() and any(not name.name.startswith(".") for name in out.iterdir()):
        raise UserError(f"{out} holds other files. Choose a new folder with -o.")
    return found


def _parts(source: ImageSource, progress: Progress) -> tuple[list[_Part], Choice]:
    """The training images, and the held-out ones, if any."""
    parts = []
    held_out = source.held_out()
    for one, split in ((source, source.split or "train"), *([] if held_out is None else [(held_out, held_out.split)])):
        base = replace(one, split="train", test=None) if one.test is not None and one.reads_splits else one
        images = base.read(progress)
        chosen = None if one.reads_splits and not one.test else one.split
        rows = split_rows(images, chosen, one.test, progress)
        rows, classes = select(images.origin, rows, of_rows(images.classes, rows), one.classes)
        if len(rows) < 2:
            raise UserError(f"{images.origin}: found {counted(len(rows), 'image')} of {split}; at least 2 are needed.")
        order = numpy_rng(0, "shards", split or "").permutation(len(rows))
        if classes is not None:
            classes = Classes(classes.labels[order], classes.names)
        parts.append(_Part(split or "train", images, rows[order], classes))
    return parts, source.choice()


def _is_whole(out: Path, manifest: Manifest) -> bool:
    """Whether all files are there and as they were written."""
    return read_index(out / INDEX, manifest) is not None and all(_is_intact(out, shard) for shard in manifest.shards)


def _is_intact(out: Path, shard: Shard) -> bool:
    return problem_of(out, shard) is None and hash_of(out / shard.file) == shard.hash


class _Writer:
    """Writes shards one after the other, or keeps those that an earlier call has finished.

    Args:
        out: the folder.
        manifest: of an earlier call, or a new one without shards.
        reading: how stored levels become bytes.
        frame: size and channels.
        skip_bad: leave out images that cannot be used.
        progress: called as images are written.
    """

    def __init__(
        self, out: Path, manifest: Manifest, reading: Reading, frame: Frame, skip_bad: bool, progress: Progress
    ) -> None:
        self._out, self._reading, self._frame = out, reading, frame
        self._skip_bad, self._progress = skip_bad, progress
        self._kept = {shard.file: shard for shard in manifest.shards}
        self._manifest = manifest.model_copy(update={"shards": (), "complete": False})
        self._index: list[np.ndarray] = []
        self._num_written, self._num_asked = 0, 0

    def write(self, part: _Part, shard_bytes: int) -> None:
        """Write the shards of one split. The name of a sample is its place in the order of writing."""
        place, number, images = 0, 0, _Images(part, self._reading, self._frame, self._skip_bad, self._progress)
        while place < len(part.rows):
            name = f"{part.split}-{number:06d}.tar"
            found = self._kept.get(name)
            kept = self._keep(found, part, place) if found is not None and _is_intact(self._out, found) else None
            place = self._write_one(name, part, images.begin(place), shard_bytes) if kept is None else kept
            number += 1
        self._num_asked += len(part.rows)

    def finished(self) -> Prepared:
        """Write the index and complete the manifest."""
        index = np.concatenate(self._index)
        left_out, notes = self._num_asked - len(index), list(self._manifest.notes)
        if left_out:
            notes.append(f"{left_out} of {self._num_asked} images were left out, because they cannot be used.")
        manifest = self._manifest.model_copy(update={"notes": tuple(notes)}).completed(index)
        with written_whole(self._out / INDEX, sync=True) as file:
            file.write(npy_bytes(index))
        write_manifest(self._out, manifest)
        return Prepared(manifest, self._num_written)

    def _keep(self, shard: Shard, part: _Part, place: int) -> int | None:
        """Index a finished shard; the place after its last image. None if it is not one that this writer makes."""
        records = []
        with open_regular(self._out / shard.file) as file:
            for sample in samples_of(self._out / shard.file):
                number = int(sample.key) if re.fullmatch(r"\d{9,12}", sample.key, re.ASCII) else -1
                if sample.image is None or not place <= number < len(part.rows):
                    return None
                offset, size = sample.image
                crc32 = zlib.crc32(os.pread(file.fileno(), min(size, shard.bytes), offset))
                records.append((offset, size, crc32, part.label(number)))
                place = number + 1
        if len(records) != shard.samples:
            return None
        self._add(shard, np.array(records, dtype=RECORD))
        return place

    def _write_one(self, name: str, part: _Part, images: _Images, shard_bytes: int) -> int:
        """Write one shard; the place after its last image."""
        records = []
        if images.next is None:
            return images.place
        with (
            written_whole(self._out / name, sync=True) as file,
            tarfile.open(fileobj=file, mode="w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            while images.next is not None and (not records or file.tell() < shard_bytes):
                place, blob = images.place, images.next
                label = part.label(place)
                if label >= 0:
                    _add(archive, file, f"{place:09d}.cls", str(label).encode())
                offset = _add(archive, file, f"{place:09d}.png", blob)
                records.append((offset, len(blob), zlib.crc32(blob), label))
                images.advance()
        path = self._out / name
        shard = Shard(file=name, split=part.split, samples=len(records), bytes=path.stat().st_size, hash=hash_of(path))
        self._add(shard, np.array(records, dtype=RECORD))
        self._num_written += 1
        write_manifest(self._out, self._manifest)
        return images.place

    def _add(self, shard: Shard, index: np.ndarray) -> None:
        self._index.append(index)
        self._manifest = self._manifest.model_copy(update={"shards": (*self._manifest.shards, shard)})


class _Images:
    """The PNG files of a split one after the other; many are made at once."""

    def __init__(self, part: _Part, reading: Reading, frame: Frame, skip_bad: bool, progress: Progress) -> None:
        self._part, self._reading, self._frame = part, reading, frame
        self._skip_bad, self._progress = skip_bad, progress
        self._problems: list[tuple[int, str]] = []
        self._ready: Iterator[tuple[int, bytes]] | None = None
        self.place = 0
        self.next: bytes | None = None

    def begin(self, place: int) -> _Images:
        """Go to the first usable image from ``place`` on."""
        if self._ready is None or self.place != place:
            self._ready = self._from(place)
            self.advance()
        return self

    def advance(self) -> None:
        """Go to the next usable image; ``next`` is None after the last."""
        assert self._ready is not None
        self.place, self.next = next(self._ready, (len(self._part.rows), None))

    def _from(self, first: int) -> Iterator[tuple[int, bytes]]:
        images, rows = self._part.images, self._part.rows
        refuse = refuse_many if self._skip_bad else refuse_bad
        for start in range(first, len(rows), NUM_AT_ONCE):
            chunk = rows[start : start + NUM_AT_ONCE]

            def shown(_: str, done: int, __: int, start: int = start) -> None:
                self._progress(f"writing {self._part.split} images", start + done, len(rows))

            def one(index: int, chunk: np.ndarray = chunk) -> bytes:
                return _png(fitted(images.image(int(chunk[index]), self._reading), self._frame))

            blobs, problems = for_every(len(chunk), one, "", shown)
            self._problems += [(int(chunk[index]), problem) for index, problem in problems]
            refuse(images, self._problems)
            bad = {index for index, _ in problems}
            yield from zip([start + i for i in range(len(chunk)) if i not in bad], blobs, strict=True)


def _png(pixels: np.ndarray) -> bytes:
    """uint8 (H, W, C) as a PNG file."""
    file = BytesIO()
    image = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
    image.save(file, "PNG", compress_level=COMPRESS_LEVEL)
    return file.getvalue()


def _add(archive: tarfile.TarFile, file: IO[bytes], name: str, content: bytes) -> int:
    """Append a member, and return where its content begins. Its header is one block, because the name is short."""
    offset = file.tell() + tarfile.BLOCKSIZE
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, BytesIO(content))
    return offset
