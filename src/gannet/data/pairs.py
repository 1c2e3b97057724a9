"""Pairs of images: two halves of one file, or files of the same name in two folders."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from PIL import Image

from gannet.data.decode import UNCHANGED, Header, Reading
from gannet.data.digest import digest
from gannet.data.undecoded_images import ImageFiles, UndecodedImages
from gannet.errors import UserError, nearest

OTHER_HALF = {"left": "right", "right": "left"}
NUM_NAMED = 5


class Halves(UndecodedImages):
    """The left or right halves of images. The column in the middle of an odd width belongs to none."""

    def __init__(self, images: UndecodedImages, side: str) -> None:
        """Args:
        images: pairs side by side.
        side: ``left`` or ``right``.
        """
        self.images, self.side = images, side
        self.origin, self.classes, self.captions = images.origin, images.classes, images.captions
        self.splits, self.notes = images.splits, images.notes
        self.content_hash = digest(images.content_hash, side)

    def __len__(self) -> int:
        return len(self.images)

    def name(self, row: int) -> str:
        """The file's name."""
        return self.images.name(row)

    def header(self, row: int) -> Header:
        """Half the width."""
        whole = self.images.header(row)
        return replace(whole, width=whole.width // 2)

    def image(self, row: int, reading: Reading = UNCHANGED) -> Image.Image:
        """The half."""
        whole = self.images.image(row, reading)
        half = whole.width // 2
        left = 0 if self.side == "left" else whole.width - half
        return whole.crop((left, 0, left + half, whole.height))

    def largest_level(self, row: int) -> float:
        """Of the whole file, so that both halves have the same white level."""
        return self.images.largest_level(row)

    def digest(self, row: int) -> str:
        """Of the whole file, so that both halves belong to the same split."""
        return self.images.digest(row)

    def forget(self) -> None:
        """Free the files that are kept in memory."""
        self.images.forget()


def targets_of(images: ImageFiles, inputs: str) -> UndecodedImages:
    """The targets of pairs whose inputs are at ``inputs``: ``left``, ``right`` or a folder.

    Raises:
        UserError: there is no such folder, or a target has no input.
    """
    if inputs in OTHER_HALF:
        return Halves(images, OTHER_HALF[inputs])
    return _only(images, [target for target, _ in _matched(images, inputs)], "targets")


def inputs_of(images: ImageFiles, inputs: str) -> UndecodedImages:
    """The inputs, in the order of :func:`targets_of`."""
    if inputs in OTHER_HALF:
        return Halves(images, inputs)
    return _only(images, [own for _, own in _matched(images, inputs)], "inputs")


def _matched(images: ImageFiles, folder: str) -> list[tuple[int, int]]:
    """(row of the target, row of its input), in the order of the targets."""
    parts = [PurePosixPath(name).with_suffix("").parts for name in images.names]
    inside = [folder in p[:-1] for p in parts]
    if not any(inside):
        folders = sorted({name for p in parts for name in p[:-1]})
        raise UserError(
            f"{images.origin}: data.inputs={folder} is not a folder of images.{nearest(folder, folders)} Allowed: "
            f"left, right (halves of every file), or a folder in it; found: {', '.join(folders) or 'none'}."
        )
    level = parts[inside.index(True)].index(folder)
    # The names of a target and of its input differ in one folder.
    keys = [p[:level] + p[level + 1 :] for p in parts]
    by_key = {keys[row]: row for row in range(len(parts)) if inside[row]}
    targets = [row for row in range(len(parts)) if not inside[row]]
    if not targets:
        raise UserError(
            f"{images.origin}: all images are in {folder}; the targets must be in another folder next to it."
        )
    alone = [images.names[row] for row in targets if keys[row] not in by_key]
    if alone:
        more = f" and {len(alone) - NUM_NAMED} more" if len(alone) > NUM_NAMED else ""
        raise UserError(
            f"{images.origin}: no file of the same name in {folder} for {', '.join(alone[:NUM_NAMED])}{more}. Add the "
            "inputs, or remove the targets."
        )
    return [(row, by_key[keys[row]]) for row in targets]


def _only(images: ImageFiles, rows: list[int], what: str) -> ImageFiles:
    names, head = [images.names[row] for row in rows], images.head
    return replace(
        images,
        names=names,
        content_hash=digest(images.content_hash, what, names),
        classes=None,
        read=lambda row: images.read(rows[row]),
        head=None if head is None else lambda row: head(rows[row]),
        splits=None if images.splits is None else [images.splits[row] for row in rows],
        digests=None if images.digests is None else [images.digests[row] for row in rows],
    )
