"""Shards: what `gannet data prepare` writes and what is read from tar files of others. The oracles are tarfile, Pillow
and hashlib.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zlib
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_array_equal
from PIL import Image
from support.real_runs import KILL, Person, train

from gannet.cli import run
from gannet.config.plan import source_from_keys
from gannet.data import shard_scan
from gannet.data.base import Dataset, silent
from gannet.data.resolve import source_for
from gannet.data.shard_files import INDEX, MANIFEST, RECORD
from gannet.data.shard_order import ShardOrder
from gannet.data.shard_writing import Prepared, prepare
from gannet.errors import UserError
from gannet.sessions.resume import resume
from gannet.training import checkpoint

CPU = torch.device("cpu")
NUM_IMAGES = 40
SHARD_BYTES = 20_000
"""About eight images."""


def pixels(seed: int, side: int = 9) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


def png(array: np.ndarray, form: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, form)
    return file.getvalue()


def write_tar(path: Path, members: dict[str, bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(path, "w") as archive:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def images_in(path: Path) -> list[tuple[bytes, int | None]]:
    """Pixels and class of every sample of a shard, as tarfile and Pillow read them."""
    found: dict[str, dict[str, bytes]] = defaultdict(dict)
    with tarfile.open(path) as archive:
        for member in archive:
            key, _, suffix = member.name.partition(".")
            file = archive.extractfile(member)
            assert file is not None
            found[key][suffix] = file.read()
    return [
        (np.asarray(Image.open(io.BytesIO(sample["png"]))).tobytes(), int(sample["cls"]) if "cls" in sample else None)
        for sample in found.values()
    ]


def opened(path: Path, **keys: object) -> Dataset:
    return source_from_keys(str(path), {f"data.{key}": value for key, value in keys.items()})[1].open(silent)


def prepared(data: Path, out: Path, progress=silent, **keys: object) -> Prepared:
    source = source_from_keys(str(data), {f"data.{key}": value for key, value in keys.items()})[1]
    return prepare(source, out, shard_bytes=SHARD_BYTES, progress=progress)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes in folders."""
    folder = tmp_path_factory.mktemp("shards") / "photos"
    for i in range(NUM_IMAGES):
        path = folder / ("cat" if i % 4 else "dog") / f"{i}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(pixels(i)))
    return folder


@pytest.fixture(scope="module")
def once(photos: Path) -> Path:
    """Prepared once; tests that damage it copy it."""
    out = photos.parent / "shards"
    prepared(photos, out)
    return out


@pytest.fixture
def shards(once: Path, tmp_path: Path) -> Path:
    return shutil.copytree(once, tmp_path / "shards")


def test_shards_hold_the_images_and_the_manifest_what_they_hold(photos: Path, once: Path) -> None:
    manifest = json.loads((once / MANIFEST).read_text())
    files = sorted(once.glob("*.tar"))
    assert [shard["file"] for shard in manifest["shards"]] == [path.name for path in files]
    assert len(files) > 3
    stored = [image for path in files for image in images_in(path)]
    expected = [
        (np.asarray(Image.open(path)).tobytes(), ["cat", "dog"].index(path.parent.name))
        for path in photos.glob("*/*.png")
    ]
    assert sorted(stored) == sorted(expected)
    assert stored != sorted(stored, key=lambda image: image[1]), "classes are mixed"
    assert manifest["complete"]
    assert manifest["classes"] == ["cat", "dog"]
    assert manifest["class_counts"] == {"train": [30, 10]}
    assert (manifest["channels"], manifest["height"], manifest["width"]) == (3, 9, 9)
    for shard, path in zip(manifest["shards"], files, strict=True):
        assert shard["hash"] == hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        assert shard["bytes"] == path.stat().st_size
        assert shard["samples"] == len(images_in(path))
    index = np.load(once / INDEX)
    assert index.dtype == RECORD
    start = 0
    for shard, path in zip(manifest["shards"], files, strict=True):
        for record, (raw, label) in zip(index[start : start + shard["samples"]], images_in(path), strict=True):
            blob = path.read_bytes()[record["offset"] :][: record["size"]]
            assert np.asarray(Image.open(io.BytesIO(blob))).tobytes() == raw
            assert (record["crc32"], record["label"]) == (zlib.crc32(blob), label)
        start += shard["samples"]


