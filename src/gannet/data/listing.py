"""List the images of a folder or an archive, in the same order on every machine."""

from __future__ import annotations

import errno
import os
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path

from gannet.data.archives import members
from gannet.data.base import Progress
from gannet.data.decode import SUFFIXES, BadImage, Header, header
from gannet.data.digest import digest
from gannet.data.file_digests import file_digests
from gannet.data.folder_structure import structure
from gannet.data.label_files import NAMES as LABEL_FILES
from gannet.data.label_files import labels_in
from gannet.data.undecoded_images import ImageFiles
from gannet.errors import UserError
from gannet.files import read_regular

MAX_FILE_BYTES = 2**31
"""A larger file is not read into memory; no image is this large."""
JUNK_FOLDERS = frozenset(
    ("__macosx", "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot", "@tmp", "$recycle.bin")
) | {"lost+found", "__pycache__", "system volume information"}
JUNK_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"})
NUM_NAMED = 5


@dataclass(frozen=True)
class Listing:
    """The files of a folder or archive: names of images and of other files, relative, with ``/``, sorted."""

    origin: Path
    images: tuple[str, ...]
    others: tuple[str, ...]
    """Files whose names do not end like an image."""
    read: Callable[[str], bytes]


def listing(path: Path) -> Listing:
    """List the folder or archive at ``path`` without hidden files and the junk of operating systems and NAS boxes.

    Raises:
        UserError: the path does not exist, cannot be read, or is neither a folder nor an archive.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.is_file():
            return _listing(path, *members(path))
    except PermissionError as error:
        raise UserError(
            f"{error.filename or path} cannot be read: permission denied. Allow reading it (chmod -R u+rX)."
        ) from None
    raise UserError(f"{path} does not exist; give a folder, a zip file or a tar file of images.")


def read_listing(path: Path, progress: Progress, *, label: str | None = None) -> ImageFiles:
    """The images at ``path``: folders of splits if their names say so, then one folder per class, or no folders and no
    classes.

    Args:
        path: a folder or archive.
        progress: called as files are read.
        label: the attribute of dataset.json or metadata files that is the class, see :func:`labels_in`.

    Raises:
        UserError: no images, images both in class folders and next to them, or labels that do not fit.
    """
    found = listing(path)
    if not found.images:
        raise UserError(
            f"{path} contains no images{_others(found)}; expected .png, .jpg or other image files, in one folder per "
            f"class or without folders."
        )
    names = found.images
    inside = structure(path, names)
    labels = labels_in(found, label, inside.splits, has_folders=inside.classes is not None)
    classes = labels.classes or inside.classes
    kept = _FirstReading(found.read)
    if path.is_file():
        with path.open("rb") as file:
            content_hash, digests = file_digest(file, lambda: blake2b(digest_size=16)).hexdigest(), None
    else:
        digests = file_digests(path, names, kept.read_first, progress)
        content_hash = digest(names, digests)
    if labels.classes is not None:
        content_hash = digest(content_hash, label, labels.classes.labels.tolist())
    return ImageFiles(
        str(path),
        content_hash,
        classes,
        names,
        lambda row: kept.read(names[row]),
        head=lambda row: kept.header(names[row]),
        splits=inside.splits,
        notes=(*_left_out(found), *labels.notes),
        digests=digests,
        free=kept.forget,
    )


def is_ignored(name: str) -> bool:
    """Whether a relative name is hidden, or junk of an operating system or a NAS box."""
    folder, _, file = name.rpartition("/")
    return file.startswith(".") or file.lower() in JUNK_FILES or _is_junk(folder)


@lru_cache
def _is_junk(folder: str) -> bool:
    return any(part.startswith(".") or part in JUNK_FOLDERS for part in folder.lower().split("/"))


def is_image_name(name: str) -> bool:
    """Whether the suffix is that of a supported image format."""
    return name[name.rfind(".") :].lower() in SUFFIXES  # twenty times faster than Path.suffix


class _FirstReading:
    """What is kept of files until they are decoded: all bytes of a small set, so that each file is read once; of a
    larger set the headers, so that each file is read twice.
    """

    budget = 128 * 2**20

    def __init__(self, read: Callable[[str], bytes]) -> None:
        self._read, self._room = read, self.budget
        self._blobs, self._headers = dict[str, bytes](), dict[str, Header]()

    def read_first(self, name: str) -> bytes:
        """Read a file that will be decoded later."""
        blob = self._read(name)
        with suppress(BadImage):  # reported with the other bad images
            self._headers[name] = header(blob)
        self._room -= len(blob)
        if self._room >= 0:
            self._blobs[name] = blob
        else:
            self._blobs.clear()
        return blob

    def read(self, name: str) -> bytes:
        """Read a file."""
        kept = self._blobs.get(name)
        return self._read(name) if kept is None else kept

    def header(self, name: str) -> Header:
        """Size and colour; raises :class:`BadImage`."""
        return self._headers.get(name) or header(self.read(name))

    def forget(self) -> None:
        """Free the memory."""
        self._blobs.clear()
        self._headers.clear()


def _listing(origin: Path, names: Sequence[str], read: Callable[[str], bytes]) -> Listing:
    images, others = [], []
    for name in sorted(name for name in names if not is_ignored(name)):
        (images if is_image_name(name) else others).append(name)
    return Listing(origin, tuple(images), tuple(others), read)


def _left_out(found: Listing) -> tuple[str, ...]:
    """A sentence that counts the files that are not images by their suffix; none without such files."""
    others = [name for name in found.others if name.rpartition("/")[2] not in LABEL_FILES]
    if not others:
        return ()
    counts = Counter(os.path.splitext(name)[1].lower() or "without a suffix" for name in others)
    kinds = ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common(NUM_NAMED))
    more = f" and {len(counts) - NUM_NAMED} other kinds" if len(counts) > NUM_NAMED else ""
    what = "file is" if len(others) == 1 else "files are"
    return (
        f"{found.origin}: {len(others)} {what} left out, because the name does not end like an image ({kinds}{more}; "
        f"the first is {others[0]}).",
    )


def _others(found: Listing) -> str:
    if not found.others:
        return ""
    return f" ({len(found.others)} other files, the first {found.others[0]})"


def _of_folder(path: Path) -> Listing:
    names, seen, root = [], set(), os.fspath(path)
    for folder, subfolders, files in os.walk(root, followlinks=True, onerror=_raise):
        real = os.path.realpath(folder)
        if real in seen:  # a link to a parent folder would never end
            subfolders.clear()
            continue
        seen.add(real)
        inside = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if inside == "." else f"{inside}/"
        subfolders[:] = [name for name in subfolders if not is_ignored(f"{prefix}{name}/x")]
        names += [f"{prefix}{file}" for file in files]
        # A folder called x.png is listed as an image, so that the error of reading it names it.
        names += [f"{prefix}{name}" for name in subfolders if is_image_name(name)]
    return _listing(path, names, lambda name: read_file(path / name))


def read_file(path: Path) -> bytes:
    """The bytes of an image or of a file of labels.

    Raises:
        BadImage: a broken link, a folder, a pipe, a device, or too large.
        OSError: it cannot be read.
    """
    try:
        return read_regular(path, MAX_FILE_BYTES)
    except OSError as error:
        if path.is_dir():
            raise BadImage("a folder whose name ends like an image") from None
        if isinstance(error, FileNotFoundError) and path.is_symlink():
            raise BadImage("a broken link") from None
        if error.errno in (errno.EINVAL, errno.EFBIG):
            raise BadImage(str(error.strerror)) from None
        raise


def _raise(error: OSError) -> None:
    raise error
