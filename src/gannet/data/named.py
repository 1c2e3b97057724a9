"""Well-known data sets by name: from the user's data folder, else from the Hugging Face hub."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np

from gannet.data.base import Progress
from gannet.data.huggingface import read_hub
from gannet.data.idx import idx_file, read_idx
from gannet.data.listing import read_listing
from gannet.data.undecoded_images import Classes, ImageArray, ImageFiles
from gannet.errors import UserError


def read_named(
    name: str, hub_name: str, split: str, class_names: tuple[str, ...], progress: Progress
) -> ImageArray | ImageFiles:
    """Read a split from ``$GANNET_DATA/name`` (IDX files, or images in class folders), ``$GANNET_DATA/name-split.zip``
    or the hub.

    Args:
        name: of the folder.
        hub_name: owner/name.
        split: train or test.
        class_names: in the order of the published label numbers.
        progress: called during long work.

    Raises:
        UserError: not found; the error lists the places that were tried.
    """
    base = os.environ.get("GANNET_DATA")
    places = [Path(base) / name / split, Path(base) / name, Path(base) / f"{name}-{split}.zip"] if base else []
    for place in places:
        if idx_file(place, split, "images"):
            return read_idx(place, split, class_names)
        # A folder that contains both splits is neither of them.
        if place.is_file() or (place.is_dir() and not (place / split).is_dir()):
            return _in_official_order(replace(read_listing(place, progress), splits=None), class_names)
    try:
        return read_hub(hub_name, split, progress)
    except UserError as error:
        tried = " or ".join(str(p) for p in places[1:]) if base else "$GANNET_DATA (not set)"
        raise UserError(
            f"{name} ({split}) is neither in {tried} nor on the Hugging Face hub as {hub_name} ({_reason(error)}). "
            f"Set GANNET_DATA to a folder with {name}/ or {name}-{split}.zip in it, give the path of a copy, or go "
            f"online once."
        ) from None


def _in_official_order(images: ImageFiles, class_names: tuple[str, ...]) -> ImageFiles:
    """Renumber folder classes, which are sorted by name, as published, so that labels mean the same from every
    place.
    """
    classes = images.classes
    if classes is None or set(classes.names) != set(class_names) or classes.names == class_names:
        return images
    new_number = np.array([class_names.index(name) for name in classes.names], dtype=np.int64)
    renumbered = Classes(new_number[classes.labels], class_names)
    return replace(images, classes=renumbered)


def _reason(error: UserError) -> str:
    return str(error).partition("cannot be loaded: ")[2].partition(". ")[0] or str(error)
