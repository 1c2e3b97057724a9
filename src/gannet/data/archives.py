"""The files inside a zip or tar archive, read without unpacking it."""

from __future__ import annotations

import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO

from gannet.data.decode import BadImage
from gannet.errors import UserError

MAX_MEMBER_BYTES = 512 * 2**20
"""A member can announce a size that fills the memory; no image is this large."""
SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
COPY_BYTES = 2**20
SPARE_BYTES = 2**30
"""Disk space that unpacking a compressed tar file leaves free."""


def is_archive(path: Path) -> bool:
    """Whether the name ends like that of a zip or tar file."""
    return path.name.lower().endswith(SUFFIXES)


def members(path: Path) -> tuple[list[str], Callable[[str], bytes]]:
    """The names of the files in an archive, with ``/`` even if Windows wrote backslashes, and a function to read one.

    Raises:
        UserError: neither a zip nor a tar file.
    """
    if path.name.lower().endswith(".zip") or zipfile.is_zipfile(path):
        return _of_zip(path)
    return _of_tar(path)


def _of_zip(path: Path) -> tuple[list[str], Callable[[str], bytes]]:
    try:
        archive = zipfile.ZipFile(path)
        infos = [info for info in archive.infolist() if info.filename and not info.is_dir()]  # is_dir needs a name
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise UserError(
            f"{path} is neither a folder nor a valid zip file; give a folder or a zip file of images."
        ) from None
    by_name = {_plain(info.filename): info for info in infos}
    return list(by_name), lambda name: _read_zipped(archive, by_name[name])


def _plain(name: str) -> str:
    return name.replace("\\", "/").removeprefix("./").lstrip("/")


def _read_zipped(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.flag_bits & 1:
        raise BadImage("encrypted; unpack the zip first")
    if info.file_size > MAX_MEMBER_BYTES:
        raise BadImage(f"unpacks to {info.file_size:,} bytes, above {MAX_MEMBER_BYTES:,}")
    try:
        return archive.read(info)
    except Exception as error:  # a damaged zip raises BadZipFile, zlib.error, EOFError, NotImplementedError
        raise BadImage(f"damaged in the zip ({error})") from None


def _of_tar(path: Path) -> tuple[list[str], Callable[[str], bytes]]:
    try:
        file = _unpacked(path)
        places: dict[str, tuple[int, int]] = {}
        with tarfile.open(fileobj=file, mode="r:") as archive:
            for member in archive:
                if member.isreg() and member.sparse is None:
                    places[_plain(member.name)] = member.offset_data, member.size
    except (tarfile.TarError, EOFError, zlib.error, ValueError, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        raise UserError(f"{path} is not a valid tar file ({error}); give a folder, a zip file or a tar file.") from None
    return list(places), lambda name: _read_at(file, *places[name])


def _read_at(file: IO[bytes], offset: int, size: int) -> bytes:
    if size > MAX_MEMBER_BYTES:
        raise BadImage(f"has {size:,} bytes, above {MAX_MEMBER_BYTES:,}")
    blob = os.pread(file.fileno(), size, offset)  # of several threads at once
    if len(blob) != size:
        raise BadImage("truncated at the end of the tar file")
    return blob


def _unpacked(path: Path) -> IO[bytes]:
    """A plain tar file; of a compressed one, an unnamed temporary copy, because only that can be read in any order."""
    if tarfile.is_tarfile(path):
        with path.open("rb") as start:
            magic = start.read(6)
        packed = {b"\x1f\x8b": "gzip", b"BZ": "bz2", b"\xfd7": "lzma"}.get(magic[:2])
        if packed is None:
            return path.open("rb")
        module = __import__(packed)
        copy = tempfile.TemporaryFile()  # noqa: SIM115 it lives as long as the archive
        with module.open(path) as source:
            while block := source.read(COPY_BYTES):
                if shutil.disk_usage(tempfile.gettempdir()).free < SPARE_BYTES:
                    raise OSError("it unpacks to more than the free space of the disk")
                copy.write(block)
        copy.seek(0)
        return copy
    raise tarfile.ReadError("it has no tar header")
