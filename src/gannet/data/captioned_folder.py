"""Images with captions from a folder or a zip file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from gannet.data.base import Progress
from gannet.data.caption_files import captions_of
from gannet.data.digest import digest
from gannet.data.image_source import ImageSource
from gannet.data.listing import listing, read_listing
from gannet.data.undecoded_images import ImageFiles


@dataclass(frozen=True, kw_only=True)
class CaptionedFolder(ImageSource):
    """A folder or a zip file of images with ``metadata.jsonl``, ``metadata.csv`` or ``captions.csv``: a caption for
    every image.

    Each line has ``file_name``, relative to the folder of the file, and ``text``: the convention of Hugging Face image
    folders. Images are read as from ``folder``.
    """

    has_captions: ClassVar[bool] = True
    path: str
    """The folder or the .zip file."""

    def read(self, progress: Progress) -> ImageFiles:
        """List the images and read their captions."""
        path = Path(self.path)
        images, captions = read_listing(path, progress), captions_of(listing(path))
        return replace(images, content_hash=digest(images.content_hash, captions), captions=captions)
