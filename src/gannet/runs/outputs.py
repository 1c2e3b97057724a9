"""What the recorded outputs of a discriminator mean: the one place that decides how they are coloured and named.

A frame of points says of which kind they are (``output_kind``, an index of :data:`KINDS`). Everything that draws them
uses ``field`` and ``logits`` as :func:`interpreted` leaves them, and names them by ``output_kind``.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

OutputKind = Literal["logit", "relative", "critic"]
KINDS: tuple[OutputKind, ...] = ("logit", "relative", "critic")
"""logit: zero separates generated from real, and its logistic function is D(x). relative: only differences of outputs
count, since the loss compares real with generated samples. critic: the value of a critic or an energy, whose zero is
arbitrary.
"""
SHARE = 0.98
"""Share of what is shown that lies within the ends of the colours."""


class Words(NamedTuple):
    """The English words of a field of outputs."""

    name: str
    low: str
    high: str
    contour: str
    """The line on which the field is white."""


WORDS: dict[OutputKind, Words] = {
    "logit": Words("discriminator says", "generated", "real", "D = 0.5"),
    "relative": Words("relative to the average sample", "lower", "higher", "average sample"),
    "critic": Words("critic value, arbitrary zero", "lower", "higher", "average sample"),
}


def words_of(frame: dict[str, np.ndarray]) -> Words:
    """The words for the field of a frame of points; frames of earlier versions have logits."""
    return WORDS[KINDS[int(frame.get("output_kind", 0))]]


def scale_of(samples: np.ndarray, field: np.ndarray) -> tuple[float, float]:
    """Centre and spread of outputs that have no zero and no unit.

    The centre is the median of the outputs of the real and generated points shown: the output of the average sample.
    The spread is the distance from it within which 98 % of the outputs shown lie, those of the points and of the field.

    Args:
        samples: outputs of the real and generated points, any shape.
        field: outputs at the nodes of the plane, any shape.

    Returns:
        Centre, and spread above 0. Outputs that are not finite are ignored.
    """
    seen = samples[np.isfinite(samples)]
    centre = float(np.median(seen)) if seen.size else 0.0
    shown = np.concatenate([seen.ravel(), field[np.isfinite(field)].ravel()])
    return centre, float(np.quantile(np.abs(shown - centre), SHARE)) if shown.size else 0.0


def interpreted(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a frame with ``field``: 0.5 on the line of equality, 0 and 1 at the ends of the colours.

    For logits, the field is D(x). Other outputs are recorded as multiples of ``spread`` from the centre; ``logits``
    becomes the difference to the centre.
    """
    if "logits" not in arrays:
        return arrays
    logits = arrays["logits"]
    if KINDS[int(arrays.get("output_kind", 0))] == "logit":
        field = 0.5 + 0.5 * np.tanh(logits / 2)  # the logistic function, without overflow
        return {"field": field, **arrays}
    return arrays | {"field": 0.5 + 0.5 * np.clip(logits, -1, 1), "logits": logits * arrays["spread"]}


def with_scales(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays of a step in slow motion, with ``PLAYER/centre`` and ``PLAYER/spread`` if its outputs have no zero."""
    if not int(arrays.get("output_kind", 0)):
        return arrays
    found = dict(arrays)
    for player in {name.partition("/")[0] for name in arrays if name.endswith("/field_before")}:
        samples = [arrays[name] for name in (f"{player}/logit_real", f"{player}/logit_fake") if name in arrays]
        fields = np.stack([arrays[f"{player}/field_before"], arrays[f"{player}/field_after"]])
        centre, spread = scale_of(np.concatenate(samples), fields)
        found |= {f"{player}/centre": np.asarray(centre), f"{player}/spread": np.asarray(spread)}
    return found
