"""Every recipe plays on any number of samples and any sides, or refuses them in one sentence before a run is
created.
"""

from unittest.mock import MagicMock

import numpy as np
import pytest
import torch
from support.recipe_cases import CASES as ALL_CASES
from support.recipe_cases import load, make_on

from gannet.data.base import Dataset
from gannet.data.image_table import ImageTable
from gannet.data.point_table import PointTable
from gannet.errors import UserError
from gannet.evaluation.measure import measurer
from gannet.runs.writer import RunWriter
from gannet.testing.games import FP32
from gannet.training.observers import Observer, record_frames
from gannet.training.rehearsal import rehearse
from gannet.training.trainer import Trainer
from gannet.training.vitals import watch_health

SLOW = pytest.mark.slow
FITTING_SIDES = [(16, 24, 3), pytest.param((32, 8, 1), marks=SLOW)]
"""(H, W, C) that every recipe can make."""
OTHER_SIDES = [pytest.param((9, 9, 1), marks=SLOW), (12, 20, 3), pytest.param((17, 33, 1), marks=SLOW)]
"""(H, W, C) that some can make."""


def images(
    count: int, height: int, width: int, channels: int, *, labels: bool = True, equal: bool = False
) -> ImageTable:
    """Random images, smooth enough for every recipe to stay finite."""
    rng = np.random.default_rng(0)
    pixels = np.broadcast_to(
        rng.integers(0, 256, (count, channels, 1, 1), dtype=np.uint8), (count, channels, height, width)
    ).copy()
    if equal:
        pixels[:] = pixels[:1]
    return ImageTable(
        pixels, np.arange(count) % 2 if labels else None, ("a", "b") if labels else (), content_hash="small"
    )


def points(count: int, *, labels: bool) -> PointTable:
    values = np.random.default_rng(0).normal(size=(count, 2))
    return PointTable(
        values, np.arange(count) % 2 if labels else None, ("a", "b") if labels else (), origin="small.csv"
    )


def refusal(name: str, dataset: Dataset, **given: object) -> str | None:
    """Two steps with everything that watches them; the sentence if it is refused before."""
    try:
        experiment = make_on(name, dataset.form, **given)
        rehearse(experiment, dataset, recipe=name, seed=0, precision=FP32)
    except UserError as error:
        return str(error)
    trainer = Trainer(experiment, dataset, seed=0, precision=FP32)
    terms = trainer.play() | trainer.play()
    for observer in watchers(trainer, dataset):
        observer.act(terms)
    measure = measurer(
        trainer.average.game,
        dataset,
        seed=0,
        run="r",
        weights="ema",
        samples=10,
        metrics=["sliced_w"],
        held_out=dataset,
    )
    try:
        cards, _ = measure(2)
        said = None
    except UserError as error:
        cards, said = [], str(error)
    if said is None:
        assert [card.n_fake for card in cards] == [10]
    else:
        assert "\n" not in said
        assert f"have {dataset.size} samples" in said or "are the same" in said
    return None


def watchers(trainer: Trainer, dataset: Dataset) -> list[Observer]:
    """The observers of frames and of health; what they write is not of interest here."""
    writer = MagicMock(spec=RunWriter, path="run")
    health = [
        watch_health(trainer, dataset, held_out, writer, seed=0, every=1, events=[], on_alarm=lambda sentence: None)
        for held_out in (None, dataset)
    ]
    return [record_frames(trainer, dataset, writer, seed=0, every=1, count=4), *health]


CASES = [(name, kind) for name, kind in ALL_CASES if not load(name).captions]
"""A recipe that needs captions refuses all data of this file in a sentence."""
POINT_RECIPES = [name for name, kind in CASES if kind == "points"]
IMAGE_RECIPES = [name for name, kind in CASES if kind == "images"]


@pytest.mark.parametrize("labels", [False, True])
@pytest.mark.parametrize("count", [2, 100])
@pytest.mark.parametrize("name", POINT_RECIPES)
def test_few_points_train(name, count, labels):
    assert refusal(name, points(count, labels=labels)) is None


@pytest.mark.parametrize("count", [1, pytest.param(20, marks=SLOW)])
@pytest.mark.parametrize("name", IMAGE_RECIPES)
def test_few_images_train(name, count):
    assert refusal(name, images(count, 16, 16, 1)) is None


@pytest.mark.slow
@pytest.mark.parametrize("name", IMAGE_RECIPES)
def test_equal_images_train(name):
    assert refusal(name, images(20, 16, 16, 3, equal=True)) is None


@pytest.mark.parametrize("sides", FITTING_SIDES)
@pytest.mark.parametrize("name", IMAGE_RECIPES)
def test_rectangles_train(name, sides):
    assert refusal(name, images(4, *sides), batch_size=4) is None


@pytest.mark.parametrize("sides", OTHER_SIDES)
@pytest.mark.parametrize("name", IMAGE_RECIPES)
def test_other_sides_train_or_are_refused_in_a_sentence(name, sides):
    said = refusal(name, images(4, *sides), batch_size=4)
    if said is not None:
        height, width, _ = sides
        assert f"cannot make images of {width} x {height} pixels" in said
        assert "Set data.size=" in said
        assert "\n" not in said


@pytest.mark.parametrize("batch_size", [1, 2, pytest.param(3, marks=SLOW)])
@pytest.mark.parametrize(("name", "kind"), CASES)
def test_small_batches_train_or_are_refused_in_a_sentence(name, kind, batch_size):
    said = refusal(name, points(5, labels=True) if kind == "points" else images(5, 16, 16, 1), batch_size=batch_size)
    if said is not None:
        assert "batch" in said
        assert "\n" not in said


@pytest.mark.parametrize("name", ["dcgan", "particle-gan"])
def test_a_rehearsal_changes_nothing(name):
    dataset = points(20, labels=False) if name == "particle-gan" else images(20, 16, 16, 1)
    experiment, untouched = make_on(name, dataset.form), make_on(name, dataset.form)
    state = torch.get_rng_state()
    rehearse(experiment, dataset, recipe=name, seed=0, precision=FP32)
    assert torch.equal(state, torch.get_rng_state())
    trainers = [Trainer(e, dataset, seed=0, precision=FP32) for e in (experiment, untouched)]
    for _ in range(2):
        terms = [trainer.play() for trainer in trainers]
        torch.testing.assert_close(terms[0], terms[1], rtol=0, atol=0)
    torch.testing.assert_close(trainers[0].game.state_dict(), trainers[1].game.state_dict(), rtol=0, atol=0)
