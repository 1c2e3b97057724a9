"""The default recipe for few images switches itself on, says so in one sentence, and can be turned off."""

from __future__ import annotations

import pytest
from PIL import Image

from gannet.cli import run
from gannet.config.few_images import for_size
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.recipes.base import FEW_IMAGES, RECOMMENDED
from gannet.runs.reader import Run

QUICK = ["batch_size=8", "frames.every=0", "health.every=0"]


def planned(data, recipe=None, **given):
    return plan(data, recipe=recipe, given=given, flags=DEFAULT_FLAGS | {"seed": 3})


def test_few_images_are_augmented_and_typed_keys_stay():
    few = for_size(planned("digits", batch_size=8), FEW_IMAGES - 1)
    assert few.recipe_name == "ada"
    assert few.values["recipe"]["augmentation"] == "adaptive"
    assert few.values["recipe"]["batch_size"] == 8
    assert few.values["settings"]["seed"] == 3
    assert few.note == (
        "2,499 images are few, so the recipe 'ada' augments them while training; --recipe dcgan-relativistic trains "
        "without."
    )


@pytest.mark.parametrize(
    ("data", "recipe", "size"),
    [
        ("digits", None, FEW_IMAGES),
        ("digits", None, None),
        ("digits", RECOMMENDED["images"], 100),
        ("digits", "dcgan", 100),
        ("ring", None, 100),
        ("captioned-digits", None, 100),
    ],
)
def test_other_plans_stay_as_they_are(data, recipe, size):
    one = planned(data, recipe)
    assert for_size(one, size) is one


def test_the_first_lines_say_it_and_the_same_command_continues_the_run(tmp_path, capsys):
    words = ["train", "digits", "--out", str(tmp_path / "run"), "--steps", "2", *QUICK]
    assert run([*words, "--resume"]) == 0
    assert capsys.readouterr().err.count("are few, so the recipe 'ada' augments them while training") == 1
    assert Run(tmp_path / "run").record.recipe == "ada"
    assert run([*words, "--resume"]) == 0, "the finished run is recognised"


def test_a_named_recipe_turns_it_off(tmp_path, capsys):
    words = ["train", "digits", "--recipe", RECOMMENDED["images"], "--out", str(tmp_path / "run"), "--steps", "1"]
    assert run([*words, *QUICK]) == 0
    assert "augments" not in capsys.readouterr().err
    assert Run(tmp_path / "run").record.recipe == RECOMMENDED["images"]


def test_whatever_key_the_plain_recipe_has_the_default_for_few_images_has_too():
    assert planned("digits", RECOMMENDED["images"]).keys <= planned("digits", "ada").keys
    few = for_size(planned("digits", conditional=False), 10)
    assert few.values["recipe"]["conditional"] is False


@pytest.mark.parametrize(("count", "is_warned"), [(19, True), (20, False)])
def test_data_that_cannot_be_measured_are_named_before_training(tmp_path, capsys, count, is_warned):
    (tmp_path / "own").mkdir()
    for number in range(count):
        Image.new("L", (16, 16), 10 * number).save(tmp_path / "own" / f"{number}.png")
    words = ["train", str(tmp_path / "own"), "--out", str(tmp_path / "run"), "--steps", "1", "--recipe", "mlp-gan"]
    assert run([*words, *QUICK]) == 0
    said = f"{count} samples are too few for `gannet measure`, which needs at least 20."
    assert (said in capsys.readouterr().err) is is_warned
    for verb in ([*words, *QUICK, "--resume"], ["doctor", str(tmp_path / "run")], ["report", str(tmp_path / "run")]):
        assert run(verb) == 0
    out, err = capsys.readouterr()
    assert ("gannet measure" not in out + err.replace(said, "")) is is_warned
    assert ("gannet measure" not in (tmp_path / "run/report.html").read_text()) is is_warned
