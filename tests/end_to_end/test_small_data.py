"""Few rows, small batches and images that are not square, from the command line."""

import numpy as np
import pytest
from PIL import Image

OWN_RECIPE = """
from gannet.recipes.base import recipe
from gannet.recipes.gan import gan

@recipe(kind="points")
def own(form, *, steps: int = 5, batch_size: int = 8):
    experiment = gan(form, steps=steps, batch_size=batch_size)
    experiment.game.generator.forward = lambda latents, labels=None: latents
    return experiment
"""


def write_points(path, count):
    rows = np.random.default_rng(0).normal(size=(count, 2))
    path.write_text("x,y\n" + "".join(f"{x:.4f},{y:.4f}\n" for x, y in rows))


def write_images(folder, count, width, height):
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (height, width, 3), dtype=np.uint8)).save(folder / f"{number}.png")


@pytest.mark.parametrize(("count", "recipe"), [(100, "particle-gan"), (2, "r3gan")])
def test_fewer_points_than_the_batch_train_and_are_watched(gannet, folder, count, recipe):
    write_points(folder / "mine.csv", count)
    keys = ("hidden=8", "measure.every=2", "health.every=1")
    answer = gannet("train", "mine.csv", "--recipe", recipe, "--steps", "4", *keys, "--out", "run")
    assert answer.status == 0, answer
    measured = gannet("measure", "run")
    if count == 100:
        assert measured.status == 0, measured
    else:
        assert measured.status == 2
        assert measured.err.splitlines() == [
            "gannet: These data have 2 samples, and measuring needs at least 20: one half is compared with the samples "
            "of the generator, the other half gives the real-data reference."
        ]


def test_rectangles_train_with_the_default_recipe(gannet, folder):
    write_images(folder / "wide", 6, 24, 16)
    answer = gannet("train", "wide", "--steps", "1", "batch_size=4", "--out", "run")
    assert answer.status == 0, answer
    assert "crop" not in answer.err + answer.out
    assert gannet("sample", "run", "-n", "1", "-o", "one.png").status == 0


def test_a_crop_is_said_also_when_the_decoded_images_are_cached(gannet, folder):
    write_images(folder / "wide", 6, 24, 16)
    for out in ("first", "second"):
        answer = gannet("train", "wide", "--steps", "1", "batch_size=4", "data.size=16", "--out", out)
        assert answer.status == 0, answer
        assert "wide: 6 of 6 images lose edges to a centre crop of shape 16 x 16" in answer.err


@pytest.mark.parametrize(
    ("recipe", "keys", "words"),
    [
        ("dcgan", ["batch_size=4"], ["cannot make images of 23 x 17 pixels", "Set data.size=16"]),
        (
            "pacdcgan2",
            ["batch_size=2"],
            ["Recipe 'pacdcgan2' cannot train on images", "batch norm", "Set a larger batch_size."],
        ),
        ("pacdcgan2", ["batch_size=3"], ["does not divide into packs of 2"]),
    ],
)
def test_what_cannot_train_is_one_sentence_and_leaves_nothing(gannet, folder, recipe, keys, words):
    write_images(folder / "odd", 6, 23, 17)
    answer = gannet("train", "odd", "--recipe", recipe, *keys)
    assert_refused(answer, folder, words)


def test_a_recipe_file_with_shapes_that_do_not_fit_is_refused_with_its_place(gannet, folder):
    (folder / "own.py").write_text(OWN_RECIPE)
    answer = gannet("train", "ring", "--recipe", "own.py")
    assert_refused(
        answer, folder, ["Recipe 'own.py' cannot train on points of shape 2 with batch_size=8", ".py, line "]
    )


def assert_refused(answer, folder, words):
    assert answer.status == 2, answer
    assert len(answer.err.splitlines()) == 1
    assert all(word in answer.err for word in words), answer.err
    assert not (folder / "runs").exists()