def test_training_sees_the_pixels_of_the_folder(photos: Path, tmp_path: Path) -> None:
    keys = {"size": "12x8", "fit": "pad", "channels": 1}
    prepared(photos, tmp_path / "out", **keys)
    here, there = opened(tmp_path / "out"), opened(photos, **keys)
    assert here.shape == there.shape == (1, 8, 12)
    assert here.class_counts == there.class_counts == (30, 10)
    images, labels = here.reference(1000, seed=0)
    others, other_labels = there.reference(1000, seed=0)

    def rows(pixels: np.ndarray, classes: np.ndarray | None) -> list[tuple[int, bytes]]:
        assert classes is not None
        return sorted(zip(classes.tolist(), (image.tobytes() for image in pixels), strict=True))

    assert rows(images, labels) == rows(others, other_labels)


def test_a_held_out_share_and_chosen_classes_are_written_as_splits(photos: Path, tmp_path: Path) -> None:
    made = prepared(photos, tmp_path / "out", test=0.25, classes="cat").manifest
    assert {shard.split for shard in made.shards} == {"train", "test"}
    train_set, test_set = opened(tmp_path / "out"), opened(tmp_path / "out", split="test")
    sizes = [opened(photos, test=0.25, classes="cat", split=split).size for split in ("train", "test")]
    assert [train_set.size, test_set.size] == sizes
    assert train_set.class_names == ("cat",)
    held_out = source_from_keys(str(tmp_path / "out"), {})[1].held_out()
    assert held_out is not None
    assert held_out.open(silent).content_hash == test_set.content_hash != train_set.content_hash
    both = {image.tobytes() for dataset in (train_set, test_set) for image in dataset.reference(99, seed=0)[0]}
    assert len(both) == 30, "no image is in both splits"


class Interrupted(Exception):
    pass


