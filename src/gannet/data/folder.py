"""Images from a folder or an archive."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gannet.data.base import Progress
from gannet.data.folder_structure import structure
from gannet.data.image_source import ImageSource
from gannet.data.listing import listing, read_listing
from gannet.data.pairs import inputs_of, targets_of
from gannet.data.undecoded_images import UndecodedImages

HELD_OUT = ("test", "val")


@dataclass(frozen=True, kw_only=True)
class Folder(ImageSource):
    """A folder, zip or tar file of images (all that Pillow reads): one folder per class, or no folders.

    Folders called train, test and val are splits. Without class folders, labels are read from dataset.json (StyleGAN),
    metadata.csv, metadata.jsonl or labels.csv. Images are rotated by their EXIF orientation, composited on white if
    transparent, and reduced to 8 bits with one white level for all. They are ordered by name.
    """

    path: str
    """The folder, or the .zip or .tar(.gz) file."""
    label: str | None = None
    """Attribute of the file of labels that is the class; empty for none; by default the only one or ``label``."""

    inputs: str | None = None
    """The inputs of image-to-image pairs: ``left`` or ``right``, a half of every file; or the name of a folder of the
    data, with files of the same names as in the folder of the targets.
    """

    def held_out_split(self) -> str | None:
        """The split test, else val, if folders have such names."""
        return held_out_in(Path(self.path))

    def read(self, progress: Progress) -> UndecodedImages:
        """List the files whose names end like an image; with ``inputs``, the targets of pairs."""
        images = read_listing(Path(self.path), progress, label=self.label)
        return images if self.inputs is None else targets_of(images, self.inputs)

    def read_inputs(self, progress: Progress) -> UndecodedImages | None:
        """The inputs of pairs, in the order of their targets."""
        return None if self.inputs is None else inputs_of(read_listing(Path(self.path), progress), self.inputs)


def held_out_in(path: Path) -> str | None:
    """The split of a folder or archive that is held out from training; None without one."""
    splits = structure(path, listing(path).images).splits or ()
    return next((name for name in HELD_OUT if name in splits), None)
