"""Shards of somebody else: what a manifest or an index announces is checked before it is used."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from test_data_hostile import CHECKS, EDITS, MANY, QUICK, edited, opened, reads_or_says_why, refused

from gannet.config.plan import source_from_keys
from gannet.data.base import silent
from gannet.data.shard_files import npy_bytes, read_manifest, write_manifest
from gannet.data.shard_writing import prepare


def write(source: Path, out: Path) -> None:
    prepare(source_from_keys(str(source), {})[1], out, shard_bytes=2000, progress=silent)


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    for number in range(6):
        (folder / "ab"[number % 2]).mkdir(exist_ok=True)
        Image.new("L", (8, 8), 30 * number).save(folder / "ab"[number % 2] / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def sound(images, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sound") / "shards"
    write(images, folder)
    return folder


@pytest.fixture
def shards(sound, tmp_path) -> Path:
    return Path(shutil.copytree(sound, tmp_path / "shards"))


def announce(folder: Path, change: Callable[[dict], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def set_index(folder: Path, name: str, value: int) -> None:
    """Change all images in an index whose hash is then right."""
    index = np.load(folder / "index.npy").copy()
    index[name] = value
    content = npy_bytes(index)
    (folder / "index.npy").write_bytes(content)
    announce(folder, lambda m: m.update(index_hash=blake2b(content, digest_size=16).hexdigest()))


MANIFESTS = {
    "a file outside": (lambda m: m["shards"][0].update(file="../secret.tar"), "manifest.json is damaged"),
    "a huge image": (lambda m: m.update(width=10**9), "manifest.json is damaged"),
    "seven channels": (lambda m: m.update(channels=7), "manifest.json is damaged"),
    "negative counts": (lambda m: m["shards"][0].update(samples=-1), "manifest.json is damaged"),
    "a split with control characters": (lambda m: m["shards"][0].update(split="\x1b"), "manifest.json is damaged"),
    "many images": (lambda m: m["shards"][0].update(samples=10**18), "index.npy is missing or damaged"),
    "other counts of classes": (lambda m: m.update(class_counts={"train": [3, -3]}), "index.npy is missing or damaged"),
    "fewer classes": (lambda m: m.update(classes=["a"]), "index.npy is missing or damaged"),
    "another content hash": (lambda m: m.update(content_hash="0"), "index.npy is missing or damaged"),
    "a huge shard": (lambda m: m["shards"][0].update(bytes=10**30), "bytes instead of"),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_that_lies_is_refused(shards, kind):
    change, sentence = MANIFESTS[kind]
    announce(shards, change)
    refused(shards, sentence)


@pytest.mark.parametrize(("name", "value"), [("size", 2**32 - 1), ("offset", 2**64 - 1), ("label", 2), ("label", -2)])
def test_an_index_that_lies_is_refused(shards, name, value):
    set_index(shards, name, value)
    refused(shards, r"index\.npy is missing or damaged")


def test_a_class_of_shards_without_classes_is_refused(shards):
    """The counts of classes, which are checked too, are empty of such shards."""
    index = np.load(shards / "index.npy")
    manifest = read_manifest(shards)
    assert manifest is not None
    assert (index["label"] >= 0).all()
    write_manifest(shards, manifest.model_copy(update={"classes": ()}).completed(index))
    refused(shards, r"index\.npy is missing or damaged")


@pytest.mark.parametrize("name", ["manifest.json", "index.npy", "train-000000.tar"])
def test_a_pipe_is_not_waited_for(shards, name):
    (shards / name).unlink()
    os.mkfifo(shards / name)
    refused(shards, "not a regular file|missing or damaged")


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/nowhere")])
def test_a_tar_file_that_cannot_be_read_is_named(sound, tmp_path, make):
    shutil.copy(sound / "train-000000.tar", tmp_path / "b.tar")
    make(tmp_path / "a.tar")
    refused(tmp_path, r"a\.tar cannot be read")


def test_prepare_does_not_keep_a_shard_with_other_images(images, shards, sound):
    """The counts of the manifest reserve no memory, and what does not fit is written again."""
    announce(shards, lambda m: (m.update(complete=False), m["shards"][0].update(samples=10**15)))
    write(images, shards)
    assert (shards / "manifest.json").read_bytes() == (sound / "manifest.json").read_bytes()
    opened(shards)


def mutated(folder: Path, name: str, edits: list[tuple[int, bytes, int]]) -> None:
    sound = (folder / name).read_bytes()
    (folder / name).write_bytes(edited(sound, edits))
    try:
        reads_or_says_why(lambda: opened(folder))
    finally:
        (folder / name).write_bytes(sound)


NAMES = ["manifest.json", "index.npy", "train-000000.tar"]


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=QUICK, deadline=None, suppress_health_check=CHECKS, derandomize=True, database=None)
@given(edits=EDITS)
def test_damaged_shards_are_data_or_one_sentence(shards, name, edits):
    mutated(shards, name, edits)
    (shards / "manifest.json").rename(shards / "kept")  # and as tar files of another program
    mutated(shards, "train-000000.tar", edits)
    (shards / "kept").rename(shards / "manifest.json")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=MANY, deadline=None, suppress_health_check=CHECKS, database=None)
@given(edits=EDITS)
def test_many_damaged_shards_are_data_or_one_sentence(shards, name, edits):
    mutated(shards, name, edits)
