"""The meaning of the argument DATA of the command line."""

from __future__ import annotations

import os
from dataclasses import MISSING, fields
from pathlib import Path

from gannet.data.archives import is_archive
from gannet.data.caption_files import has_captions
from gannet.data.idx import is_idx_name
from gannet.data.npz_file import read_npz
from gannet.data.parquet_table import has_images
from gannet.data.shard_files import has_shards
from gannet.discovery import Component, canonical, components
from gannet.errors import UserError, did_you_mean, in_shell

FEWEST_FLAT = 64
"""Rows of this many numbers are flat images; fewer are points."""
TABLE_SUFFIXES = frozenset({".csv", ".tsv", ".txt"})


def source_for(text: str, *, has_path: bool = False) -> tuple[str, dict[str, str]]:
    """The name of the source and the fields that DATA sets.

    DATA is a name of ``gannet list data``, ``hf:owner/name`` for a data set on the Hugging Face hub, or else a path,
    whose content determines the source. A folder with the name of a source is given as ``./ring``; it is meant without
    the ``./`` if the source reads a path and no key gives one (``has_path``), as in ``gannet train shards``.

    Raises:
        UserError: neither a name nor an existing, readable path.
    """
    if not text:
        raise UserError("DATA is empty. Give the name of a data set, or a path.")
    name, path = canonical(text), Path(text).expanduser()
    component = components("data").get(name)
    if component and (has_path or not _needs_a_path(component) or not _exists(path)):
        return name, {}
    if text.startswith("hf:"):
        return "huggingface", {"path": _hub_name(text)}
    if not _exists(path):
        known = [name for name, component in components("data").items() if not _needs_a_path(component)]
        # A slash or a dot shows that a path was meant, so names of data sets would not help.
        hint = "" if _looks_like_a_path(text) else did_you_mean(text, known)
        raise UserError(f"{text!r} is not the name of a data set, and the path does not exist.{hint}")
    return _source_at(path), {"path": str(path)}


def _needs_a_path(component: Component) -> bool:
    return any(f.name == "path" and f.default is MISSING for f in fields(component.load()))


def _source_at(path: Path) -> str:
    if path.is_dir():
        return _source_in_folder(path)
    if not path.is_file():
        raise UserError(f"{path} is not a regular file, but a pipe, socket or device; give a file or a folder.")
    suffix = path.suffix.lower()
    if is_archive(path):
        return "captioned-folder" if has_captions(path) else "folder"
    if suffix in (".npz", ".npy"):
        samples, _ = read_npz(path, label="")
        return "npz-points" if samples.ndim == 2 and samples.shape[1] < FEWEST_FLAT else "npz"
    if suffix in TABLE_SUFFIXES:
        return "csv-file"
    if suffix == ".parquet":
        return "huggingface" if has_images(path) else "csv-file"
    if is_idx_name(path.name):
        return "idx"
    if "idx" in path.name or "ubyte" in path.name:
        raise UserError(f"{path} is one IDX file; give its folder, {path.parent}.")
    raise UserError(f"{path} has an unsupported format; give a folder, or a .zip, .tar, .csv, .npz or .parquet file.")


def _refuse_run(path: Path) -> None:
    """A run directory, or its frames: grids of samples that would be taken for images."""
    for run in (path, path.absolute().parent) if path.name == "frames" else (path,):
        if all((run / name).is_file() for name in ("run.json", "events.jsonl")):
            command = in_shell("gannet", "sample", run, "-n", "1000", "-o", "samples.npz")
            raise UserError(f"{path} belongs to a run and is not data. To use its samples as data: `{command}`.")


def _source_in_folder(path: Path) -> str:
    try:
        names = os.listdir(path)
        _refuse_run(path)
        if any(is_idx_name(name) for name in names):
            return "idx"
        if has_shards(path):
            return "shards"
        if any(name in ("state.json", "dataset_dict.json") or name.endswith(".parquet") for name in names):
            return "huggingface"
        return "captioned-folder" if has_captions(path) else "folder"
    except PermissionError:
        raise UserError(f"{path} cannot be read: permission denied. Allow reading it (chmod -R u+rX).") from None


def _hub_name(text: str) -> str:
    name = text.removeprefix("hf:").strip("/")
    if name.count("/") > 1 or not all(name.split("/")):
        raise UserError(f"{text!r} is not a name on the Hugging Face hub; write hf:owner/name.")
    return name


def _looks_like_a_path(text: str) -> bool:
    return "/" in text or "\\" in text or "." in text


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # the name is too long or contains a zero byte
        return False
