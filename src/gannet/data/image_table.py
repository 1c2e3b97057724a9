"""A table of decoded images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from gannet.data.base import Dataset, Kind
from gannet.data.captions import PADDING, examples_of, token_ids, vocabulary_of
from gannet.data.order import Order
from gannet.data.stored_rows import StoredRows
from gannet.data.transfer import moved
from gannet.seeding import torch_rng

RESIDENT_BYTES = 4 * 2**30
"""A table up to this size is copied to the accelerator as a whole, so that batches are gathered there."""


class ImageTable(Dataset):
    """Images uint8 (N, C, H, W), in memory or in a memory map, returned as float32 ``x / 127.5 - 1``.

    Args:
        pixels: uint8 (N, C, H, W).
        labels: int64, one per entry of ``rows``; None without classes.
        class_names: in label order.
        content_hash: digest of the images and of the selection.
        rows: int64 (M,) rows of ``pixels`` that belong to the data set; None for all.
        labelled: positions in ``rows`` of the images that keep their label in batches; None for all. Half of every
            batch is then drawn from these alone, because a uniform batch would mostly contain none of them.
        captions: one per entry of ``rows``; None without captions.
        flip: mirror each image of a batch with probability 1/2.
        inputs: uint8 (N, C, H, W), the image that belongs to each of ``pixels``; None without pairs.
    """

    kind: ClassVar[Kind] = "images"

    def __init__(
        self,
        pixels: np.ndarray,
        labels: np.ndarray | None = None,
        class_names: tuple[str, ...] = (),
        *,
        content_hash: str,
        rows: np.ndarray | None = None,
        labelled: np.ndarray | None = None,
        captions: Sequence[str] | None = None,
        flip: bool = False,
        inputs: np.ndarray | None = None,
    ) -> None:
        chosen = np.arange(len(pixels)) if rows is None else rows
        self.pixels, self._stored = torch.from_numpy(pixels), StoredRows(pixels)
        self.shape = tuple(pixels.shape[1:])
        self.class_names = class_names
        self.size = len(chosen)
        self.content_hash = content_hash
        self._flip = flip
        self._order = Order(torch.from_numpy(np.ascontiguousarray(chosen, dtype=np.int64)))
        self._labels = None if labels is None else _labels_by_row(labels, chosen, len(pixels))
        if labels is not None:
            self.class_counts = tuple(np.bincount(labels, minlength=len(class_names)).tolist())
        self._shown_labels, self._labelled_order = self._labels, None
        if labels is not None and labelled is not None:
            kept = np.ascontiguousarray(chosen[labelled], dtype=np.int64)
            self._shown_labels = _labels_by_row(labels[labelled], kept, len(pixels))
            self._labelled_order = Order(torch.from_numpy(kept))
            self.num_labelled = len(kept)
        self._captions: dict[int, str] = {}
        if captions is not None:
            self.vocabulary, self.example_captions = vocabulary_of(captions), examples_of(captions)
            self._captions = dict(zip(chosen.tolist(), captions, strict=True))
            ids = token_ids(captions, self.vocabulary)
            self._tokens = torch.full((len(pixels), ids.shape[1]), PADDING, dtype=torch.int64)
            self._tokens[torch.from_numpy(chosen)] = ids
        self._inputs, self.paired = None if inputs is None else StoredRows(inputs), inputs is not None
        self._resident: dict[torch.device, tuple[Tensor | None, Tensor | None]] = {}

    @property
    def labels(self) -> np.ndarray | None:
        """(M,) int64 true class of every image of the data set, in stored order."""
        return None if self._labels is None else self._labels[self._labels >= 0].numpy()

    def batch(self, count: int, *, seed: int, position: int, device: torch.device) -> tuple[Tensor, Tensor | None]:
        """Images (N, C, H, W) float32 in [-1, 1] and labels (N,) int64, -1 if hidden, from endless shuffled epochs."""
        rows = self._rows(count, seed, position)
        pixels, labels = self._tables_on(device)
        if pixels is None:  # transferred as uint8: a quarter of the bytes of float32
            chosen = moved(self._stored.take(rows), device)
        else:
            rows = moved(rows, device)
            chosen = pixels.index_select(0, rows)
        chosen = mirrored(chosen, seed, position) if self._flip else chosen
        return normalised(chosen), None if labels is None else moved(labels.index_select(0, rows), device)

    def reference(self, count: int, *, seed: int) -> tuple[np.ndarray, np.ndarray | None]:
        """Distinct images uint8 (N, H, W, C) and their true labels, including those hidden from training."""
        rows = self._order.reference(count, seed=seed)
        images = self._stored.take(rows).permute(0, 2, 3, 1).contiguous().numpy()
        return images, None if self._labels is None else self._labels.index_select(0, rows).numpy()

    def captions(self, count: int, *, seed: int, position: int, device: torch.device) -> Tensor | None:
        """(N, L) int64 token ids of the images of :meth:`batch`; None without captions."""
        return (
            moved(self._tokens.index_select(0, self._rows(count, seed, position)), device) if self._captions else None
        )

    def reference_captions(self, count: int, *, seed: int) -> tuple[str, ...] | None:
        """Captions of the images of :meth:`reference`; None without captions."""
        rows = self._order.reference(count, seed=seed).tolist()
        return tuple(self._captions[row] for row in rows) if self._captions else None

    def inputs(self, count: int, *, seed: int, position: int, device: torch.device) -> Tensor | None:
        """(N, C, H, W) in [-1, 1], the inputs of the images of :meth:`batch`, mirrored like them; None without
        pairs.
        """
        if self._inputs is None:
            return None
        chosen = moved(self._inputs.take(self._rows(count, seed, position)), device)
        return normalised(mirrored(chosen, seed, position) if self._flip else chosen)

    def reference_inputs(self, count: int, *, seed: int) -> np.ndarray | None:
        """uint8 (N, H, W, C), the inputs of the images of :meth:`reference`; None without pairs."""
        if self._inputs is None:
            return None
        rows = self._order.reference(count, seed=seed)
        return self._inputs.take(rows).permute(0, 2, 3, 1).contiguous().numpy()

    def _rows(self, count: int, seed: int, position: int) -> Tensor:
        if self._labelled_order is None:
            return self._order.batch(count, seed=seed, position=position)
        orders = (self._labelled_order, count // 2), (self._order, count - count // 2)
        return torch.cat([order.batch(part, seed=seed, position=position) for order, part in orders if part])

    def _tables_on(self, device: torch.device) -> tuple[Tensor | None, Tensor | None]:
        """The images, or None if they stay in memory, and the labels."""
        if device.type == "cpu" or self.pixels.numel() > RESIDENT_BYTES:
            return None, self._shown_labels
        if device not in self._resident:
            self._resident[device] = (
                self.pixels.to(device),
                None if self._shown_labels is None else self._shown_labels.to(device),
            )
        return self._resident[device]


def mirrored(images: Tensor, seed: int, position: int) -> Tensor:
    """Mirror each image (N, C, H, W) of batch ``position`` with probability 1/2."""
    chosen = torch.rand(len(images), generator=torch_rng(seed, "flip", position)) < 0.5
    return torch.where(moved(chosen, images.device).view(-1, 1, 1, 1), images.flip(3), images)


def normalised(levels: Tensor) -> Tensor:
    """Convert uint8 levels 0..255 to float32 ``x / 127.5 - 1``."""
    return levels.to(torch.float32).div_(127.5).sub_(1)


def _labels_by_row(labels: np.ndarray, rows: np.ndarray, num_rows: int) -> Tensor:
    by_row = np.full(num_rows, -1, dtype=np.int64)
    by_row[rows] = labels
    return torch.from_numpy(by_row)
