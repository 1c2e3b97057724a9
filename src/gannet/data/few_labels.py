"""Which rows keep their label when only a few do."""

from __future__ import annotations

import numpy as np

from gannet.errors import UserError
from gannet.seeding import numpy_rng


def rows_with_label(labels: np.ndarray, num_classes: int, count: int, *, seed: int) -> np.ndarray:
    """(count,) int64 sorted positions in ``labels``, drawn so that classes differ by at most one row.

    Where ``count`` is no multiple of the number of classes, the first classes have one row more.

    Raises:
        UserError: fewer labels than classes, or a class with too few rows.
    """
    if count < num_classes:
        raise UserError(f"labels={count}: there are {num_classes} classes, and each needs at least one labelled picture.")
    rng = numpy_rng(seed, "labels")
    kept = []
    for number in range(num_classes):
        rows = np.flatnonzero(labels == number)
        wanted = count // num_classes + (number < count % num_classes)
        if len(rows) < wanted:
            raise UserError(f"labels={count} asks for {wanted} labelled pictures of class {number}, which has {len(rows)}.")
        kept.append(rng.permutation(rows)[:wanted])
    return np.sort(np.concatenate(kept))
