"""Images with captions from a folder or a zip file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

from gannet.data.base import Progress
from gannet.data.caption_files import captions_of
from gannet.data.digest import digest
from gannet.data.folder import held_out_in
from gannet.data.image_source import ImageSource
from gannet.data.listing import listing, read_listing
from gannet.data.undecoded_images import ImageFiles


@dataclass(frozen=True, kw_only=True)
class CaptionedFolder(ImageSource):
    """A folder, zip or tar file of images with ``metadata.jsonl``, ``metadata.csv`` or ``captions.csv``: a caption for
    every image.

    Each line has ``file_name``, relative to the folder of the file, and ``text``: the convention of Hugging Face image
    folders. Images are read as from ``folder``.
    """

    has_captions: ClassVar[bool] = True
    path: str
    """The folder, or the .zip or .tar(.gz) file."""
    label: str | None = ""
    """Attribute of the file of labels that is the class; by default none, because captions say what images show."""

    def held_out_split(self) -> str | None:
        """The split test, else val, if folders have such names."""
        return held_out_in(Path(self.path))

    def read(self, progress: Progress) -> ImageFiles:
        """List the images and read their captions."""
        path = Path(self.path)
        images = read_listing(path, progress, label=self.label)
        captions = captions_of(listing(path))
        return replace(images, content_hash=digest(images.content_hash, captions), captions=captions)
