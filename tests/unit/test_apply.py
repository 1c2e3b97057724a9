"""``gannet apply``: size, names, transparency, orientation, tiles without seams, and errors of single files."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image, ImageCms, ImageOps

import gannet
from gannet.cli import run
from gannet.dashboard.probes.__main__ import Desk
from gannet.sessions.tiles import in_tiles
from gannet.sessions.translation import translate_file


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen smooth colour images of 16 x 16 pixels."""
    folder = tmp_path_factory.mktemp("data") / "coloured"
    folder.mkdir()
    for number, levels in enumerate(np.random.default_rng(0).integers(0, 256, (16, 4, 4, 3), np.uint8)):
        Image.fromarray(levels).resize((16, 16), Image.Resampling.BICUBIC).save(folder / f"{number}.png")
    return folder


def trained(coloured: Path, degradation: str, **keys: object) -> Path:
    out = coloured.parent / degradation
    if not out.exists():
        words = {"degradation": degradation, "width": 8, "batch_size": 4, "frames.every": 0, "health.every": 0, **keys}
        gannet.train(str(coloured), recipe="pix2pix", steps=2, out=out, keys=words)
    return out


@pytest.fixture(scope="module")
def colouring(coloured: Path) -> Path:
    return trained(coloured, "grayscale")


def photo(width: int, height: int) -> Image.Image:
    rows, columns = np.mgrid[:height, :width]
    waves = [np.sin(rows / 9 + shift) + np.cos(columns / 13 - shift) for shift in (0, 1, 2)]
    return Image.fromarray(np.clip(np.stack(waves, 2) * 30 + 128, 0, 255).astype(np.uint8))


