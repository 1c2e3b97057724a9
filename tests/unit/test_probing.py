"""Questions to a checkpoint: closed forms, and one small run that is really asked."""

from __future__ import annotations

import io
import json
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

import gannet
from gannet.dashboard.probes.__main__ import Desk
from gannet.dashboard.probes.arithmetic import level_shares, nearest_rows
from gannet.games.base import Discriminates
from gannet.games.directions import principal_directions
from gannet.runs.reader import Run
from gannet.training.spectrum import radial_power


def test_nearest_rows_are_found_exactly_over_all_chunks(monkeypatch):
    monkeypatch.setattr("gannet.dashboard.probes.arithmetic.CHUNK_VALUES", 60)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, 256, (50, 3, 2, 1), np.uint8)
    queries = rows[[7, 40]].astype(int)
    queries[0, 0, 0, 0] += 6
    queries[1, 2, 1, 0] -= 12
    places, distances = nearest_rows(queries, rows, 2)
    assert places[:, 0].tolist() == [7, 40]
    # One of six values differs by d: the root mean square is d / sqrt(6).
    np.testing.assert_allclose(distances[:, 0], [6 / 6**0.5, 12 / 6**0.5], rtol=1e-12)
    all_of_them = np.sqrt(np.square(queries[:, None].astype(float) - rows[None]).mean(axis=(2, 3, 4)))
    np.testing.assert_allclose(distances, np.sort(all_of_them, axis=1)[:, :2], rtol=1e-12)


def test_a_pure_wave_has_all_its_power_at_its_frequency():
    x = np.arange(16)
    wave = 3 * np.cos(2 * np.pi * 5 * x / 16)[None, None, :, None].repeat(16, axis=1)
    power = radial_power(np.concatenate([wave, wave]))
    # Amplitude 3: 9 / 4 at each of two places; the mean is over the ring's places.
    radius = np.hypot(*np.meshgrid(np.r_[0:8, -8:0], np.r_[0:8, -8:0]))
    ring = ((radius > 4.5) & (radius < 5.5)).sum()
    expected = np.zeros(8)
    expected[4] = 2 * 9 / 4 / ring
    np.testing.assert_allclose(power, expected, atol=1e-15)
    checkerboard = ((x[:, None] + x) % 2).astype(float)[None, :, :, None]
    # A checkerboard's only wave is along the diagonal, beyond half the pixels of a side; its mean is at 0 cycles.
    np.testing.assert_allclose(radial_power(checkerboard), 0, atol=1e-15)


def test_levels_are_counted_in_equal_parts():
    images = np.array([0, 15, 16, 255], np.uint8).reshape(1, 2, 2, 1)
    assert level_shares(images, 16).tolist() == [0.5, 0.25, *[0] * 13, 0.25]


def test_directions_of_a_linear_generator_are_its_singular_vectors():
    rng = np.random.default_rng(0)
    latents = np.linalg.qr(rng.normal(size=(200, 4)) - 0)[0]
    latents = np.linalg.qr(latents - latents.mean(axis=0))[0] * 200**0.5  # white: mean 0, covariance 1
    left, right = np.linalg.qr(rng.normal(size=(30, 4)))[0], np.linalg.qr(rng.normal(size=(4, 4)))[0]
    samples = latents @ (left * [5, 3, 2, 1] @ right.T).T
    found, shares = principal_directions(latents, samples, 3)
    np.testing.assert_allclose(np.abs(found @ right), np.eye(4)[:3], atol=1e-9)
    np.testing.assert_allclose(shares, np.array([25, 9, 4]) / 39)
    brightness = (left * [5, 3, 2, 1]).mean(axis=0)[:3]
    assert np.sign(np.diagonal(found @ right)).tolist() == np.sign(brightness).tolist()


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("probed")
    return gannet.train("digits", recipe="bigan", steps=2, out=folder / "run").path


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


def ask(desk, run, name, **arguments):
    answer = desk.answer({"run": str(run), "ask": name, "arguments": arguments})
    assert "error" not in answer, answer
    return json.loads(json.dumps(answer))


def images_of(sheet):
    page = np.asarray(Image.open(io.BytesIO(b64decode(sheet["png"]))))
    width, height = sheet["cell"]
    tiles = page.reshape(sheet["rows"], height, sheet["columns"], width).swapaxes(1, 2)
    return tiles.reshape(-1, height, width, 1)


