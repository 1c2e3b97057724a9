"""List the images of a folder or a zip file, in the same order on every machine."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

import numpy as np

from gannet.data.base import Progress
from gannet.data.decode import SUFFIXES, BadImage
from gannet.data.digest import digest
from gannet.data.undecoded_images import Classes, ImageFiles, for_every
from gannet.errors import UserError

MAX_MEMBER_BYTES = 512 * 2**20
"""A zip member can announce a size that fills the memory; no image is this large."""


@dataclass(frozen=True)
class Listing:
    """The files of a folder or zip file: names of images and of other files, relative, with ``/``, sorted."""

    origin: Path
    images: tuple[str, ...]
    others: tuple[str, ...]
    """Files whose names do not end like an image."""
    read: Callable[[str], bytes]


def listing(path: Path) -> Listing:
    """List the folder or zip file at ``path`` without hidden files and ``__MACOSX``.

    Raises:
        UserError: the path does not exist, cannot be read, or is neither a folder nor a zip file.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.is_file():
            return _of_zip(path)
    except PermissionError as error:
        raise UserError(
            f"{error.filename or path} cannot be read: permission denied. Allow reading it (chmod -R u+rX)."
        ) from None
    raise UserError(f"{path} does not exist; give a folder or a zip file of images.")


def read_listing(path: Path, progress: Progress) -> ImageFiles:
    """The images at ``path``: one top-level folder per class, or no folders and no classes.

    Raises:
        UserError: no images, or images both in class folders and next to them.
    """
    found = listing(path)
    if not found.images:
        others = f" ({len(found.others)} other files)" if found.others else ""
        raise UserError(
            f"{path} contains no images{others}; expected {', '.join(sorted(SUFFIXES))} files, in one folder per "
            f"class or without folders."
        )
    names = found.images
    content_hash = _hash(path, found, progress)
    return ImageFiles(str(path), content_hash, _classes(path, names), names, lambda row: found.read(names[row]))


def is_ignored(name: str) -> bool:
    """Whether a relative name is hidden or archive metadata (``__MACOSX``)."""
    return name.startswith((".", "__MACOSX/")) or "/." in name or "/__MACOSX/" in name


def is_image_name(name: str) -> bool:
    """Whether the suffix is that of a supported image format."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # ten times faster than Path.suffix


def _listing(origin: Path, names: list[str], read: Callable[[str], bytes]) -> Listing:
    kept = sorted(name for name in names if not is_ignored(name))
    return Listing(origin, tuple(filter(is_image_name, kept)), tuple(n for n in kept if not is_image_name(n)), read)


def _of_folder(path: Path) -> Listing:
    names, seen = [], set()
    for folder, subfolders, files in os.walk(path, followlinks=True, onerror=_raise):
        real = os.path.realpath(folder)
        if real in seen:  # a link to a parent folder would never end
            subfolders.clear()
            continue
        seen.add(real)
        inside = Path(folder).relative_to(path)
        names += [(inside / file).as_posix() for file in files]
        # A folder called x.png is listed as an image, so that the error of reading it names it.
        names += [(inside / name).as_posix() for name in subfolders if is_image_name(name)]
    return _listing(path, names, lambda name: _read_file(path / name))


def _read_file(path: Path) -> bytes:
    if path.is_symlink() and not path.exists():
        raise BadImage("a broken link")
    if path.is_dir():
        raise BadImage("a folder whose name ends like an image")
    return path.read_bytes()


def _of_zip(path: Path) -> Listing:
    try:
        archive = zipfile.ZipFile(path)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile:
        raise UserError(
            f"{path} is neither a folder nor a valid zip file; give a folder or a zip file of images."
        ) from None
    by_name = {info.filename: info for info in infos}
    return _listing(path, list(by_name), lambda name: _read_member(archive, by_name[name]))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & 1:
        raise BadImage("encrypted; unpack the zip first")
    if info.file_size > MAX_MEMBER_BYTES:
        raise BadImage(f"unpacks to {info.file_size:,} bytes, above {MAX_MEMBER_BYTES:,}")
    try:
        return archive.read(info)
    except Exception as error:  # a damaged zip raises BadZipFile, zlib.error, EOFError, NotImplementedError
        raise BadImage(f"damaged in the zip ({error})") from None


def _classes(path: Path, names: tuple[str, ...]) -> Classes | None:
    parts = [name.split("/") for name in names]
    while len({p[0] for p in parts}) == 1 and all(len(p) > 2 for p in parts):
        parts = [p[1:] for p in parts]  # archives often contain one folder that holds everything
    depths = {len(p) > 1 for p in parts}
    if depths == {False}:
        return None
    if len(depths) == 2:
        loose = next(name for name, p in zip(names, parts, strict=True) if len(p) == 1)
        raise UserError(
            f"{path} has images in class folders and next to them ({loose}); move all images into class folders, or "
            f"none."
        )
    class_names, labels = np.unique(np.array([p[0] for p in parts]), return_inverse=True)
    return Classes(labels.astype(np.int64), tuple(str(name) for name in class_names))


def _hash(path: Path, found: Listing, progress: Progress) -> str:
    if path.is_file():
        with path.open("rb") as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()

    def one(row: int) -> str:
        try:
            return blake2b(found.read(found.images[row]), digest_size=16).hexdigest()
        except (BadImage, OSError):
            return "unreadable"  # reported later, together with the other bad images

    hashes, _ = for_every(len(found.images), one, "reading files", progress)
    return digest(found.images, hashes)


def _raise(error: OSError) -> None:
    raise error
