"""Images from a folder or a zip file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gannet.data.base import Progress
from gannet.data.image_source import ImageSource
from gannet.data.listing import read_listing
from gannet.data.undecoded_images import ImageFiles


@dataclass(frozen=True, kw_only=True)
class Folder(ImageSource):
    """A folder or a zip file of images (PNG, JPEG, BMP, GIF, WEBP, TIFF): one folder per class, or no folders.

    Images are rotated by their EXIF orientation, composited on white if transparent, and reduced from 16 to 8 bits.
    They are ordered by name.
    """

    path: str
    """The folder or the .zip file."""

    def read(self, progress: Progress) -> ImageFiles:
        """List the files whose names end like an image."""
        return read_listing(Path(self.path), progress)
