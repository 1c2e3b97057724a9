"""Folders and zips of images: what is read, how, and what is refused."""

from __future__ import annotations

import os
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gannet.data.base import silent
from gannet.data.folder import Folder
from gannet.data.image_table import ImageTable
from gannet.errors import UserError


def random_image(seed: int = 0, size: tuple[int, int] = (12, 12), mode: str = "RGB") -> Image.Image:
    shape = (size[1], size[0], 3) if mode == "RGB" else (size[1], size[0])
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8))


def save(path: Path, image: Image.Image | None = None, seed: int = 0, **options: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    (image or random_image(seed)).save(path, **options)
    return path


def opened(path: Path, **fields: object) -> ImageTable:
    return Folder(path=str(path), **fields).open(silent)  # type: ignore[arg-type]


def first(path: Path) -> np.ndarray:
    """Pixels (H, W, C) of the first image of a folder; a plain second one is added."""
    save(path / "z.png", Image.new("RGB", (12, 12)))
    return opened(path).pixels[0].permute(1, 2, 0).numpy()


def test_class_folders_become_classes_in_name_order(tmp_path: Path) -> None:
    for i, name in enumerate(["b/2.png", "b/1.png", "a/deep/x.png", ".hidden/h.png", "a/.h.png", "__MACOSX/a/x.png"]):
        save(tmp_path / name, seed=i)
    (tmp_path / "a" / "notes.txt").write_text("not an image")
    table = opened(tmp_path)
    assert table.class_names == ("a", "b")
    assert table.labels is not None
    assert table.labels.tolist() == [0, 1, 1]
    assert np.array_equal(table.pixels[1].permute(1, 2, 0).numpy(), np.asarray(random_image(1)))


def test_a_zip_gives_what_its_folder_gives(tmp_path: Path) -> None:
    for i, name in enumerate(["cat/1.png", "cat/2.png", "dog/1.png"]):
        save(tmp_path / "in" / name, seed=i)
    with zipfile.ZipFile(tmp_path / "set.zip", "w") as archive:
        for name in ["dog/1.png", "cat/2.png", "cat/1.png"]:
            archive.write(tmp_path / "in" / name, f"wrapped/{name}")
        archive.writestr("__MACOSX/wrapped/cat/._1.png", b"junk")
    folder, packed = opened(tmp_path / "in"), opened(tmp_path / "set.zip")
    assert np.array_equal(folder.pixels.numpy(), packed.pixels.numpy())
    assert folder.class_names == packed.class_names == ("cat", "dog")


def test_no_folders_no_classes(tmp_path: Path) -> None:
    save(tmp_path / "1.png")
    save(tmp_path / "2.bmp", seed=1)
    table = opened(tmp_path)
    assert table.num_classes == 0
    assert table.size == 2
    with pytest.raises(UserError, match="needs images with classes, and these have none"):
        opened(tmp_path, classes="cat")


def test_one_folder_that_holds_everything_is_no_class(tmp_path: Path) -> None:
    for seed in range(3):
        save(tmp_path / "celebrities" / "aligned" / f"{seed}.png", seed=seed)
    for path in (tmp_path, tmp_path / "celebrities"):
        table = opened(path)
        assert (table.size, table.num_classes, table.class_names) == (3, 0, ())


def test_class_by_name(tmp_path: Path) -> None:
    for i, name in enumerate(["cat/1.png", "horse/1.png", "horse/2.png", "dog/1.png"]):
        save(tmp_path / name, seed=i)
    table = opened(tmp_path, classes="Horse")
    assert table.class_names == ("horse",)
    assert table.size == 2
    with pytest.raises(UserError, match=r"no class 'hors'. Did you mean 'horse'\? Allowed: cat, dog, horse"):
        opened(tmp_path, classes="hors")
    with pytest.raises(UserError, match="selects 1 image;"):
        opened(tmp_path, classes="cat")


def test_colours_of_every_kind(tmp_path: Path) -> None:
    half = Image.new("RGBA", (12, 12), (255, 0, 0, 128))
    save(tmp_path / "alpha" / "a.png", half)
    # 128 / 255 red on white: 255, and 255 * (1 - 128 / 255) = 127.
    assert np.abs(first(tmp_path / "alpha")[0, 0].astype(int) - [255, 127, 127]).max() <= 1

    save(tmp_path / "cmyk" / "a.tif", Image.new("CMYK", (12, 12), (255, 0, 0, 0)))
    assert first(tmp_path / "cmyk")[0, 0].tolist() == [0, 255, 255]

    palette = Image.new("P", (12, 12), 1)
    palette.putpalette([0, 0, 0, 10, 200, 30])
    save(tmp_path / "palette" / "a.png", palette)
    assert first(tmp_path / "palette")[0, 0].tolist() == [10, 200, 30]

    clear = palette.copy()
    save(tmp_path / "clear" / "a.png", clear, transparency=1)
    assert first(tmp_path / "clear")[0, 0].tolist() == [255, 255, 255]

    deep = Image.fromarray(np.full((12, 12), 1000 * 257 // 10, np.uint16))
    save(tmp_path / "deep" / "a.png", deep)
    assert first(tmp_path / "deep")[0, 0].tolist() == [100, 100, 100]


def test_grey_images_have_one_channel(tmp_path: Path) -> None:
    for i, name in enumerate(["1.png", "2.jpg"]):
        save(tmp_path / name, random_image(i, mode="L"))
    save(tmp_path / "3.png", Image.new("1", (12, 12), 1))
    table = opened(tmp_path)
    assert table.shape == (1, 12, 12)
    assert np.array_equal(table.pixels[0, 0].numpy(), np.asarray(random_image(0, mode="L")))
    assert (table.pixels[2] == 255).all()


def test_exif_turns_and_the_first_frame_counts(tmp_path: Path) -> None:
    image = random_image(3, size=(12, 16))
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: show it rotated by 270 degrees anticlockwise
    save(tmp_path / "exif" / "a.png", image, exif=exif)
    save(tmp_path / "exif" / "b.png", random_image(4, size=(16, 12)))
    table = opened(tmp_path / "exif", size=12)
    turned = np.rot90(np.asarray(image), k=-1)[:, 2:14]
    assert np.array_equal(table.pixels[0].permute(1, 2, 0).numpy(), turned)

    frames = [Image.new("L", (12, 12), level) for level in (40, 200)]
    save(tmp_path / "gif" / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    assert (first(tmp_path / "gif") == 40).all()


def test_mixed_sizes_are_cropped_to_64_and_one_size_is_kept(tmp_path: Path) -> None:
    wide = np.zeros((100, 300, 3), np.uint8)
    wide[:, 100:200] = [200, 100, 50]  # the centre square
    save(tmp_path / "1.png", Image.fromarray(wide))
    save(tmp_path / "2.png", random_image(0))
    table = opened(tmp_path)
    assert table.shape == (3, 64, 64)
    assert (table.pixels[0].permute(1, 2, 0) == table.pixels[0, :, 0, 0]).all()
    assert table.pixels[0, :, 0, 0].tolist() == [200, 100, 50]


def test_reducing_averages_instead_of_skipping(tmp_path: Path) -> None:
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::2] = 255
    for name in ("1.png", "2.png"):
        save(tmp_path / name, Image.fromarray(stripes))
    # A resize without antialiasing would pick only black or only white columns.
    assert np.abs(opened(tmp_path, size=16).pixels.numpy()[..., 2:-2].astype(int) - 127.5).max() < 3


def _jpeg() -> bytes:
    buffer = BytesIO()
    random_image(0, size=(64, 64)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


BAD = {
    "truncated.jpg": (_jpeg()[:-1500], "truncated"),
    "empty.png": (b"", "0 bytes"),
    "text.png": (b"I am a letter.", "not a PNG"),
    "header.png": (b"\x89PNG\r\n\x1a\n" + bytes(10), "not a PNG|damaged"),
}


@pytest.mark.parametrize("name", list(BAD))
def test_a_bad_image_is_named_and_nothing_is_left(tmp_path: Path, own_cache: Path, name: str) -> None:
    content, problem = BAD[name]
    for i in range(3):
        save(tmp_path / f"good{i}.png", seed=i)
    (tmp_path / name).write_bytes(content)
    for fields in ({}, {"size": 16, "channels": 3}):
        with pytest.raises(UserError, match=f"1 of 4 images cannot be used .{name}: .*({problem}).*gannet data check"):
            opened(tmp_path, **fields)
    # Digests of files that are older than 0.1 s may be remembered.
    assert not [p for p in own_cache.rglob("*") if p.is_file() and p.parent.name != "manifests"]


def test_odd_files_are_named(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    save(tmp_path / "tiny.png", Image.new("RGB", (1, 1)))
    (tmp_path / "link.png").symlink_to(tmp_path / "nowhere.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(UserError) as caught:
        opened(tmp_path)
    message = str(caught.value)
    assert "3 of 4" in message
    assert "only 1 x 1 pixels" in message
    assert "link.png: a broken link" in message
    assert "folder.png: a folder whose name ends like an image" in message


def test_only_five_bad_images_are_named(tmp_path: Path) -> None:
    for i in range(9):
        (tmp_path / f"{i}.png").write_bytes(b"")
    with pytest.raises(UserError, match=r"9 of 9 .*4\.png: [^;]*; and 4 more"):
        opened(tmp_path)


def test_a_decompression_bomb_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "good.png")
    save(tmp_path / "bomb.png", Image.new("1", (9000, 9000)))
    with pytest.raises(UserError, match=r"bomb\.png: a decompression bomb: 9000 x 9000"):
        opened(tmp_path)


def test_empty_missing_and_single(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="contains no images"):
        opened(tmp_path)
    (tmp_path / "readme.txt").write_text("hello")
    with pytest.raises(UserError, match=r"no images \(1 other files, the first readme.txt\)"):
        opened(tmp_path)
    save(tmp_path / "one.png")
    with pytest.raises(UserError, match="found 1 image; at least 2"):
        opened(tmp_path)
    with pytest.raises(UserError, match="does not exist"):
        opened(tmp_path / "none")
    (tmp_path / "fake.zip").write_bytes(b"PK\x03\x04 no zip")
    with pytest.raises(UserError, match="neither a folder nor a valid zip"):
        opened(tmp_path / "fake.zip")


def test_images_next_to_class_folders_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "loose.png")
    save(tmp_path / "cat" / "1.png")
    with pytest.raises(UserError, match=r"in class folders and next to them \(loose\.png\)"):
        opened(tmp_path)


def test_permission_of_a_folder_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path))

    monkeypatch.setattr(os, "walk", refuse)
    with pytest.raises(UserError, match="permission denied"):
        opened(tmp_path)
