"""Choose which samples keep their label in semi-supervised training."""

from __future__ import annotations

import numpy as np

from gannet.errors import UserError
from gannet.seeding import numpy_rng


def rows_with_label(labels: np.ndarray, num_classes: int, count: int, *, seed: int) -> np.ndarray:
    """(count,) int64 sorted positions in ``labels``, drawn so that the class counts differ by at most one.

    If ``count`` is not a multiple of the number of classes, the first classes have one more sample.

    Raises:
        UserError: fewer labels than classes, or a class with too few samples.
    """
    if count < num_classes:
        raise UserError(
            f"labels={count}: each of the {num_classes} classes needs at least one labelled image; set "
            f"labels={num_classes} or more."
        )
    rng = numpy_rng(seed, "labels")
    kept = []
    for number in range(num_classes):
        rows = np.flatnonzero(labels == number)
        wanted = count // num_classes + (number < count % num_classes)
        if len(rows) < wanted:
            raise UserError(
                f"labels={count} needs {wanted} labelled images of class {number}, which has {len(rows)}; set fewer "
                f"labels."
            )
        kept.append(rng.permutation(rows)[:wanted])
    return np.sort(np.concatenate(kept))
