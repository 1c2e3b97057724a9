"""Image files as people bring them: formats, archives, names, frames. Pillow is the oracle for pixels."""

from __future__ import annotations

import os
import tarfile
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from support.data_cases import CLEAR, COLOUR, GREY, opened, pixels, save

from gannet.data.listing import is_ignored
from gannet.errors import UserError


def first(path: Path, **keys: object) -> np.ndarray:
    """Pixels (H, W, C) of the first image; a second one with the same name and a z is added."""
    files = sorted(file for file in path.iterdir())
    (path / f"z{files[0].suffix}").write_bytes(files[0].read_bytes())
    return opened(path, **keys).pixels[0].permute(1, 2, 0).numpy()


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
        assert "1 of 21 images is left out (07.jpg: truncated" in table.notes[0]
    (tmp_path / "03.jpg").write_bytes(b"")
    with pytest.raises(UserError, match=r"2 of 21 images cannot be used .*Remove or repair them; `gannet data check"):
        opened(tmp_path)  # what would be refused in turn is not advised
    with pytest.raises(UserError, match=r"2 of 21 images cannot be used .*leaves out at most 1%"):
        opened(tmp_path, on_bad="skip")


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


@pytest.mark.parametrize("kind", ["TIFF", "GIF", "PNG", "WEBP"])
def test_frames_and_pages_that_are_left_out_are_counted(tmp_path: Path, kind: str) -> None:
    frames = [Image.fromarray(pixels(i)) for i in range(3)]
    for i in range(2):
        frames[i].save(tmp_path / f"{i}.{kind.lower()}", kind, save_all=True, append_images=frames[2:])
    frames[2].save(tmp_path / "one.png")
    for _ in range(2):  # the second time from the cache
        [note] = opened(tmp_path).notes
        assert "2 of 3 files hold several images; the first of each is used" in note
