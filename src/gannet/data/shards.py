"""Images in shards: tar files that are read batch by batch, for sets larger than memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from gannet.data.base import Dataset, Progress, silent
from gannet.data.cache import common_size
from gannet.data.decode import Header, Reading
from gannet.data.digest import digest
from gannet.data.fitting import Frame, enlargement, is_cropped
from gannet.data.folder_structure import split_name
from gannet.data.image_source import ImageSource
from gannet.data.shard_files import ShardFolder, opened_shards
from gannet.data.shard_scan import scanned_shards
from gannet.data.sharded_images import ShardedImages
from gannet.data.undecoded_images import Classes, ImageFiles
from gannet.errors import UserError, counted, did_you_mean, in_shell

ONLY_PREPARED = {"classes": None, "test": None, "on_bad": "error"}
"""Fields that choose images, with their defaults: ``gannet data prepare`` applies them."""
NUM_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Shards(ImageSource):
    """A folder of shards: those of ``gannet data prepare``, or WebDataset tar files of images with ``cls`` or ``json``
    members.

    Images are read from the disk when a batch needs them, so the set may be larger than the memory. An epoch permutes
    the shards, and permutes the images of a few shards together. Shards whose names contain test or val are splits.
    ``classes``, ``test`` and ``on_bad`` apply when ``gannet data prepare`` writes shards; ``labels`` is not available.
    """

    reads_splits: ClassVar[bool] = False
    path: str
    """The folder."""
    label: str | None = None
    """Key of the JSON members that is the class; empty for no classes; by default ``cls`` members, else ``label``."""
    window: Annotated[int, Field(ge=1, le=10**6)] = 4
    """Shards whose images are shuffled together."""

    def open(self, progress: Progress) -> Dataset:
        """Read the manifest and the index; images are decoded later."""
        path = Path(self.path)
        wrong = [f"data.{name}" for name, default in ONLY_PREPARED.items() if getattr(self, name) != default]
        if wrong:
            raise UserError(
                f"{', '.join(wrong)} cannot be used while training from shards. Write other shards first: "
                f"{in_shell('gannet', 'data', 'prepare', path, '-o', 'NEW', f'{wrong[0]}=...')}."
            )
        if self.labels is not None:
            raise UserError("data.labels cannot be used with shards; leave it out.")
        folder = self._folder(progress)
        if missing := folder.missing():
            raise UserError(*missing[:NUM_NAMED])
        if folder.manifest.bad:
            raise UserError(
                f"{path}: {counted(len(folder.manifest.bad), 'image')} cannot be used ("
                f"{'; '.join(folder.manifest.bad[:NUM_NAMED])}). Leave them out: "
                f"{in_shell('gannet', 'data', 'prepare', path, '-o', 'NEW', 'data.on_bad=skip')}."
            )
        split, (reading, frame) = self._split(folder), self._frame(folder)
        dataset = ShardedImages(folder, split, frame, reading, window=self.window, flip=self.flip)
        if (dataset.size or 0) < 2:
            raise UserError(f"{path}: found {dataset.size} images in the split {split}; at least 2 are needed.")
        dataset.notes = (*folder.manifest.notes, *self._notes_of(folder, split, frame))
        return dataset

    def read(self, progress: Progress) -> ImageFiles:
        """All images of all splits, for ``gannet data prepare``."""
        folder = self._folder(progress)
        if missing := folder.missing():
            raise UserError(*missing[:NUM_NAMED])
        shards, classes = folder.manifest.shards, folder.manifest.classes
        splits = [shard.split for shard in shards for _ in range(shard.samples)]
        return ImageFiles(
            self.path,
            digest(folder.manifest.content_hash, self.label),
            Classes(folder.index["label"].astype(np.int64), classes) if classes else None,
            _Names(folder),
            folder.read,
            splits=splits if len(folder.splits) > 1 else None,
            notes=folder.manifest.notes,
        )

    def held_out_split(self) -> str | None:
        """The split test, else val, if the shards have such splits."""
        splits = self._folder(silent).splits
        return next((name for name in ("test", "val") if name in splits), None)

    def _folder(self, progress: Progress) -> ShardFolder:
        path = Path(self.path)
        found = opened_shards(path)
        if found is not None and self.label is not None:
            raise UserError(f"{path} holds its classes in the manifest; data.label is for other tar files.")
        return found or scanned_shards(path, self.label, progress)

    def _split(self, folder: ShardFolder) -> str:
        splits = folder.splits
        if self.split is None and "train" not in splits and len(splits) > 1:
            raise UserError(f"{folder.path} has the splits {', '.join(splits)}; choose one with data.split=NAME.")
        wanted = split_name(self.split) if self.split else "train" if "train" in splits else next(iter(splits), "train")
        if wanted not in splits:
            raise UserError(f"{folder.path} has no split {wanted!r}.{did_you_mean(wanted, splits)}")
        return wanted

    def _frame(self, folder: ShardFolder) -> tuple[Reading, Frame]:
        manifest, choice = folder.manifest, self.choice()
        if manifest.deep and choice.white is None:
            raise UserError(
                f"{folder.path} has images of more than 8 bits, and their white level is unknown. Set "
                "data.white=LEVEL, or write other shards with `gannet data prepare`, which finds it."
            )
        sizes = [Header(manifest.width, manifest.height, False)] if manifest.width and manifest.height else []
        size = choice.size or common_size(sizes, choice.crop)
        channels = choice.channels or min(manifest.channels, 3)
        if manifest.channels == 4 and choice.channels is None:
            channels = 4
        return Reading(channels == 4, choice.white), Frame(*size, channels, choice.fit, choice.crop)

    def _notes_of(self, folder: ShardFolder, split: str, frame: Frame) -> list[str]:
        manifest, notes = folder.manifest, []
        if len(folder.splits) > 1:
            notes.append(f"{folder.path} has the splits {', '.join(folder.splits)}; {split} is used (data.split).")
        target = f"{frame.width} x {frame.height}"
        if manifest.width is None or manifest.height is None:
            kept = "edges may be cropped (data.fit)" if frame.fit == "crop" else f"data.fit={frame.fit}"
            notes.append(f"{folder.path}: images of different sizes become {target}; {kept}.")
            return notes
        size = manifest.width, manifest.height
        if is_cropped(size, frame):
            notes.append(
                f"{folder.path}: images of {size[0]} x {size[1]} lose edges to a centre crop of shape {target}; "
                "data.size=WxH sets another shape, data.fit=pad or squeeze keeps all edges."
            )
        if (factor := enlargement(size, frame)) > 1:
            notes.append(
                f"{folder.path}: images of {size[0]} x {size[1]} are enlarged {factor:.3g} times; that adds no detail, "
                "and a smaller data.size avoids it."
            )
        return notes


class _Names(Sequence[str]):
    """Names of images in error messages; made when they are needed."""

    def __init__(self, folder: ShardFolder) -> None:
        self._folder = folder

    def __len__(self) -> int:
        return len(self._folder.index)

    def __getitem__(self, row):  # type: ignore[no-untyped-def]
        return self._folder.name(row)
