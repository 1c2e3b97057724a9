"""Your own pictures, in a folder or a zip."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gannet.data.base import Progress
from gannet.data.image_source import ImageSource
from gannet.data.listing import read_listing
from gannet.data.pictures import FilePictures


@dataclass(frozen=True, kw_only=True)
class Folder(ImageSource):
    """A folder or a zip of pictures (PNG, JPEG, BMP, GIF, WEBP, TIFF): one folder for each class, or none.

    Pictures are turned as their EXIF says, see-through parts become white, 16 bits become 8. Rows are ordered by name.
    """

    path: str
    """The folder or the .zip file."""

    def read(self, progress: Progress) -> FilePictures:
        """The files that are pictures by their name."""
        return read_listing(Path(self.path), progress)
