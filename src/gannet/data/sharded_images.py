"""Images in shards on the disk, decoded batch by batch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import torch
from torch import Tensor

from gannet.data.base import Dataset, Kind
from gannet.data.decode import BadImage, Reading, upright
from gannet.data.digest import digest
from gannet.data.fitting import Frame, fitted
from gannet.data.image_table import mirrored, normalised
from gannet.data.shard_files import Manifest
from gannet.data.shard_order import ShardOrder
from gannet.data.transfer import moved
from gannet.errors import UserError

NUM_AT_ONCE = 16
"""Images per thread task."""
MAX_THREADS = 4


@dataclass(frozen=True)
class _Decoding:
    """Images that threads decode."""

    out: np.ndarray
    """uint8 (N, H, W, C)."""
    parts: list[Future[None]]

    def finished(self) -> np.ndarray:
        """The images, once all are decoded; raises the first error."""
        for part in self.parts:
            part.result()
        return self.out


class Stored(Protocol):
    """Encoded images in shards."""

    @property
    def manifest(self) -> Manifest:
        """The shards, their counts and their classes."""
        ...

    @property
    def index(self) -> np.ndarray:
        """(N,) records with the field ``label``."""
        ...

    @property
    def advice(self) -> str:
        """What to do about an image that cannot be used."""
        ...

    def name(self, row: int) -> str:
        """The image's name in error messages."""
        ...

    def read(self, row: int) -> bytes:
        """The file of one image; raises a BadImage."""
        ...

    def read_ahead(self, shards: Sequence[int]) -> None:
        """Begin to read these shards in the background."""
        ...


class ShardedImages(Dataset):
    """Images of one split of a folder of shards, read and decoded when a batch needs them.

    In memory are two batches, the manifest, and of the index 20 bytes for each image seen so far. The batch that
    follows is decoded in threads while the current one is used; every batch is a function of its arguments, so this
    changes no value.

    Args:
        folder: finished shards, or what is read in the same way.
        split: the split to use.
        frame: size and channels of all images.
        reading: how stored levels become bytes.
        window: shards whose images are shuffled together.
        flip: mirror each image of a batch with probability 1/2.
        reference_shards: shards that :meth:`reference` reads; all if None.
    """

    kind: ClassVar[Kind] = "images"

    def __init__(
        self,
        folder: Stored,
        split: str,
        frame: Frame,
        reading: Reading,
        *,
        window: int,
        flip: bool,
        reference_shards: int | None = None,
    ) -> None:
        manifest = folder.manifest
        starts = np.cumsum([0, *(shard.samples for shard in manifest.shards)])
        chosen = [number for number, shard in enumerate(manifest.shards) if shard.split == split]
        counts = [manifest.shards[number].samples for number in chosen]
        self._folder, self._frame, self._reading, self._flip = folder, frame, reading, flip
        self._shards, self._reference_shards = chosen, reference_shards
        self._order = ShardOrder([int(starts[number]) for number in chosen], counts, window)
        self.shape = frame.channels, frame.height, frame.width
        self.size = sum(counts)
        if split in manifest.class_counts:
            self.class_names, self.class_counts = manifest.classes, manifest.class_counts[split]
        self.content_hash = digest(manifest.content_hash, split, str(frame), str(reading))
        self._pool: ThreadPoolExecutor | None = None
        self._ahead: dict[tuple[int, int, int], _Decoding] = {}
        self._window: tuple[int, int] | None = None

    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Images (N, C, H, W) float32 in [-1, 1] and labels (N,) int64, from endless shuffled epochs."""
        begun = self._ahead.pop((count, seed, position), None) or self._begun(count, seed, position)
        pixels = begun.finished()
        self._ahead = {(count, seed, position + 1): self._begun(count, seed, position + 1)}
        images = moved(torch.from_numpy(pixels), device)  # transferred as uint8: a quarter of the bytes of float32
        images = images.permute(0, 3, 1, 2).contiguous()
        images = mirrored(images, seed, position) if self._flip else images
        labels = self._labels(self._order.batch(count, seed=seed, position=position))
        return normalised(images), None if labels is None else moved(torch.from_numpy(labels), device)

    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Distinct images of all shards, or of those that may be read, uint8 (N, H, W, C), and their labels."""
        rows = self._order.reference(count, seed=seed, shards=self._reference_shards)
        by_shard = np.argsort(rows)
        images = np.empty((len(rows), self.shape[1], self.shape[2], self.shape[0]), dtype=np.uint8)
        images[by_shard] = self._decoding(rows[by_shard]).finished()  # each shard is read once
        return images, self._labels(rows)

    def _begun(self, count: int, seed: int, position: int) -> _Decoding:
        """A batch that threads decode."""
        window, shards = self._order.shards(count, seed=seed, position=position)
        if window != self._window:
            self._window = window
            self._folder.read_ahead([self._shards[shard] for shard in shards])
        return self._decoding(self._order.batch(count, seed=seed, position=position))

    def _decoding(self, rows: np.ndarray) -> _Decoding:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(min(MAX_THREADS, os.cpu_count() or 1), "decode")
        channels, height, width = self.shape
        out = np.empty((len(rows), height, width, channels), dtype=np.uint8)
        parts = [
            self._pool.submit(self._decode, rows[start : start + NUM_AT_ONCE], out[start : start + NUM_AT_ONCE])
            for start in range(0, len(rows), NUM_AT_ONCE)
        ]
        return _Decoding(out, parts)

    def _decode(self, rows: np.ndarray, out: np.ndarray) -> None:
        """Fill ``out``, uint8 (N, H, W, C)."""
        for i, row in enumerate(rows.tolist()):
            try:
                image = upright(self._folder.read(row), self._reading)
            except BadImage as problem:
                raise UserError(f"{self._folder.name(row)}: {problem}. {self._folder.advice}") from None
            out[i] = fitted(image, self._frame)

    def _labels(self, rows: Sequence[int] | np.ndarray) -> np.ndarray | None:
        return self._folder.index["label"][rows].astype(np.int64) if self.class_names else None