def test_a_repeated_command_continues(photos: Path, once: Path, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("gannet.data.shard_writing.NUM_AT_ONCE", 5)

    def stop(what: str, done: int, total: int) -> None:
        if "writing" in what and done > 20:
            raise Interrupted

    out = tmp_path / "out"
    with pytest.raises(Interrupted):
        prepared(photos, out, stop)
    kept = contents(out)
    assert 1 < len(kept) < len(contents(once))
    assert all(name == MANIFEST or kept[name] == contents(once)[name] for name in kept), "nothing is half-written"
    with pytest.raises(UserError, match=r"is unfinished: it holds \d shards so far"):
        opened(out)
    (out / "train-000000.tar").unlink()
    assert prepared(photos, out).num_written == len(list(once.glob("*.tar"))) - (len(kept) - 2)
    assert contents(out) == contents(once)
    assert prepared(photos, out).num_written == 0
    damaged = bytearray((out / "train-000001.tar").read_bytes())
    damaged[700] ^= 1
    (out / "train-000001.tar").write_bytes(damaged)
    assert prepared(photos, out).num_written == 1
    assert contents(out) == contents(once)


def test_the_folder_of_other_shards_is_not_overwritten(photos: Path, shards: Path, tmp_path: Path) -> None:
    before = contents(shards)
    with pytest.raises(UserError, match="holds shards of other data, or with other keys"):
        prepared(photos, shards, size=16)
    assert contents(shards) == before
    with pytest.raises(UserError, match="holds other files"):
        prepared(photos, photos)
    with pytest.raises(UserError, match=r"data\.flip cannot be prepared"):
        prepared(photos, tmp_path / "new", flip="true")
    assert not (tmp_path / "new").exists()


def test_bad_images_are_refused_or_left_out(photos: Path, tmp_path: Path) -> None:
    shutil.copytree(photos, tmp_path / "photos")
    bad = tmp_path / "photos" / "cat" / "1.png"
    bad.write_bytes(bad.read_bytes()[:150])  # the header is intact
    with pytest.raises(UserError, match=r"1 of 40 images cannot be used \(cat/1.png: truncated"):
        prepared(tmp_path / "photos", tmp_path / "out")
    made = prepared(tmp_path / "photos", tmp_path / "out", on_bad="skip").manifest
    assert sum(shard.samples for shard in made.shards) == 39
    assert made.notes == ("1 of 40 images were left out, because they cannot be used.",)


def webdataset(folder: Path) -> None:
    """As the library webdataset writes: JPEG images, classes as numbers, and members that are not read."""
    for name, numbers in (("set-train-000.tar", range(6)), ("set-train-001.tar", range(6, 9)), ("val.tar", (20, 21))):
        members = {}
        for i in numbers:
            members[f"a/{i:04}.cls"] = str(10 * (i % 2)).encode()
            members[f"a/{i:04}.jpg"] = png(pixels(i, 16), "JPEG")
            members[f"a/{i:04}.txt"] = b"a caption"
        write_tar(folder / name, members)


def test_tar_files_of_others_are_read(tmp_path: Path) -> None:
    webdataset(tmp_path)
    assert source_for(str(tmp_path))[0] == "shards"
    dataset, held_out = opened(tmp_path), opened(tmp_path, split="val")
    assert (dataset.size, dataset.class_names, dataset.class_counts) == (9, ("0", "10"), (5, 4))
    assert (held_out.size, dataset.shape) == (2, (3, 16, 16))
    assert any("not read: .txt" in note for note in dataset.notes)
    images, labels = dataset.reference(9, seed=3)
    assert labels is not None
    expected = {np.asarray(Image.open(io.BytesIO(png(pixels(i, 16), "JPEG")))).tobytes(): i % 2 for i in range(9)}
    assert {image.tobytes(): label for image, label in zip(images, labels.tolist(), strict=True)} == expected


def test_classes_in_json_members(tmp_path: Path) -> None:
    for number in range(2):
        members = {}
        for i in range(4):
            members[f"{number}{i}.png"] = png(pixels(i + 10 * number))
            members[f"{number}{i}.json"] = json.dumps({"label": "ab"[i % 2], "colour": i, "width": 9}).encode()
        write_tar(tmp_path / f"{number}.tar", members)
    assert opened(tmp_path).class_names == ("a", "b")
    assert opened(tmp_path, label="colour").class_names == ("0", "1", "2", "3")
    assert opened(tmp_path, label="").class_names == ()
    with pytest.raises(UserError, match="no JSON member has the key 'shape'"):
        opened(tmp_path, label="shape")
    write_tar(tmp_path / "2.tar", {"x.png": png(pixels(30))})
    with pytest.raises(UserError, match="1 of 9 images have no class; set data"):
        opened(tmp_path)


def test_images_of_any_size_and_depth_get_one_form(tmp_path: Path) -> None:
    write_tar(tmp_path / "sizes" / "0.tar", {f"{i}.png": png(pixels(i, 10 + i)) for i in range(3)})
    dataset = opened(tmp_path / "sizes")
    assert dataset.shape == (3, 64, 64)
    assert dataset.notes == (
        f"{tmp_path / 'sizes'}: images of different sizes become 64 x 64; edges may be cropped (data.fit).",
    )
    assert opened(tmp_path / "sizes", size=10).shape == (3, 10, 10)
    scan = np.full((8, 8), 4000, dtype=np.uint16)
    write_tar(tmp_path / "scans" / "0.tar", {f"{i}.png": png(scan) for i in range(2)})
    with pytest.raises(UserError, match="more than 8 bits, and their white level is unknown"):
        opened(tmp_path / "scans")
    assert opened(tmp_path / "scans", white=4000).reference(1, seed=0)[0].min() == 255
    prepared(tmp_path / "scans", tmp_path / "out")  # 4095 is white: 12 bits
    assert opened(tmp_path / "out").reference(1, seed=0)[0].min() == round(4000 / 4095 * 255)


@pytest.mark.slow
def test_parquet_files_are_prepared(photos: Path, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    columns = {"image": [str(path) for path in photos.glob("cat/*.png")]}
    rows = datasets.Dataset.from_dict(columns).cast_column("image", datasets.Image())
    rows.to_parquet(str(tmp_path / "images.parquet"))
    assert sum(shard.samples for shard in prepared(tmp_path / "images.parquet", tmp_path / "out").manifest.shards) == 30
    expected = {np.asarray(Image.open(path)).tobytes() for path in columns["image"]}
    assert {image.tobytes() for image in opened(tmp_path / "out").reference(30, seed=0)[0]} == expected


def test_the_index_of_unchanged_tar_files_is_not_made_again(tmp_path: Path, monkeypatch) -> None:
    webdataset(tmp_path)
    before = opened(tmp_path).content_hash
    scan, scans = shard_scan._scan, []
    monkeypatch.setattr(shard_scan, "_scan", lambda *words: scans.append(words) or scan(*words))
    assert opened(tmp_path).content_hash == before
    assert not scans
    write_tar(tmp_path / "val.tar", {"b.cls": b"0", "b.jpg": png(pixels(5), "JPEG")})
    assert opened(tmp_path).content_hash != before
    assert len(scans) == 1


@pytest.mark.parametrize("kind", ["truncated", "compressed", "text"])
def test_what_is_not_a_whole_tar_file_is_named(kind: str, tmp_path: Path) -> None:
    webdataset(tmp_path)
    bad = tmp_path / "set-train-001.tar"
    content = bad.read_bytes()
    wrong = {"truncated": content[:1700], "compressed": b"\x1f\x8b" + content, "text": b"not a tar file"}
    bad.write_bytes(wrong[kind])
    with pytest.raises(UserError, match=r"set-train-001.tar is not a complete, uncompressed tar file") as error:
        opened(tmp_path)
    assert len(error.value.problems) == 1


def test_hostile_tar_files_are_one_sentence(tmp_path: Path) -> None:
    huge = tarfile.TarInfo("0.png")
    huge.size = 2**40
    (tmp_path / "huge").mkdir()
    (tmp_path / "huge" / "0.tar").write_bytes(huge.tobuf() + bytes(4096))
    with pytest.raises(UserError, match=r"0\.tar is not a complete, uncompressed tar file"):
        opened(tmp_path / "huge")
    name = os.fsdecode(b"\xff.png")
    write_tar(tmp_path / "bytes" / "0.tar", {name: b"no image", "1.png": png(pixels(0))})
    with pytest.raises(UserError, match="1 image cannot be used"):
        opened(tmp_path / "bytes")
    write_tar(tmp_path / "names" / os.fsdecode(b"\xff.tar"), {"1.png": png(pixels(0)), "2.png": png(pixels(1))})
    with pytest.raises(UserError, match="rename"):
        opened(tmp_path / "names")
    write_tar(tmp_path / "json" / "0.tar", {"1.png": png(pixels(0)), "1.json": b"[" * 100_000})
    with pytest.raises(UserError, match=r"0\.tar: 1: the member \.json is not JSON"):
        opened(tmp_path / "json")
    (tmp_path / "empty").mkdir()
    write_tar(tmp_path / "empty" / "0.tar", {})
    with pytest.raises(UserError, match="found 0 images"):
        opened(tmp_path / "empty")


def test_bad_images_in_tar_files_are_named_and_can_be_left_out(tmp_path: Path) -> None:
    webdataset(tmp_path / "sets")
    write_tar(tmp_path / "sets" / "set-train-002.tar", {"bad.jpg": b"no image", "bad.cls": b"0"})
    with pytest.raises(UserError, match=r"1 image cannot be used \(set-train-002.tar: bad: not a PNG"):
        opened(tmp_path / "sets")
    prepared(tmp_path / "sets", tmp_path / "out", on_bad="skip")
    assert opened(tmp_path / "out").size == 9


def test_folders_of_images_stay_folders_also_with_a_tar_file(photos: Path, once: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(photos, tmp_path / "photos")
    shutil.copy(once / "train-000000.tar", folder / "backup.tar")
    assert source_for(str(folder))[0] == "folder"
    shutil.copy(once / "train-000000.tar", folder / "cat" / "backup.tar")
    assert source_for(str(folder / "cat"))[0] == "folder"
    for split in ("train", "val"):
        (tmp_path / "sets" / split).mkdir(parents=True)
        shutil.copy(once / "train-000000.tar", tmp_path / "sets" / split / "0.tar")
    assert source_for(str(tmp_path / "sets"))[0] == "shards"
    assert opened(tmp_path / "sets").size == opened(tmp_path / "sets", split="val").size


def test_every_epoch_shows_every_image_once_and_few_shards_at_a_time() -> None:
    first, counts = [100, 0, 30, 107, 50], [7, 11, 0, 13, 5]
    shard_of = {first[s] + i: s for s in range(5) for i in range(counts[s])}
    order = ShardOrder(first, counts, window=2)
    rows = np.concatenate([order.batch(9, seed=0, position=p) for p in range(8)]).tolist()
    assert sorted(rows[:36]) == sorted(rows[36:]) == sorted(shard_of)
    assert rows[:36] != rows[36:72]
    for epoch in (rows[:36], rows[36:]):
        seen = [shard_of[row] for row in epoch]
        spans = sorted((seen.index(s), 35 - seen[::-1].index(s)) for s in set(seen))
        assert sum(start <= 17 <= end for start, end in spans) <= 2, "at most two shards are in use"
    single = ShardOrder(first, counts, window=1)

    def shards_in_turn(seed: int, epoch: int) -> tuple[int, ...]:
        rows = single.batch(36, seed=seed, position=epoch).tolist()
        return tuple(dict.fromkeys(shard_of[row] for row in rows))

    assert len({shards_in_turn(seed, 0) for seed in range(4)}) > 1, "shards are permuted"
    assert len({shards_in_turn(0, epoch) for epoch in range(4)}) > 1, "permuted again in every epoch"
    assert rows[:36] != sorted(rows[:36], key=lambda row: shard_of[row]), "images of two shards are mixed"


def test_batches_do_not_depend_on_what_was_asked_before(once: Path) -> None:
    used = opened(once, window=2, flip="true")
    for position in (5, 0, 1, 2, 9):
        used.batch(7, seed=1, position=position, device=CPU)
        used.batch(8, seed=2, position=position, device=CPU)
    for position in (0, 1, 5):
        images, labels = used.batch(7, seed=1, position=position, device=CPU)
        others, other_labels = opened(once, window=2, flip="true").batch(7, seed=1, position=position, device=CPU)
        assert torch.equal(images, others)
        assert labels is not None
        assert torch.equal(labels, other_labels)


def test_missing_and_truncated_shards_are_named_before_training(shards: Path) -> None:
    (shards / "train-000001.tar").unlink()
    with (shards / "train-000002.tar").open("ab") as file:
        file.truncate(1000)
    with pytest.raises(UserError) as error:
        opened(shards)
    missing, short = error.value.problems
    assert "the shard train-000001.tar is missing. Copy the shard again" in missing
    assert "the shard train-000002.tar has 1,000 bytes instead of" in short
    shutil.rmtree(shards)
    with pytest.raises(UserError, match="does not exist"):
        opened(shards)


def _is_readable(shards: Path, position: int) -> bool:
    try:
        opened(shards).batch(2, seed=0, position=position, device=CPU)
    except UserError:
        return False
    return True


def test_a_damaged_shard_is_named_when_it_is_met(shards: Path, capsys) -> None:
    path = shards / "train-000001.tar"
    content = bytearray(path.read_bytes())
    content[int(np.load(shards / INDEX)["offset"][0]) + 60] ^= 1
    path.write_bytes(bytes(content))
    dataset = opened(shards)
    with pytest.raises(UserError) as error:
        _ = [dataset.batch(2, seed=0, position=position, device=CPU) for position in range(20)]
    assert error.match(r"image \d+ of the shard train-000001.tar: its bytes are not those that")
    assert len(error.value.problems) == 1
    used = [position for position in range(20) if _is_readable(shards, position)]
    assert len(used) == 19, "only the batch with that image fails"
    assert run(["data", "check", str(shards)]) == 2
    said = capsys.readouterr().out
    assert "of the shard train-000001.tar: its bytes are not those that were written" in said
    assert "1 damaged" in said


@pytest.mark.parametrize("name", [MANIFEST, INDEX])
@pytest.mark.parametrize("damage", ["cut", "flipped", "empty"])
def test_a_damaged_manifest_or_index_is_one_sentence(name: str, damage: str, shards: Path) -> None:
    content = bytearray((shards / name).read_bytes())
    content[len(content) - 9] ^= 255
    (shards / name).write_bytes({"cut": content[: len(content) // 2], "flipped": content, "empty": b""}[damage])
    with pytest.raises(UserError, match=f"{name} is (missing or )?damaged") as error:
        opened(shards)
    assert len(error.value.problems) == 1


def test_a_manifest_cannot_name_files_elsewhere(shards: Path) -> None:
    text = (shards / MANIFEST).read_text()
    (shards / MANIFEST).write_text(text.replace("train-000000.tar", "../photos/secret.tar"))
    with pytest.raises(UserError, match="is damaged, or is not the manifest of shards"):
        opened(shards)


@pytest.mark.parametrize("key", ["classes=cat", "test=0.5", "on_bad=skip", "labels=4"])
def test_what_shards_cannot_do_is_one_sentence(key: str, shards: Path) -> None:
    name, _, value = key.partition("=")
    with pytest.raises(UserError, match=rf"data\.{name} cannot be used") as error:
        opened(shards, **{name: value})
    assert len(error.value.problems) == 1


def test_a_killed_training_continues_bit_for_bit(once: Path, tmp_path: Path) -> None:
    keys = {"steps": 12, "batch_size": 9, "data.window": 2, "data.size": 8}
    keys |= {"checkpoint.every": 5, "frames.every": 0, "health.every": 0}
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(whole, str(once), "mlp-gan", **keys)
    train(killed, str(once), "mlp-gan", Person({8: [KILL]}), **keys)
    assert checkpoint.newest_first(killed / "checkpoints")[0].name == "step-000000005"
    resume(killed, Person())
    ends = [checkpoint.newest_first(path / "checkpoints")[0] for path in (whole, killed)]
    assert [end.name for end in ends] == ["step-000000012"] * 2
    for file in ends[0].glob("*.safetensors"):
        assert file.read_bytes() == (ends[1] / file.name).read_bytes()


def test_the_command_says_what_it_wrote(photos: Path, tmp_path: Path, capsys) -> None:
    assert run(["data", "prepare", str(photos), "-o", str(tmp_path / "out"), "--shard-mb", "0.02"]) == 0
    said = capsys.readouterr().out
    assert "out is complete; 4 of 4 shards are new." in said
    assert "train    40 images of 3 x 9 x 9 in 4 shards" in said
    assert run(["data", "info", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out
    assert "class    cat  30" in said
    assert run(["data", "prepare", str(photos)]) == 2
    assert "-o SHARDS" in capsys.readouterr().err
    assert_array_equal(opened(tmp_path / "out").class_counts, (30, 10))


@pytest.mark.slow
def test_memory_does_not_grow_with_the_set(tmp_path: Path) -> None:
    """One GB in shards of 16 MB, by the benchmark that is made with 20 GB."""
    script = Path(__file__).parents[2] / "benchmarks" / "shards.py"
    words = ["--gigabytes", "1", "--shard-mb", "16", "--steps", "40", "-o", tmp_path / "found.json"]
    subprocess.run([sys.executable, script, *map(str, words)], check=True, timeout=600)
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["more_peak_mb_than_one_shard"] < 2 * found["shard_mb"]
    assert found["resumed_equals_uninterrupted"]
