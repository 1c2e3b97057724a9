"""What people bring: images of many formats, folders, labels and levels. Pillow is the oracle for pixels."""

from __future__ import annotations

import json
import os
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from support.data_cases import SIDE, SIX, grid, opened, pixels, save

from gannet.config.plan import source_from_keys
from gannet.data.base import silent
from gannet.data.image_table import ImageTable
from gannet.data.listing import is_ignored
from gannet.errors import UserError


def held_out(path: Path, **keys: object) -> ImageTable:
    source = source_from_keys(str(path), {f"data.{key}": value for key, value in keys.items()})[1].held_out()
    assert source is not None
    dataset = source.open(silent)
    assert isinstance(dataset, ImageTable)
    return dataset


def first(path: Path, **keys: object) -> np.ndarray:
    """Pixels (H, W, C) of the first image; a second one with the same name and a z is added."""
    files = sorted(file for file in path.iterdir())
    (path / f"z{files[0].suffix}").write_bytes(files[0].read_bytes())
    return opened(path, **keys).pixels[0].permute(1, 2, 0).numpy()


GREY, COLOUR, CLEAR = pixels(1, 1), pixels(2, 3), pixels(3, 4)
FORMATS = {
    "a.jfif": ("JPEG", COLOUR),
    "a.JFIF": ("JPEG", COLOUR),
    "a.jpe": ("JPEG", GREY),
    "a.mpo": ("MPO", COLOUR),
    "a.jp2": ("JPEG2000", COLOUR),
    "a.j2k": ("JPEG2000", GREY),
    "a.apng": ("PNG", COLOUR),
    "a.avif": ("AVIF", COLOUR),
    "a.heic": ("JPEG", COLOUR),
    "a.ppm": ("PPM", COLOUR),
    "a.pgm": ("PPM", GREY),
    "a.pbm": ("PPM", GREY > 127),
    "a.tga": ("TGA", COLOUR),
    "a.ico": ("ICO", np.kron(CLEAR, np.ones((2, 2, 1), np.uint8))[:16, :16]),
    "a.pcx": ("PCX", COLOUR),
    "a.sgi": ("SGI", COLOUR),
    "a.dds": ("DDS", COLOUR),
    "a.qoi": ("QOI", COLOUR),
    "a.dib": ("DIB", COLOUR),
    "a.xbm": ("XBM", GREY > 127),
    "a.msp": ("MSP", GREY > 127),
    "a.im": ("IM", COLOUR),
    "a.webp": ("WEBP", CLEAR),
    "a.gif": ("GIF", GREY),
    "a.tiff": ("TIFF", CLEAR),
}


def by_pillow(path: Path) -> np.ndarray:
    """What Pillow shows of a file, on white."""
    image = Image.open(path)
    image.load()
    if "A" in image.getbands() or "transparency" in image.info:
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image.convert("RGBA"))
    grey = image.mode in ("1", "L") or (image.mode == "P" and path.suffix == ".gif")
    shown = np.asarray(image.convert("L" if grey else "RGB"))
    return shown[..., None] if grey else shown


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_read_as_pillow_shows_it(tmp_path: Path, name: str) -> None:
    form, array = FORMATS[name]
    image = Image.fromarray(array)
    image.save(tmp_path / name, form)
    assert_array_equal(first(tmp_path), by_pillow(tmp_path / name))


def test_nothing_that_starts_another_program_is_opened(tmp_path: Path) -> None:
    buffer = BytesIO()
    Image.fromarray(COLOUR).save(buffer, "EPS")
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    save(tmp_path / "b.png")
    with pytest.raises(UserError, match=r"a\.png: not a PNG"):
        opened(tmp_path)


def test_a_real_heif_file_names_its_plugin(tmp_path: Path) -> None:
    pytest.importorskip("PIL.AvifImagePlugin")
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(100))
    save(tmp_path / "b.png")
    with pytest.raises(UserError, match=r"a\.heic: .*(pip install pillow-heif|damaged)"):
        opened(tmp_path)