def test_a_game_is_asked_what_it_can_answer_and_nothing_else(desk, run):
    names = ask(desk, run, "")["questions"]
    expected = "averages outputs nearest neighbours interpolation latent reconstructions spectrum"
    assert names == expected.split()
    for name in names:
        answer = ask(desk, run, name)
        assert answer["step"] == 2
        assert answer["sheets"] or answer["curves"]
        assert ask(desk, run, name) == answer
    for name in ("codes", "classes", "nonsense"):
        assert "does not support the question" in desk.answer({"run": str(run), "ask": name})["error"]


def test_outputs_are_sorted_and_belong_to_their_pictures(desk, run):
    sheets = {sheet["name"]: sheet for sheet in ask(desk, run, "outputs")["sheets"]}
    assert list(sheets) == ["fake-most", "fake-least", "real-most", "real-least"]
    trained = gannet.load(run)
    for kind in ("fake", "real"):
        most, least = ([float(head) for head in sheets[f"{kind}-{end}"]["heads"]] for end in ("most", "least"))
        assert most == sorted(most, reverse=True)
        assert least == sorted(least)
        assert most[-1] >= least[-1]
        with torch.no_grad():
            game = trained.game.eval()
            assert isinstance(game, Discriminates)
            again = game.logits(trained.form.encode(images_of(sheets[f"{kind}-most"])))
        np.testing.assert_allclose(again, most, atol=0.006)


def test_the_neighbours_of_a_recorded_image_are_the_nearest_training_images(desk, run):
    [sheet] = ask(desk, run, "neighbours", step=0, image=5)["sheets"]
    shown = images_of(sheet)
    recorded = np.asarray(Run(run).load_frame(Run(run).frames()[0][1]))[..., :1]
    np.testing.assert_array_equal(shown[0], recorded[:8, 40:48])
    reals = gannet.load(run).open_data().reference(5000, seed=0)[0]
    distances = np.sqrt(np.square(reals.astype(float) - shown[0]).mean(axis=(1, 2, 3)))
    assert [float(head) for head in sheet["heads"][1:]] == np.sort(distances)[:3].round().tolist()
    np.testing.assert_array_equal(shown[1], reals[distances.argmin()])
    for wrong in ({"step": 7}, {"image": 64}, {"image": -1}):
        assert "error" in desk.answer({"run": str(run), "ask": "neighbours", "arguments": wrong})


def test_sliders_at_rest_change_nothing_and_moved_ones_do(desk, run):
    at_rest, moved = (ask(desk, run, "latent", **values)["sheets"][0]["png"] for values in ({"d1": 0.0}, {"d1": 3.0}))
    assert at_rest == ask(desk, run, "latent")["sheets"][0]["png"]
    assert at_rest != moved
    assert ask(desk, run, "latent", d1=4.0) == ask(desk, run, "latent", d1=99.0)


def test_reconstructions_are_nearer_than_the_encoder_s_and_found_without_one(desk, run, trained):
    answer = ask(desk, run, "reconstructions")
    [sheet] = answer["sheets"]
    assert sheet["sides"] == ["real", "encoded", "found"]
    real, encoded, found = images_of(sheet).astype(float).reshape(3, -1)
    assert answer["values"]["encoded"] == pytest.approx(np.sqrt(np.square(encoded - real).mean()))
    assert answer["values"]["found"] == pytest.approx(np.sqrt(np.square(found - real).mean()))
    assert answer["values"]["found"] < 0.9 * answer["values"]["encoded"]
    [sheet] = ask(desk, trained("images"), "reconstructions")["sheets"]
    assert sheet["sides"] == ["real", "found"]


def test_what_cannot_be_drawn_is_one_sentence(desk, trained, tmp_path):
    assert desk.answer({"run": str(trained("bare")), "ask": ""}) == {
        "error": "There is no checkpoint yet. These images appear with the first one."
    }
    recipe = (Path(gannet.__file__).parent / "recipes" / "gan.py").read_text(encoding="utf-8")
    (tmp_path / "mine.py").write_text(recipe.replace("def gan(", "def mine("), encoding="utf-8")
    own = gannet.train(
        "ring", recipe=str(tmp_path / "mine.py"), steps=1, hidden=8, batch_size=4, out=tmp_path / "own", quiet=True
    )
    assert "which the live view does not execute" in desk.answer({"run": str(own.path), "ask": ""})["error"]
