"""DATA on the command line, sets by name, Hugging Face sets, and the checks of files."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannet.data.base import silent
from gannet.data.cifar10 import Cifar10
from gannet.data.digits import Digits
from gannet.data.folder import Folder
from gannet.data.huggingface import Huggingface
from gannet.data.inspect import Finding, check, describe
from gannet.data.mnist import Mnist
from gannet.data.resolve import source_for
from gannet.data.ring import Ring
from gannet.errors import UserError


def _picture(seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (12, 12, 3), dtype=np.uint8))


def test_names_stand_for_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring").mkdir()
    assert source_for("ring") == ("ring", {})
    assert source_for("swiss_roll") == source_for("swiss-roll") == ("swiss-roll", {})
    assert source_for("./ring") == ("folder", {"path": "ring"})
    assert source_for("hf:owner/name") == ("huggingface", {"path": "owner/name"})


def test_a_folder_with_the_name_of_a_format_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert source_for("folder") == ("folder", {})
    for name in ("shards", "folder", "idx", "npz"):
        (tmp_path / name).mkdir()
        assert source_for(name) == ("folder", {"path": name})
        assert source_for(name, has_path=True) == (name, {})


def test_paths_are_looked_at(tmp_path: Path) -> None:
    (tmp_path / "idx").mkdir()
    (tmp_path / "idx" / "t10k-images-idx3-ubyte.gz").write_bytes(b"")
    (tmp_path / "saved").mkdir()
    (tmp_path / "saved" / "state.json").write_text("{}")
    for name in ("p.csv", "p.txt", "p.zip", "p.parquet"):
        (tmp_path / name).write_text("")
    np.savez(tmp_path / "points.npz", x=np.zeros((3, 2)))
    np.savez(tmp_path / "images.npz", x=np.zeros((3, 8, 8), np.uint8))
    expected = {
        "idx": "idx",
        "saved": "huggingface",
        "p.csv": "csv-file",
        "p.txt": "csv-file",
        "p.zip": "folder",
        "p.parquet": "csv-file",
        "points.npz": "npz-points",
        "images.npz": "npz",
    }
    assert {name: source_for(str(tmp_path / name))[0] for name in expected} == expected


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("rign", r"'rign' is not the name of a data set, and the path does not exist\. Did you mean 'ring'\?"),
        ("qqqqq", "Allowed: captioned-digits, checkerboard, cifar10"),
        ("./no/such/folder", r"the path does not exist\.$"),
        ("hf:a/b/c", "write hf:owner/name"),
        ("x" * 5000, "does not exist"),
    ],
)
def test_what_is_nothing_gets_a_hint(text: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        source_for(text)


def test_files_of_other_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.docx").write_text("x")
    with pytest.raises(UserError, match="has an unsupported format"):
        source_for(str(tmp_path / "a.docx"))
    (tmp_path / "train-labels-idx1-ubyte").write_text("x")
    with pytest.raises(UserError, match="give its folder"):
        source_for(str(tmp_path / "train-labels-idx1-ubyte"))


def test_a_run_and_its_frames_are_no_data(trained) -> None:
    run = trained("images")
    for path in (run, run / "frames"):
        with pytest.raises(UserError, match=r"belongs to a run and is not data.*gannet sample"):
            source_for(str(path))


def test_named_sets_come_from_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANNET_DATA", str(tmp_path))
    names = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
    with zipfile.ZipFile(tmp_path / "cifar10-train.zip", "w") as archive:
        for i, name in enumerate(reversed(names)):
            _picture(i).save(tmp_path / "one.png")
            archive.write(tmp_path / "one.png", f"{name}/1.png")
    table = Cifar10().open(silent)
    assert table.class_names == names
    assert table.labels is not None
    assert table.labels.tolist() == list(range(10))


def test_named_sets_that_are_nowhere_say_what_was_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gannet.data.huggingface._reachable", lambda address: False)
    monkeypatch.delenv("GANNET_DATA", raising=False)
    with pytest.raises(
        UserError, match=r"GANNET_DATA \(not set\) nor on the Hugging Face hub as ylecun/mnist .*Set GANNET_DATA"
    ):
        Mnist().open(silent)
    monkeypatch.setenv("GANNET_DATA", str(tmp_path))
    with pytest.raises(UserError, match=r"neither in .*mnist-test\.zip nor on the Hugging Face hub as ylecun"):
        Mnist(split="test").open(silent)
    with pytest.raises(UserError, match=r"'owner/no-such-set', split 'train', cannot be loaded"):
        Huggingface(path="owner/no-such-set").open(silent)


@pytest.fixture(scope="module")
def hub_set(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from datasets import ClassLabel, Dataset, Features
    from datasets import Image as ImageFeature

    folder = tmp_path_factory.mktemp("hub")
    columns = {"picture": [_picture(i) for i in range(6)], "kind": [0, 1, 2, 0, 1, 2]}
    rows = Dataset.from_dict(
        columns, features=Features({"picture": ImageFeature(), "kind": ClassLabel(names=["a", "b", "c"])})
    )
    rows.save_to_disk(str(folder / "saved"))
    rows.to_parquet(str(folder / "set.parquet"))
    Dataset.from_dict({"text": ["a", "b"]}).save_to_disk(str(folder / "words"))
    return folder


def test_hugging_face_sets_saved_and_parquet(hub_set: Path) -> None:
    saved, parquet = (Huggingface(path=str(hub_set / name)).open(silent) for name in ("saved", "set.parquet"))
    for table in (saved, parquet):
        assert table.class_names == ("a", "b", "c")
        assert table.labels is not None
        assert table.labels.tolist() == [0, 1, 2, 0, 1, 2]
        assert np.array_equal(table.pixels[4].permute(1, 2, 0).numpy(), np.asarray(_picture(4)))
    assert saved.content_hash == parquet.content_hash
    chosen = Huggingface(path=str(hub_set / "saved"), classes="c", size=16).open(silent)
    assert (chosen.size, chosen.shape) == (2, (3, 16, 16))


def test_hugging_face_sets_without_images(hub_set: Path) -> None:
    with pytest.raises(UserError, match="no column of images; its columns are text"):
        Huggingface(path=str(hub_set / "words")).open(silent)


def test_one_image_is_called_one(tmp_path: Path) -> None:
    _picture(0).save(tmp_path / "one.png")
    with pytest.raises(UserError, match="found 1 image; at least 2 are needed"):
        Folder(path=str(tmp_path)).open(silent)


def test_describe_counts_the_classes() -> None:
    digits = describe(Digits(classes="0,1").open(silent), "digits")
    assert digits.classes == {"0": 178, "1": 182}  # counts of the UCI test set
    assert (digits.kind, digits.shape, digits.rows) == ("images", (1, 8, 8), 360)
    ring = describe(Ring(count=2).open(silent), "ring")
    assert (ring.rows, ring.classes) == (None, {"0": None, "1": None})


def _odd_folder(path: Path) -> Path:
    path.mkdir()
    image = _picture()
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(path / "good.png")
    image.save(path / "same.png")
    image.save(path / "turned.jpg", exif=exif)
    image.convert("CMYK").save(path / "ink.jpg")
    image.convert("P").save(path / "palette.bmp")
    image.convert("RGBA").save(path / "alpha.png")
    Image.fromarray(np.full((12, 12), 30000, np.uint16)).save(path / "deep.png")
    _picture(1).save(path / "moving.gif", save_all=True, append_images=[_picture(2)])
    Image.new("RGB", (4, 20)).save(path / "small.png")
    Image.new("1", (9000, 9000)).save(path / "bomb.png")
    (path / "cut.png").write_bytes((path / "good.png").read_bytes()[:200])
    (path / "empty.jpg").write_bytes(b"")
    (path / "letter.png").write_text("to the reader")
    (path / "notes.txt").write_text("hello")
    return path


def _short(findings: list[Finding]) -> set[tuple[str, str, bool]]:
    return {
        (finding.path, finding.problem.split(";")[0].split("(")[0].split(":")[0].strip(), finding.fatal)
        for finding in findings
    }


def test_check_reports_every_odd_file(tmp_path: Path) -> None:
    expected = {
        ("same.png", "exact duplicate of good.png", False),
        ("turned.jpg", "EXIF-rotated", False),
        ("ink.jpg", "CMYK", False),
        ("palette.bmp", "palette", False),
        ("alpha.png", "alpha", False),
        ("deep.png", "16-bit", False),
        ("moving.gif", "palette", False),
        ("moving.gif", "animated", False),
        ("small.png", "only 4 x 20 pixels", True),
        ("bomb.png", "a decompression bomb", True),
        ("cut.png", "truncated", True),
        ("empty.jpg", "the file is empty", True),
        ("letter.png", "not a PNG, JPEG, BMP, GIF, WEBP, TIFF or other image that Pillow reads", True),
        ("notes.txt", "the name does not end like an image", False),
    }
    folder = _odd_folder(tmp_path / "in")
    findings = check(folder, silent)
    assert _short(findings) == expected
    assert [f.path for f in findings] == sorted(f.path for f in findings)
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    assert _short(check(tmp_path / "in.zip", silent)) == expected


def test_check_and_training_agree_on_what_is_fatal(tmp_path: Path) -> None:
    folder = _odd_folder(tmp_path / "in")
    fatal = [finding.path for finding in check(folder, silent) if finding.fatal]
    with pytest.raises(UserError, match="5 of 13 images"):
        Folder(path=str(folder)).open(silent)
    for name in fatal:
        (folder / name).unlink()
    assert Folder(path=str(folder)).open(silent).size == 8


def test_check_of_other_formats(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("1,2\n3,4\n")
    (tmp_path / "bad.csv").write_text("1,2\n3,x\n")
    (tmp_path / "fake.zip").write_text("no zip")
    (tmp_path / "nothing").mkdir()
    assert check(tmp_path / "good.csv", silent) == []
    assert [f.problem.partition(". ")[0] for f in check(tmp_path / "bad.csv", silent)] == [
        "line 2: 'x' is not a finite number"
    ], "its name is said once"
    assert [f.fatal for f in check(tmp_path / "fake.zip", silent)] == [True]
    assert _short(check(tmp_path / "nothing", silent)) == {(str(tmp_path / "nothing"), "contains no images", True)}
    with pytest.raises(UserError, match="does not exist"):
        check(tmp_path / "none", silent)
