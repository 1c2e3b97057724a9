"""Rows of a table that may be larger than memory: read from its file, so that a process stays small."""

from __future__ import annotations

import mmap
import os

import numpy as np
import torch
from torch import Tensor

from gannet.errors import UserError

SMALL_BYTES = 64 * 2**20
"""A table up to this size may stay in memory as a whole."""


class StoredRows:
    """The rows of an array, which may be a memory map of a file.

    Rows of a large file are read instead of mapped: a system that maps a row also maps its surroundings, until a random
    order has mapped the whole table into the process.
    """

    def __init__(self, table: np.ndarray) -> None:
        self._table, self._file = torch.from_numpy(table), None
        self._start, self._row_bytes = 0, table.nbytes // max(1, len(table))
        if isinstance(table, np.memmap) and table.nbytes > SMALL_BYTES and hasattr(os, "preadv"):
            try:
                self._file, self._start = open(str(table.filename), "rb", buffering=0), table.offset  # noqa: SIM115
            except OSError:  # removed by another process; the map still holds it
                return

    def take(self, rows: Tensor) -> Tensor:
        """A copy of the rows with these numbers, int64 (N,).

        Raises:
            UserError: the file was cut short.
        """
        if self._file is None:
            return self._table.index_select(0, rows)
        taken = np.empty((len(rows), *self._table.shape[1:]), dtype=np.uint8)
        for place, row in zip(taken, rows.tolist(), strict=True):
            if os.preadv(self._file.fileno(), [place], self._start + row * self._row_bytes) != self._row_bytes:
                raise UserError(  # reading the map instead would end the process with SIGBUS
                    "The cached table of the decoded images was cut short while it was used. The next command makes it "
                    "again."
                )
        return torch.from_numpy(taken)


def give_back(table: np.ndarray) -> None:
    """Remove the pages of a large memory map from this process; what was written to them is kept by the system."""
    mapped = getattr(table, "_mmap", None)
    if mapped is not None and table.nbytes > SMALL_BYTES and hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)