def test_files_of_all_kinds_in_one_folder(colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    inputs = tmp_path / "mine"
    (inputs / "below").mkdir(parents=True)
    photo(60, 40).save(inputs / "photo.jpg", exif=turned())
    photo(21, 35).convert("L").save(inputs / "below" / "grey.png")
    clear = photo(33, 18)
    clear.putalpha(Image.fromarray(np.arange(33 * 18, dtype=np.uint16).reshape(18, 33).astype(np.uint8)))
    clear.save(inputs / "clear.png")
    photo(9, 9).save(inputs / "small.gif")
    (inputs / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno")
    (inputs / "notes.txt").write_text("no image")
    assert run(["apply", str(colouring), str(inputs), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    *reasons, counts = [line for line in said.splitlines() if line.startswith("gannet: ")]
    assert reasons == [line for line in said.splitlines() if "broken.png" in line], said
    assert counts == f"gannet: 4 images written to {tmp_path / 'out'}, 1 file not: reasons above."
    made = {
        str(file.relative_to(tmp_path / "out")): Image.open(file)
        for file in (tmp_path / "out").rglob("*")
        if file.is_file()
    }
    assert {name: image.size for name, image in made.items()} == {
        "photo.jpg": (40, 60),
        "below/grey.png": (21, 35),
        "clear.png": (33, 18),
        "small.gif.png": (9, 9),
    }
    np.testing.assert_array_equal(np.asarray(made["clear.png"].getchannel("A")), np.asarray(clear.getchannel("A")))
    # Colouring keeps the luminance, to the rounding of three channels.
    for before, after in (
        (Image.open(inputs / "below" / "grey.png"), made["below/grey.png"]),
        (clear, made["clear.png"]),
    ):
        assert np.abs(luminance(before) - luminance(after)).max() < 1


def turned() -> bytes:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif.tobytes()


def luminance(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"), np.float64) @ (0.299, 0.587, 0.114)


def test_super_resolution_enlarges(coloured: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    enlarging = trained(coloured, "downscale", **{"degradation.factor": 4})
    photo(20, 13).save(tmp_path / "photo.png")
    monkeypatch.chdir(tmp_path)
    assert run(["apply", str(enlarging), "photo.png"]) == 0
    made = Image.open(tmp_path / "photo-downscale.png")
    assert made.size == (80, 52)
    small = np.asarray(made, np.float64).reshape(13, 4, 20, 4, 3).mean(axis=(1, 3))
    inside = np.asarray(photo(20, 13), np.float64)
    assert np.abs(small - inside).mean() < 1, "the output downscaled is the input"


def test_inpainting_fills_what_is_transparent(
    coloured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filling = trained(coloured, "mask")
    photo(40, 40).save(tmp_path / "whole.png")
    holed = photo(40, 40)
    alpha = np.full((40, 40), 255, np.uint8)
    alpha[10:20, 5:30] = 0
    holed.putalpha(Image.fromarray(alpha))
    holed.save(tmp_path / "holed.png")
    assert run(["apply", str(filling), str(tmp_path / "holed.png"), "-o", str(tmp_path / "filled.png")]) == 0
    filled = Image.open(tmp_path / "filled.png")
    assert filled.mode == "RGB"
    same = (np.asarray(filled) == np.asarray(photo(40, 40))).all(2)
    assert same[alpha == 255].all()
    assert not same[alpha == 0].all()
    assert run(["apply", str(filling), str(tmp_path / "whole.png"), "-o", str(tmp_path / "x.png")]) == 2
    assert "whole.png has no transparent pixels" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_no_input_is_overwritten_and_no_wrong_run_is_used(
    colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(16, 16).save(tmp_path / "a.png")
    before = (tmp_path / "a.png").read_bytes()
    for out in (tmp_path / "a.png", tmp_path):
        assert run(["apply", str(colouring), str(tmp_path / "a.png"), "-o", str(out)]) == 2
        assert "would be overwritten" in capsys.readouterr().err
    assert run(["apply", str(colouring), str(tmp_path), "-o", str(tmp_path)]) == 2
    assert (tmp_path / "a.png").read_bytes() == before
    assert run(["apply", str(colouring), str(tmp_path / "none.png")]) == 2
    assert "There is no file or folder at" in capsys.readouterr().err
    assert run(["apply", str(colouring), str(tmp_path / "a.png"), "-o", str(tmp_path / "a.svg")]) == 2
    assert "cannot write .svg" in capsys.readouterr().err
    noise = gannet.train("digits", recipe="mlp-gan", steps=1, out=tmp_path / "noise", batch_size=4).path
    assert run(["apply", str(noise), str(tmp_path / "a.png")]) == 2
    assert "does not translate images" in capsys.readouterr().err


def test_two_results_of_one_name_are_refused(
    colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """GIF becomes PNG, so a.gif and a.gif.png would be one file."""
    folder = tmp_path / "inputs"
    folder.mkdir()
    for name in ("a.gif", "a.gif.png"):
        photo(9, 9).save(folder / name)
    assert run(["apply", str(colouring), str(folder), "-o", str(tmp_path / "out")]) == 2
    assert "would both be written to" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("size", [(5, 40), (16, 16), (33, 50)])
def test_tiles_of_what_changes_nothing_give_the_image_back(size: tuple[int, int]) -> None:
    image = torch.rand(1, 3, *size, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(in_tiles(lambda tiles: tiles, image, (16, 16)), image)
    doubled = in_tiles(lambda tiles: tiles.repeat_interleave(2, 2).repeat_interleave(2, 3), image, (16, 16))
    torch.testing.assert_close(doubled, image.repeat_interleave(2, 2).repeat_interleave(2, 3))


def test_tiles_that_disagree_leave_no_seam() -> None:
    """Every tile gets another brightness, the worst that a network can do; steps at edges of tiles are as small as
    elsewhere.
    """
    rng = torch.Generator().manual_seed(1)

    def anything(tiles: torch.Tensor) -> torch.Tensor:
        return torch.rand(len(tiles), 1, 1, 1, generator=rng).expand(-1, 1, 16, 16)

    made = in_tiles(anything, torch.zeros(1, 1, 160, 160), (16, 16))
    steps = (made[0, 0, :, 1:] - made[0, 0, :, :-1]).abs()
    at_edges = steps[:, 7::8].mean()  # tiles begin at every multiple of 8
    assert at_edges < 1.3 * steps.mean()
    assert steps.max() <= 1 / 8 + 1e-5, "no step is larger than a ramp over half a tile"
    hard = torch.rand(20, 20, generator=rng).repeat_interleave(8, 0).repeat_interleave(8, 1)
    assert (hard[:, 1:] - hard[:, :-1]).abs()[:, 7::8].mean() > 5 * at_edges, (
        "tiles side by side have seams that this measures"
    )


def test_classes_are_translated_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"data.classes": "3,8", "data.size": 8, "width": 8, "batch_size": 4, "frames.every": 1, "health.every": 0}
    between = gannet.train("digits", recipe="cyclegan", steps=2, out=tmp_path / "run", keys=keys).path
    photo(20, 13).save(tmp_path / "a.png")

    def applied(*words: str) -> int:
        return run(["apply", str(between), str(tmp_path / "a.png"), "-o", str(tmp_path / "made.png"), *words])

    assert applied() == 2
    assert "--to is missing" in capsys.readouterr().err
    assert applied("--to", "5") == 2
    assert "translates to one of its classes: 3, 8" in capsys.readouterr().err
    assert not (tmp_path / "made.png").exists()
    made = {}
    for name in ("3", "8"):
        assert applied("--to", name) == 0
        made[name] = np.asarray(Image.open(tmp_path / "made.png"))
        assert made[name].shape == (13, 20)
    assert (made["3"] != made["8"]).any()
    monkeypatch.chdir(tmp_path)
    for name in ("3", "8"):  # without -o, the second class does not replace the first
        assert run(["apply", str(between), "a.png", "--to", name]) == 0
        np.testing.assert_array_equal(np.asarray(Image.open(f"a-run-{name}.png")), made[name])
    assert run(["sample", str(between), "-n", "6", "-o", str(tmp_path / "sheet.png")]) == 0
    assert Image.open(tmp_path / "sheet.png").width > 100
    seen = Desk().answer({"run": str(between), "ask": "translations", "arguments": {}})
    assert seen["sheets"][0]["heads"][:3] == ["input", "output", "back"]
    assert seen["values"]["back"]


@pytest.mark.parametrize("words", [("--caption", "a fox"), ("--truncate", "0.7"), ("--label", "3")])
def test_samples_of_a_translation_have_no_latents_and_no_conditions(
    colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, str]
) -> None:
    assert run(["sample", str(colouring), "-o", str(tmp_path / "made.png"), *words]) == 2
    assert f"{words[0]}: this run translates images" in capsys.readouterr().err
    assert not (tmp_path / "made.png").exists()


def test_only_runs_between_classes_take_one(
    colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photo(16, 16).save(tmp_path / "a.png")
    assert run(["apply", str(colouring), str(tmp_path / "a.png"), "--to", "3"]) == 2
    assert "does not translate between classes; omit --to" in capsys.readouterr().err
    with pytest.raises(gannet.UserError, match=r"between 2 classes, and these data have 10: set data\.classes=A,B"):
        gannet.train("digits", recipe="cyclegan", steps=1, out=tmp_path / "run")


def test_pipes_devices_and_folders_are_named(
    colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Reading a pipe would wait for ever, and a device would never end."""
    folder = tmp_path / "in"
    folder.mkdir()
    os.mkfifo(folder / "a.png")
    (folder / "b.png").symlink_to("/dev/zero")
    (folder / "c.png").mkdir()
    Image.new("L", (16, 16), 40).save(folder / "d.png")
    assert run(["apply", str(colouring), str(folder), "-o", str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert said.count("not a regular file") == 2
    assert "c.png: a folder" in said
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["d.png"]
    (tmp_path / "file").touch()
    assert run(["apply", str(colouring), str(folder / "d.png"), "-o", str(tmp_path / "file/d.png")]) == 2
    assert "Cannot write" in capsys.readouterr().err


def test_files_of_unusual_kinds(colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """More than 8 bits, four inks, several frames, every orientation, and a colour profile."""
    folder, out = tmp_path / "ünter wegs", tmp_path / "out"
    folder.mkdir()
    image = photo(24, 16)
    grey = np.asarray(image.convert("L"))
    Image.fromarray(grey.astype(np.uint16) * 257).save(folder / "sixteen.png")
    Image.fromarray(grey.astype(np.uint16) * 16).save(folder / "twelve.tif")
    Image.fromarray(grey.astype(np.float32) / 255).save(folder / "fraction.tif")
    Image.fromarray(grey.astype(np.int32) * 1000).save(folder / "unknown.tif")
    image.convert("CMYK").save(folder / "inks.jpg", quality=100)
    frames = [image, image.rotate(180)]
    for name in ("größe ß.gif", "moves.webp", "pages.tif"):
        frames[0].save(folder / name, save_all=True, append_images=frames[1:], lossless=True)
    for number in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = number
        image.save(folder / f"turned-{number}.png", exif=exif)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image.save(folder / "profile.jpg", icc_profile=profile)
    image.resize((1, 1)).save(folder / "one.png")
    assert run(["apply", str(colouring), str(folder), "-o", str(out)]) == 2
    said = capsys.readouterr().err
    assert "one.png: only 1 x 1 pixels; the shorter side must have 8." in said
    assert "unknown.tif: its largest level is" in said
    assert said.count("gannet: ") == 3, said
    assert "twelve.tif (24 x 16, level 4095 taken as white)" in said
    assert "fraction.tif (24 x 16, level 1 taken as white)" in said
    assert said.count("(24 x 16, the first image of several)") == 3, said
    for name in ("sixteen.png", "twelve.tif", "fraction.tif", "inks.jpg", "größe ß.gif.png", "moves.webp", "pages.tif"):
        assert np.abs(luminance(Image.open(out / name)) - luminance(image)).mean() < 4, name
    for number in range(1, 9):
        seen = ImageOps.exif_transpose(Image.open(folder / f"turned-{number}.png"))
        assert np.abs(luminance(Image.open(out / f"turned-{number}.png")) - luminance(seen)).max() < 1, number
    assert Image.open(out / "profile.jpg").info["icc_profile"] == profile


def test_an_image_above_the_limit_is_not_reduced_in_silence(colouring: Path, tmp_path: Path) -> None:
    """Training reads a large JPEG at a half of each side; the result of apply has the size of the input, or none."""
    Image.new("L", (9000, 8000), 40).save(tmp_path / "large.jpg")
    with pytest.raises(gannet.UserError, match=r"too large: 9000 x 8000 pixels, above 64,000,000"):
        translate_file(gannet.load(colouring), tmp_path / "large.jpg", tmp_path / "made.jpg")
    assert not (tmp_path / "made.jpg").exists()


def test_results_below_the_inputs_are_not_inputs_the_second_time(
    colouring: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    (folder / ".thumbnails").mkdir(parents=True)
    for name in ("a.png", "b.gif", ".thumbnails/a.png"):
        photo(16, 16).save(folder / name)
    monkeypatch.chdir(folder)
    for words, out in ((["-o", "out"], "out"), ([], "mine-grayscale")):
        shutil.rmtree("out", ignore_errors=True)
        for _ in range(2):
            assert run(["apply", str(colouring), ".", *words]) == 0
            assert f"2 images written to {out}." in capsys.readouterr().err
        assert sorted(path.name for path in Path(out).iterdir()) == ["a.png", "b.gif.png"]
    (tmp_path / "file.png").write_bytes(b"kept")
    assert run(["apply", str(colouring), ".", "-o", str(tmp_path / "file.png")]) == 2
    assert capsys.readouterr().err.count("this is a file, and the results of a folder need a folder") == 1
    (tmp_path / "empty").mkdir()
    assert run(["apply", str(colouring), str(tmp_path / "empty")]) == 2
    assert len(capsys.readouterr().err) < 300
