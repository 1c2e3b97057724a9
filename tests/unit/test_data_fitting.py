"""From the pixels of a file to those of training: white levels, size, shape, opacity, mirroring."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from support.data_cases import CLEAR, COLOUR, SIDE, SIX, grid, opened, save

from gannet.errors import UserError


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


def rgb16(levels: np.ndarray) -> bytes:
    """A PNG of 16-bit colour (H, W, 3), which Pillow cannot write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    height, width, _ = levels.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    start = struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", start) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_images_that_are_almost_black_are_said(tmp_path: Path) -> None:
    for i in range(2):
        save(tmp_path / "masks" / f"{i}.png", grid([0, 1, i], np.uint8))
        (tmp_path / "scans").mkdir(exist_ok=True)
        (tmp_path / "scans" / f"{i}.png").write_bytes(rgb16(np.stack([grid(range(0, 4096, 37), np.uint16)] * 3, 2) + i))
    np.savez(tmp_path / "digits.npz", images=np.random.default_rng(0).integers(0, 17, (9, 8, 8)).astype(float))
    for name, level in (("masks", 1), ("scans", 15), ("digits.npz", 16)):
        [note] = opened(tmp_path / name).notes
        assert f"no level is above {level} of 255" in note
        white = opened(tmp_path / name, white=str(level))
        assert int(white.pixels.max()) == 255
        assert not white.notes


@pytest.mark.parametrize(
    ("levels", "sentence"),
    [
        (np.linspace(-0.5, 0.5, 384).reshape(6, 8, 8), "levels from -0.5 to 0.5, whose black and white are unknown"),
        (np.where(SIX > 250, np.nan, 0.5), "levels are not finite"),
        (SIX.astype(np.int16) - 128, "whose black and white are unknown"),
    ],
)
def test_levels_of_arrays_that_leave_a_question(tmp_path: Path, levels: np.ndarray, sentence: str) -> None:
    np.savez(tmp_path / "set.npz", images=levels)
    with pytest.raises(UserError, match=sentence):
        opened(tmp_path / "set.npz")
