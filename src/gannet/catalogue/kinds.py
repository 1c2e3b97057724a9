"""All kinds of components, and resolution of a name to components; nothing heavy is imported."""

from __future__ import annotations

from gannet.discovery import BASES, canonical, components
from gannet.errors import UserError, did_you_mean, nearest
from gannet.features.names import SUMMARIES

KINDS = (*BASES, "extractors")
ALIASES = {"datasets": "data"}
"""Other names of kinds."""
SINGULAR = {
    "recipes": "recipe",
    "losses": "loss",
    "regularizers": "regularizer",
    "networks": "network",
    "priors": "prior",
    "encodings": "encoding",
    "augmentations": "augmentation",
    "degradations": "degradation",
    "games": "game",
    "data": "data source",
    "metrics": "metric",
    "extractors": "feature extractor",
}
"""Kind -> its singular."""


def summaries(kind: str) -> dict[str, str]:
    """Name -> summary of every component of a kind.

    Raises:
        UserError: the kind is unknown.
    """
    kind = ALIASES.get(kind, kind)
    if kind not in KINDS:
        raise UserError(f"Cannot list {kind!r}.{did_you_mean(kind, [*KINDS, *ALIASES])}")
    return SUMMARIES if kind == "extractors" else {name: found.summary for name, found in components(kind).items()}


def meant(name: str) -> list[tuple[str, str]]:
    """(kind, name) of every component with a name such as ``hinge``, ``losses/hinge`` or ``loss/hinge``.

    Raises:
        UserError: no component has that name, or the kind is unknown.
    """
    kinds: tuple[str, ...] = KINDS
    wanted, slash, rest = name.partition("/")
    if slash:
        kind = ALIASES.get(wanted) or next((kind for kind, one in SINGULAR.items() if wanted in (kind, one)), None)
        if kind is None:
            raise UserError(f"Unknown kind {wanted!r} in {name!r}.{did_you_mean(wanted, [*KINDS, *ALIASES])}")
        kinds, name = (kind,), rest
    found = [(kind, canonical(name)) for kind in kinds if canonical(name) in summaries(kind)]
    if not found:
        known = {other for kind in kinds for other in summaries(kind)}
        if len(kinds) == 1:
            raise UserError(f"Unknown {SINGULAR[kinds[0]]} {name!r}.{did_you_mean(name, known)}")
        raise UserError(
            f"Nothing is named {name!r}.{nearest(name, known)} `gannet list KIND` shows the names of "
            f"{', '.join(KINDS)}."
        )
    return found
