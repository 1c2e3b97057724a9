"""Which pictures a folder or a zip holds, in an order that every machine agrees on."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b, file_digest
from pathlib import Path

import numpy as np

from gannet.data.base import Progress
from gannet.data.decode import SUFFIXES, BadPicture
from gannet.data.digest import digest
from gannet.data.pictures import Classes, FilePictures, for_every
from gannet.errors import UserError

MAX_MEMBER_BYTES = 512 * 2**20
"""A zip can announce a member that fills the memory; no picture is this large."""


@dataclass(frozen=True)
class Listing:
    """The files of a folder or zip: picture names and all the rest, relative, with ``/``, sorted."""

    origin: Path
    pictures: tuple[str, ...]
    others: tuple[str, ...]
    """Files that are not pictures by their name."""
    read: Callable[[str], bytes]


def listing(path: Path) -> Listing:
    """What lies at ``path``, a folder or a zip; hidden files and ``__MACOSX`` are left out.

    Raises:
        UserError: nothing there, not allowed to read it, or not a zip.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.is_file():
            return _of_zip(path)
    except PermissionError as error:
        raise UserError(f"{error.filename or path} cannot be read: permission denied. Allow reading it (chmod -R u+rX).") from None
    raise UserError(f"{path} does not exist; give a folder or a zip of pictures.")


def read_listing(path: Path, progress: Progress) -> FilePictures:
    """The pictures at ``path``: one top-level folder for each class, or no folders and no classes.

    Raises:
        UserError: no pictures, or pictures both beside the class folders and in them.
    """
    found = listing(path)
    if not found.pictures:
        others = f" ({len(found.others)} other files)" if found.others else ""
        raise UserError(
            f"{path} holds no pictures{others}; expected {', '.join(sorted(SUFFIXES))} files, in one folder for each class or in none."
        )
    names = found.pictures
    content_hash = _hash(path, found, progress)
    return FilePictures(str(path), content_hash, _classes(path, names), names, lambda row: found.read(names[row]))


def is_ignored(name: str) -> bool:
    """Whether a relative name is hidden or an archive's own (``__MACOSX``)."""
    return name.startswith((".", "__MACOSX/")) or "/." in name or "/__MACOSX/" in name


def is_picture_name(name: str) -> bool:
    """Whether the ending is that of a format that is read."""
    return os.path.splitext(name)[1].lower() in SUFFIXES  # ten times faster than a Path


def _listing(origin: Path, names: list[str], read: Callable[[str], bytes]) -> Listing:
    kept = sorted(name for name in names if not is_ignored(name))
    return Listing(origin, tuple(filter(is_picture_name, kept)), tuple(n for n in kept if not is_picture_name(n)), read)


def _of_folder(path: Path) -> Listing:
    names, seen = [], set()
    for folder, subfolders, files in os.walk(path, followlinks=True, onerror=_raise):
        real = os.path.realpath(folder)
        if real in seen:  # a link that leads back would be walked for ever
            subfolders.clear()
            continue
        seen.add(real)
        inside = Path(folder).relative_to(path)
        names += [(inside / file).as_posix() for file in files]
        # A folder called x.png is listed as a picture, so that reading it gives an error that names it.
        names += [(inside / name).as_posix() for name in subfolders if is_picture_name(name)]
    return _listing(path, names, lambda name: _read_file(path / name))


def _read_file(path: Path) -> bytes:
    if path.is_symlink() and not path.exists():
        raise BadPicture("a link that leads nowhere")
    if path.is_dir():
        raise BadPicture("a folder with the name of a picture")
    return path.read_bytes()


def _of_zip(path: Path) -> Listing:
    try:
        archive = zipfile.ZipFile(path)
        infos = [info for info in archive.infolist() if not info.is_dir()]
    except zipfile.BadZipFile:
        raise UserError(f"{path} is neither a folder nor a sound zip; give a folder or a zip of pictures.") from None
    by_name = {info.filename: info for info in infos}
    return _listing(path, list(by_name), lambda name: _read_member(archive, by_name[name]))


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & 1:
        raise BadPicture("encrypted; unpack the zip first")
    if info.file_size > MAX_MEMBER_BYTES:
        raise BadPicture(f"unpacks to {info.file_size:,} bytes, above {MAX_MEMBER_BYTES:,}")
    try:
        return archive.read(info)
    except Exception as error:  # a damaged zip raises BadZipFile, zlib.error, EOFError, NotImplementedError
        raise BadPicture(f"damaged in the zip ({error})") from None


def _classes(path: Path, names: tuple[str, ...]) -> Classes | None:
    parts = [name.split("/") for name in names]
    while len({p[0] for p in parts}) == 1 and all(len(p) > 2 for p in parts):
        parts = [p[1:] for p in parts]  # an archive often wraps everything in one folder
    depths = {len(p) > 1 for p in parts}
    if depths == {False}:
        return None
    if len(depths) == 2:
        loose = next(name for name, p in zip(names, parts, strict=True) if len(p) == 1)
        raise UserError(f"{path} has pictures beside its class folders ({loose}) and in them; move all into class folders, or none.")
    class_names, labels = np.unique(np.array([p[0] for p in parts]), return_inverse=True)
    return Classes(labels.astype(np.int64), tuple(str(name) for name in class_names))


def _hash(path: Path, found: Listing, progress: Progress) -> str:
    if path.is_file():
        with path.open("rb") as file:
            return file_digest(file, lambda: blake2b(digest_size=16)).hexdigest()

    def one(row: int) -> str:
        try:
            return blake2b(found.read(found.pictures[row]), digest_size=16).hexdigest()
        except (BadPicture, OSError):
            return "unreadable"  # named later, together with the other bad pictures

    hashes, _ = for_every(len(found.pictures), one, "reading files", progress)
    return digest(found.pictures, hashes)


def _raise(error: OSError) -> None:
    raise error