def test_what_is_left_out_is_counted_and_named(tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        save(tmp_path / name)
    for name in (
        "clip.mp4",
        "other.MP4",
        "scan.pdf",
        "README",
        "Thumbs.db",
        ".DS_Store",
        "desktop.ini",
        "@eaDir/a.png",
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    table = opened(tmp_path)
    assert table.size == 2
    assert "4 files are left out" in table.notes[0]
    assert "2 .mp4" in table.notes[0]
    assert "1 .pdf" in table.notes[0]
    assert "1 without a suffix" in table.notes[0]


@pytest.mark.parametrize(
    "name",
    [
        "#recycle/a.png",
        "x/@eaDir/a.png/SYNOPHOTO_THUMB_M.jpg",
        ".ipynb_checkpoints/a-checkpoint.png",
        "$RECYCLE.BIN/a.png",
        "System Volume Information/a.png",
        "cat/Thumbs.db",
        "cat/._1.png",
        "__MACOSX/cat/1.png",
        "lost+found/a.png",
    ],
)
def test_junk_is_ignored(name: str) -> None:
    assert is_ignored(name)
    assert not is_ignored(f"images/{name.replace('/', '_').lstrip('.')}x.png")


@pytest.mark.parametrize(
    ("suffix", "arrays", "white"),
    [
        (".png", [grid(range(0, 4096, 37), np.uint16), grid([100], np.uint16)], 4095),
        (".png", [grid(range(0, 1000, 9), np.uint16), grid([7], np.uint16)], 1023),
        (".png", [grid(range(0, 16000, 99), np.uint16), grid([7], np.uint16)], 16383),
        (".png", [grid(range(0, 65536, 999), np.uint16), grid([7], np.uint16)], 65535),
        (".png", [grid([0, 1], np.uint16), grid([1, 0, 0], np.uint16)], 1),
        (".tif", [grid(range(256), np.int32), grid([7], np.int32)], 255),
        (".tif", [grid(range(0, 4000, 31), np.int32), grid([7], np.int32)], 4095),
        (".tif", [np.linspace(0, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE), grid([0.25], np.float32)], 1),  # type: ignore[list-item]
        (".tif", [grid(range(256), np.float32), grid([7], np.float32)], 255),
    ],
)
def test_one_white_level_is_found_for_the_whole_set(
    tmp_path: Path, suffix: str, arrays: list[np.ndarray], white: int
) -> None:
    for i, array in enumerate(arrays):
        save(tmp_path / f"{i}{suffix}", array)
    table = opened(tmp_path)
    expected = np.rint(np.stack(arrays).astype(float) * 255 / white)
    assert np.abs(table.pixels[:, 0].numpy() - expected).max() <= 1e-9 + (suffix == ".tif" and white == 1)
    assert any(f"level {white} is white" in note for note in table.notes) == (white != 65535)


def test_a_white_level_can_be_given_or_is_asked_for(tmp_path: Path) -> None:
    for i in range(2):
        save(tmp_path / f"{i}.tif", grid([0, 50_000, 100_000 + i], np.int32))
    with pytest.raises(UserError, match=r"largest level .* is 100,001.*data\.white=100001"):
        opened(tmp_path)
    assert sorted(set(opened(tmp_path, white="100000").pixels[0].flatten().tolist())) == [0, 128, 255]
    for i in range(2):
        save(tmp_path / "masks" / f"{i}.png", grid([0, 1, i], np.uint8))
    assert set(opened(tmp_path / "masks", white="1").pixels.flatten().tolist()) == {0, 255}
    assert opened(tmp_path / "masks").content_hash != opened(tmp_path / "masks", white="1").content_hash


def test_split_folders_are_splits_and_classes_come_from_the_next_level(tmp_path: Path) -> None:
    for i, name in enumerate(f"{s}/{c}/{k}.png" for s in ("train", "test") for c in ("cat", "dog") for k in range(3)):
        save(tmp_path / name, seed=i)
    train, test = opened(tmp_path), held_out(tmp_path)
    assert train.class_names == test.class_names == ("cat", "dog")
    assert train.size == test.size == 6
    assert_array_equal(train.reference(6, seed=0)[0].sum(), sum(pixels(i).sum(dtype=int) for i in range(6)))
    assert "has the splits test, train; the 6 images of train are used" in train.notes[0]
    assert opened(tmp_path, split="test").content_hash == test.content_hash != train.content_hash
    with pytest.raises(UserError, match=r"no split 'val'. .*Allowed: test, train"):
        opened(tmp_path, split="val")


@pytest.mark.parametrize(
    ("names", "train", "classes"),
    [
        (["train/1", "train/2", "test/1", "test/2", "val/1", "val/2"], 2, ()),
        (["set/Training/a/1", "set/Training/b/1", "set/Validation/a/1", "set/Validation/b/1"], 2, ("a", "b")),
        (["cat/train/1", "dog/train/1", "cat/test/1", "dog/test/1"], 2, ("cat", "dog")),
        (["train/cat/1", "train/dog/1", "test/1", "test/2"], 2, ("cat", "dog")),
        (["train/1", "train/2", "train/3"], 3, ()),
        (["train/1", "train/2", "test/1", "unlabelled/1", "unlabelled/2"], 2, ()),
        (["train/1", "plane/1", "boat/1", "boat/2"], 4, ("boat", "plane", "train")),
    ],
)
def test_layouts_of_splits(tmp_path: Path, names: list[str], train: int, classes: tuple[str, ...]) -> None:
    for i, name in enumerate(names):
        save(tmp_path / f"{name}.png", seed=i)
    table = opened(tmp_path)
    assert table.size == train
    assert table.class_names == classes


def test_a_share_is_held_out_by_content(tmp_path: Path) -> None:
    for i in range(30):
        save(tmp_path / f"{i:02}.png", seed=i)
        save(tmp_path / f"again{i:02}.png", seed=i)
    train, test = opened(tmp_path, test="0.2"), held_out(tmp_path, test="0.2")
    seen, kept = ({image.tobytes() for image in table.reference(99, seed=0)[0]} for table in (train, test))
    assert (train.size, test.size) == (48, 12)
    assert not seen & kept, "equal images are on the same side"
    digits = opened("digits", test="0.1")
    assert digits.size == 1797 - 180
    assert digits.num_classes == 10


def test_labels_of_dataset_json_and_metadata(tmp_path: Path) -> None:
    names = [f"{i}.png" for i in range(8)]
    for folder in ("json", "csv", "jsonl", "many", "celeba/img"):
        for i, name in enumerate(names):
            save(tmp_path / folder / name, seed=i)
    write = {
        "json/dataset.json": json.dumps({"labels": [[n, i % 3] for i, n in enumerate(names)]}),
        "csv/metadata.csv": "file_name,label\n"
        + "\n".join(f'{n},"{"cat" if i % 2 else "dog, big"}"' for i, n in enumerate(names)),
        "jsonl/metadata.jsonl": "\n".join(
            json.dumps({"file_name": n, "label": 7 - i % 2}) for i, n in enumerate(names)
        ),
        "many/metadata.csv": "file_name,shape,colour\n"
        + "\n".join(f"{n},s{i % 2},c{i % 4}" for i, n in enumerate(names)),
        "celeba/list_attr_celeba.txt": "8\nSmiling Young\n"
        + "\n".join(f"{n} {1 if i % 2 else -1}  1" for i, n in enumerate(names)),
    }
    for name, text in write.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    expected = {
        "json": (("0", "1", "2"), [i % 3 for i in range(8)], {}),
        "csv": (("cat", "dog, big"), [1 - i % 2 for i in range(8)], {}),
        "jsonl": (("6", "7"), [1 - i % 2 for i in range(8)], {}),
        "many": (("c0", "c1", "c2", "c3"), [i % 4 for i in range(8)], {"label": "colour"}),
        "celeba": (("-1", "1"), [i % 2 for i in range(8)], {"label": "Smiling"}),
    }
    for folder, (classes, labels, keys) in expected.items():
        table = opened(tmp_path / folder, **keys)
        assert table.class_names == classes, folder
        assert table.labels is not None
        assert table.labels.tolist() == labels, folder
    assert opened(tmp_path / "many").num_classes == 0
    with pytest.raises(UserError, match=r"data.label=size is not in metadata.csv.*Allowed: colour, shape"):
        opened(tmp_path / "many", label="size")
    (tmp_path / "csv" / "metadata.csv").write_text("file_name,label\n0.png,cat\n", encoding="utf-8")
    with pytest.raises(
        UserError, match=r"7 of 8 images have no label in metadata.csv \(1.png, 2.png, 3.png and 4 more"
    ):
        opened(tmp_path / "csv")
    assert opened(tmp_path / "csv", label="").num_classes == 0


def test_zips_of_windows_and_tar_files_give_what_their_folder_gives(tmp_path: Path) -> None:
    names = ["cat/1.png", "cat/2.png", "dog/1.png"]
    for i, name in enumerate(names):
        save(tmp_path / "in" / name, seed=i)
    with zipfile.ZipFile(tmp_path / "windows.zip", "w") as archive:
        for name in names:
            member = zipfile.ZipInfo("x")
            member.filename = f"set\\{name}".replace("/", "\\")
            archive.writestr(member, (tmp_path / "in" / name).read_bytes())
    for suffix, mode in ((".tar", "w"), (".tar.gz", "w:gz"), (".tgz", "w:gz"), (".tar.xz", "w:xz")):
        with tarfile.open(tmp_path / f"set{suffix}", mode) as archive:
            archive.add(tmp_path / "in", "./in")
    folder = opened(tmp_path / "in")
    for name in ("windows.zip", "set.tar", "set.tar.gz", "set.tgz", "set.tar.xz"):
        packed = opened(tmp_path / name)
        assert packed.class_names == ("cat", "dog"), name
        assert_array_equal(packed.pixels.numpy(), folder.pixels.numpy())


def test_bad_images_are_left_out_on_request(tmp_path: Path) -> None:
    for i in range(21):
        save(tmp_path / f"{i:02}.jpg", pixels(i, side=64), quality=90)
    whole = (tmp_path / "07.jpg").read_bytes()
    (tmp_path / "07.jpg").write_bytes(whole[: len(whole) // 3])
    with pytest.raises(UserError, match=r"1 of 21 images cannot be used \(07.jpg: truncated.*data.on_bad=skip"):
        opened(tmp_path)
    for _ in range(2):  # the second time from the cache
        table = opened(tmp_path, on_bad="skip")
        assert table.size == 20
        assert "1 of 21 images are left out (07.jpg: truncated" in table.notes[0]
    (tmp_path / "03.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"2 of 21 images cannot be used .*leaves out at most 1%"):
        opened(tmp_path, on_bad="skip")


def test_rectangles_are_kept_cropped_padded_or_squeezed(tmp_path: Path) -> None:
    strips = np.full((32, 48, 3), 100, np.uint8)
    strips[:, :8], strips[:, -8:] = (255, 0, 0), (0, 0, 255)
    for i in range(2):
        save(tmp_path / f"{i}.png", strips + np.uint8(i))
    image = Image.fromarray(strips)
    assert_array_equal(opened(tmp_path).pixels[0].permute(1, 2, 0).numpy(), strips)
    cropped = opened(tmp_path, size="32")
    assert_array_equal(cropped.pixels[0].permute(1, 2, 0).numpy(), strips[:, 8:40])
    assert "2 of 2 images lose edges to a centre crop of shape 32 x 32" in cropped.notes[0]
    squeezed = opened(tmp_path, size="32", fit="squeeze")
    assert_array_equal(squeezed.pixels[0].permute(1, 2, 0).numpy(), np.asarray(image.resize((32, 32), 3)))
    assert not squeezed.notes
    padded = opened(tmp_path, size="48", fit="pad").pixels[0].permute(1, 2, 0).numpy()
    assert_array_equal(padded[8:40], strips)
    assert not padded[:8].any()
    small = opened(tmp_path, size="24x16")
    assert small.shape == (3, 16, 24)
    assert_array_equal(small.pixels[0].permute(1, 2, 0).numpy(), np.asarray(image.resize((24, 16), 3)))
    window = opened(tmp_path, crop="40x20", size="20x10")
    expected = image.crop((4, 6, 44, 26)).resize((20, 10), 3)
    assert_array_equal(window.pixels[0].permute(1, 2, 0).numpy(), np.asarray(expected))
    hashes = {table.content_hash for table in (cropped, squeezed, small, window, opened(tmp_path))}
    assert len(hashes) == 5
    for text in ("4x48", "48x", "2000x8", "0"):
        with pytest.raises(UserError, match="size"):
            opened(tmp_path, size=text)


def test_enlarging_and_equal_images_are_said(tmp_path: Path) -> None:
    for i in range(3):
        save(tmp_path / f"{i}.png", np.full((8, 8), 50, np.uint8))
    notes = opened(tmp_path, size="256").notes
    assert "3 of 3 images are smaller than 256 x 256 and are enlarged, up to 32 times" in notes[0]
    assert "all 3 images are equal" in notes[1]


def test_opacity_is_a_fourth_channel_on_request(tmp_path: Path) -> None:
    save(tmp_path / "a.png", CLEAR)
    save(tmp_path / "b.png", COLOUR)
    table = opened(tmp_path, channels="4")
    assert_array_equal(table.pixels[0].permute(1, 2, 0).numpy(), CLEAR)
    assert_array_equal(table.pixels[1].permute(1, 2, 0).numpy(), np.dstack([COLOUR, np.full((SIDE, SIDE), 255)]))
    assert opened(tmp_path).shape[0] == 3
    np.savez(tmp_path / "set.npz", x=np.stack([CLEAR, CLEAR[::-1]]))
    assert_array_equal(opened(tmp_path / "set.npz", channels="4").pixels[0].permute(1, 2, 0).numpy(), CLEAR)
    assert opened(tmp_path / "set.npz").shape == (3, SIDE, SIDE)


def test_flipping_mirrors_half_of_the_images_reproducibly(tmp_path: Path) -> None:
    import torch

    array = np.zeros((SIDE, SIDE), np.uint8)
    array[:, 0] = 255
    for i in range(2):
        save(tmp_path / f"{i}.png", array)
    batch, again = (
        opened(tmp_path, flip="true").batch(200, seed=1, position=3, device=torch.device("cpu"))[0] for _ in range(2)
    )
    assert torch.equal(batch, again)
    left, right = (batch[:, 0, 0, column] > 0 for column in (0, -1))
    assert bool((left ^ right).all())
    assert 70 <= int(right.sum()) <= 130


def test_a_large_photo_is_decoded_at_reduced_scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from gannet.data import decode

    smooth = np.tile(np.linspace(0, 255, 200).astype(np.uint8)[:, None, None], (1, 240, 3))
    save(tmp_path / "a.jpg", smooth)
    save(tmp_path / "b.jpg", smooth[::-1].copy())
    whole = opened(tmp_path, size="16").pixels.numpy().astype(int)
    monkeypatch.setattr(decode, "MAX_PIXELS", 4_000)
    monkeypatch.setattr(decode, "VERSION", -1)
    monkeypatch.setattr("gannet.data.cache.VERSION", -1)
    assert np.abs(opened(tmp_path, size="16").pixels.numpy().astype(int) - whole).max() <= 8
    save(tmp_path / "c.png", smooth)
    with pytest.raises(UserError, match=r"c\.png: a decompression bomb: 240 x 200 pixels"):
        opened(tmp_path, size="16")


ONE_HOT = np.eye(3)[[0, 2, 1, 0, 2, 1]]


@pytest.mark.parametrize(
    ("labels", "names", "numbers"),
    [
        (np.array([1, 2, 3, 1, 2, 3]), ("1", "2", "3"), [0, 1, 2, 0, 1, 2]),
        (np.array([[5], [7], [5], [7], [5], [7]]), ("5", "7"), [0, 1, 0, 1, 0, 1]),
        (ONE_HOT, ("0", "1", "2"), [0, 2, 1, 0, 2, 1]),
        (ONE_HOT.astype(bool), ("0", "1", "2"), [0, 2, 1, 0, 2, 1]),
        (np.array(list("baabab")), ("a", "b"), [1, 0, 0, 1, 0, 1]),
        (np.array(list("baabab"), dtype="S1"), ("a", "b"), [1, 0, 0, 1, 0, 1]),
        (np.array([1.0, 10.0, 2.0] * 2), ("1", "2", "10"), [0, 2, 1, 0, 2, 1]),
        (np.array([-1, 1, 1, -1, 1, 1]), ("-1", "1"), [0, 1, 1, 0, 1, 1]),
        (np.array([True, False] * 3), ("0", "1"), [1, 0] * 3),
    ],
)
def test_labels_of_any_values(tmp_path: Path, labels: np.ndarray, names: tuple[str, ...], numbers: list[int]) -> None:
    np.savez(tmp_path / "set.npz", images=SIX, labels=labels)
    table = opened(tmp_path / "set.npz")
    assert table.class_names == names
    assert table.labels is not None
    assert table.labels.tolist() == numbers


COLOURS = np.stack([pixels(i) for i in range(6)])


@pytest.mark.parametrize(
    ("key", "array", "expected"),
    [
        ("x_train", SIX, SIX[..., None]),
        ("imgs", COLOURS, COLOURS),
        ("X", COLOURS.transpose(0, 3, 1, 2), COLOURS),
        ("data", SIX.reshape(6, -1), SIX[..., None]),
        ("arr_0", COLOURS.transpose(0, 3, 1, 2).reshape(6, -1), COLOURS),
        ("images", COLOURS / 255, COLOURS),
        ("images", (COLOURS / np.float32(127.5) - 1).astype(np.float32), COLOURS),
        ("images", COLOURS.astype(np.float32), COLOURS),
        ("images", COLOURS.astype(np.int64), COLOURS),
        ("images", SIX > 127, np.where(SIX > 127, 255, 0)[..., None]),
        ("images", SIX.astype(np.uint16) * 257, SIX[..., None]),
    ],
)
def test_arrays_of_any_layout_and_range(tmp_path: Path, key: str, array: np.ndarray, expected: np.ndarray) -> None:
    np.savez(tmp_path / "set.npz", **{key: array})  # type: ignore[arg-type]
    assert_array_equal(opened(tmp_path / "set.npz").pixels.permute(0, 2, 3, 1).numpy(), expected)
    np.save(tmp_path / "set.npy", array)
    assert_array_equal(opened(tmp_path / "set.npy").pixels.permute(0, 2, 3, 1).numpy(), expected)


def test_files_of_keras_and_kmnist(tmp_path: Path) -> None:
    np.savez(tmp_path / "mnist.npz", x_train=SIX, y_train=[3, 4] * 3, x_test=SIX[:2], y_test=[4, 3])
    table, test = opened(tmp_path / "mnist.npz"), held_out(tmp_path / "mnist.npz")
    assert (table.size, test.size) == (6, 2)
    assert table.class_names == test.class_names == ("3", "4")
    np.savez(tmp_path / "kmnist-train-imgs.npz", SIX)
    np.savez(tmp_path / "kmnist-train-labels.npz", np.array([2, 1, 2, 1, 2, 1]))
    kmnist = opened(tmp_path / "kmnist-train-imgs.npz")
    assert kmnist.class_names == ("1", "2")
    assert kmnist.labels is not None
    assert kmnist.labels.tolist() == [1, 0] * 3


def idx(magic: int, array: np.ndarray) -> bytes:
    return magic.to_bytes(4, "big") + b"".join(n.to_bytes(4, "big") for n in array.shape) + array.astype("u1").tobytes()


def test_files_of_emnist(tmp_path: Path) -> None:
    for name in ("letters", "digits"):
        labels = np.arange(6) % 2 + (1 if name == "letters" else 0)
        (tmp_path / f"emnist-{name}-train-images-idx3-ubyte").write_bytes(idx(0x803, SIX.transpose(0, 2, 1)))
        (tmp_path / f"emnist-{name}-train-labels-idx1-ubyte").write_bytes(idx(0x801, labels))
        (tmp_path / f"emnist-{name}-test-images-idx3-ubyte").write_bytes(idx(0x803, SIX[:2]))
        (tmp_path / f"emnist-{name}-test-labels-idx1-ubyte").write_bytes(idx(0x801, labels[:2]))
    with pytest.raises(UserError, match=r"several sets of IDX files; give one file of images, such as .*emnist-digits"):
        opened(tmp_path)
    place = tmp_path / "emnist-letters-train-images-idx3-ubyte"
    table = opened(place)
    assert table.class_names == ("1", "2")
    assert_array_equal(table.pixels[:, 0].numpy(), SIX)
    assert "turned upright" in table.notes[0]
    assert held_out(place).size == 2


@pytest.mark.parametrize("name", ["with space", "brackets [1] (2)", "-dash", "quote'\"", "ünïcode", "x" * 200])
def test_odd_names_are_read(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for i in range(2):
        save(tmp_path / name / f"{name} {i}.png"[-250:], seed=i)
    monkeypatch.chdir(tmp_path)
    assert opened(f"./{name}").size == 2
    assert opened(tmp_path / name).size == 2


def test_names_that_are_not_utf_8_are_read(tmp_path: Path) -> None:
    folder = os.fsencode(tmp_path) + b"/caf\xe9"
    os.mkdir(folder)
    for i in range(2):
        with open(folder + b"/%d\xff.png" % i, "wb") as file:
            Image.fromarray(pixels(i)).save(file, "PNG")
    assert opened(os.fsdecode(folder)).size == 2
    (Path(os.fsdecode(folder)) / "bad.png").write_bytes(b"x")
    with pytest.raises(UserError, match="1 of 3 images"):
        opened(os.fsdecode(folder))
