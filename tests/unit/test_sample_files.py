"""``gannet sample`` into a folder, a table, a grid or a moving walk; animations in every format."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import gannet
from gannet.cli import run
from gannet.errors import UserError
from gannet.figures import animation
from gannet.figures.animation import save_animation
from gannet.figures.grid import image_grid, size_of_grid
from gannet.runs.reader import Run
from gannet.sessions import sample_files

Capture = pytest.CaptureFixture[str]
FRAMES = [Image.new("RGB", (31, 20), (8 * index, 0, 0)) for index in range(12)]


def refused(capsys: Capture, *words: object) -> str:
    capsys.readouterr()
    assert run([str(word) for word in words]) == 2
    message = capsys.readouterr().err
    assert message.count("gannet: ") == 1
    return message


def test_a_folder_holds_single_images_that_can_be_trained_on(trained, tmp_path: Path, capsys: Capture) -> None:
    path = trained("labelled")
    assert run(["sample", str(path), "-n", "20", "-o", f"{tmp_path}/made/"]) == 0
    assert f"wrote {tmp_path}/made/" in capsys.readouterr().err
    files = sorted((tmp_path / "made").rglob("*.png"))
    assert len(files) == 20
    assert {file.parent.name for file in files} == set("0123456789")
    samples, labels = gannet.load(path).sample(20)
    assert labels is not None
    for file in files:
        number = int(file.stem)
        assert file.parent.name == str(labels[number])
        np.testing.assert_array_equal(np.asarray(Image.open(file)), samples[number, ..., 0])
    capsys.readouterr()
    assert run(["data", "info", str(tmp_path / "made"), "data.size=8"]) == 0
    said = capsys.readouterr().out
    assert "shape    1 x 8 x 8" in said
    assert "balance  balanced: 2 samples in every class" in said
    assert "not an empty folder" in refused(capsys, "sample", path, "-o", tmp_path / "made")
    assert len(list((tmp_path / "made").rglob("*.png"))) == 20


def test_a_folder_is_whole_or_absent(trained, tmp_path: Path, monkeypatch, capsys: Capture) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    path = trained("images")
    monkeypatch.setattr(Image.Image, "save", full)
    assert "No space left" in refused(capsys, "sample", path, "-n", 4, "-o", tmp_path / "made")
    assert {file.name for file in tmp_path.iterdir()} == {"runs"}


def test_points_are_a_table(trained, tmp_path: Path, capsys: Capture) -> None:
    path = trained("points")
    assert run(["sample", str(path), "-n", "30", "-o", str(tmp_path / "p.csv")]) == 0
    with (tmp_path / "p.csv").open(newline="") as file:
        head, *rows = list(csv.reader(file))
    assert head == ["x", "y"]
    np.testing.assert_allclose(np.array(rows, float), gannet.load(path).sample(30)[0], rtol=1e-6)
    assert "points are not images" in refused(capsys, "sample", path, "-o", tmp_path / "made/")
    assert "a .csv file holds points" in refused(capsys, "sample", trained("images"), "-o", tmp_path / "p2.csv")
    assert {file.name for file in tmp_path.iterdir()} == {"runs", "p.csv"}


def test_a_huge_grid_is_refused_with_a_better_way(trained, tmp_path: Path, capsys: Capture) -> None:
    message = refused(capsys, "sample", trained("images"), "-n", 50_000, "-o", tmp_path / "g.png")
    assert f"single images with -o {tmp_path}/g/" in message
    assert "g.npz" in message
    assert not (tmp_path / "g.png").exists()


@pytest.mark.parametrize(("count", "columns", "side"), [(7, 3, 8), (64, 8, 28), (5, 9, 80)])
def test_the_size_of_a_grid_is_known_before_it_is_drawn(count: int, columns: int, side: int) -> None:
    grid = image_grid(np.zeros((count, side, side, 1), np.uint8), columns)
    assert grid.size == size_of_grid(count, columns, side, side)


def test_a_walk_is_a_closed_loop(trained, tmp_path: Path, capsys: Capture, monkeypatch) -> None:
    monkeypatch.setattr(sample_files, "WALK_FRAMES", 24)
    path = trained("images")
    frames = list(gannet.load(path).walk(2, frames=8, stops=2))
    assert len(frames) == 8
    steps = [np.abs(a.astype(float) - b).mean() for a, b in zip(frames, [*frames[1:], frames[0]], strict=True)]
    assert min(steps) > 0
    assert max(steps) < 4 * min(steps), "the last frame leads back to the first one"
    for name in ("w.gif", "w.webp"):
        assert run(["sample", str(path), "--interpolate", "-n", "2", "-o", str(tmp_path / name)]) == 0
        with Image.open(tmp_path / name) as moving:
            assert moving.n_frames > 4  # WebP joins equal frames
    assert "a moving walk shows images" in refused(
        capsys, "sample", trained("points"), "--interpolate", "-o", tmp_path / "p.gif"
    )


def test_mp4_without_ffmpeg_says_what_to_install(trained, tmp_path: Path, monkeypatch, capsys: Capture) -> None:
    monkeypatch.setattr(animation, "_ffmpeg", lambda: None)
    for words in (["sample", trained("images"), "--interpolate", "-o"], ["report", trained("points"), "-o"]):
        shutil.rmtree(tmp_path / "runs")
        words[1] = trained(words[1].name)
        assert "needs ffmpeg" in refused(capsys, *words, tmp_path / "w.mp4")
    assert not (tmp_path / "w.mp4").exists()


def test_mp4_is_written_by_ffmpeg(tmp_path: Path, monkeypatch) -> None:
    """A stand-in for ffmpeg that checks what it gets: all frames as raw pixels, and a name to write."""
    program = tmp_path / "ffmpeg"
    program.write_text(
        "#!/usr/bin/env python3\nimport sys\nfrom pathlib import Path\n"
        "content = sys.stdin.buffer.read()\nassert '31x20' in sys.argv\n"
        "Path(sys.argv[-1]).write_bytes(b'mp4' + str(len(content)).encode())\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(animation, "_ffmpeg", lambda: str(program))
    save_animation(FRAMES, tmp_path / "a.mp4", total_seconds=3, hold_last=False)
    assert (tmp_path / "a.mp4").read_bytes() == b"mp4" + str(12 * 31 * 20 * 3).encode()
    program.write_text("#!/bin/sh\necho broken codec >&2; exit 1\n")
    with pytest.raises(UserError, match="ffmpeg failed \\(broken codec\\)"):
        save_animation(FRAMES, tmp_path / "b.mp4")
    assert not (tmp_path / "b.mp4").exists()


@pytest.mark.skipif(animation._ffmpeg() is None, reason="needs ffmpeg")
def test_ffmpeg_reads_its_arguments(tmp_path: Path) -> None:
    assert save_animation(FRAMES, tmp_path / "a.mp4") > 500


def test_an_unknown_format_is_refused_before_work(trained, tmp_path: Path, capsys: Capture) -> None:
    path = trained("points")
    assert "ends in .gif, .webp or .mp4" in refused(capsys, "report", path, "--gif", tmp_path / "a.avi")
    assert "With --interpolate, it is a moving walk" in refused(capsys, "sample", path, "-o", tmp_path / "a.gif")
    assert "write to a .png file" in refused(capsys, "sample", path, "--traverse", "-o", tmp_path / "a.gif")


def test_a_short_run_has_twelve_frames(trained) -> None:
    assert len(Run(trained("few")).frames()) == 13
