"""What is measured against what: disjoint halves of the real data, held-out samples, requested classes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gannet.data.base import Truth, silent
from gannet.data.digits import Digits
from gannet.data.ring import Ring
from gannet.errors import UserError
from gannet.evaluation import evaluate as evaluating
from gannet.evaluation import measure as measuring
from gannet.evaluation.choice import default_names
from gannet.evaluation.evaluate import evaluate
from gannet.evaluation.table import render
from gannet.features.extractors import features
from gannet.metrics.base import Answers, Labels, Samples
from gannet.metrics.classes import ClassAccuracy
from gannet.metrics.frechet import FrechetDistancePerClass, frechet_distance
from gannet.metrics.reconstruction import ReconstructionClass
from gannet.recipes.cgan import cgan
from gannet.recipes.gan import gan
from gannet.testing.metric_data import draw, labelled_digits

RNG = np.random.default_rng(0)
NAMES = tuple("0123456789")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What evaluate is called with."""
    seen: dict[str, Any] = {}
    monkeypatch.setattr(
        measuring,
        "evaluate",
        lambda fake, real, spare, **named: seen.update(named, sets=(fake, real, spare)) or ([], []),
    )
    return seen


def rows(array: np.ndarray) -> set[bytes]:
    return {row.tobytes() for row in array}


def test_the_halves_are_disjoint_and_as_large_as_the_generated_set(asked: dict[str, Any]) -> None:
    dataset = Ring().open(silent)
    measuring.measurer(gan(dataset.form).game, dataset, seed=0, run="r", weights="ema", samples=400)(0)
    fake, real, spare = asked["sets"]
    assert len(fake) == len(real) == len(spare) == 400
    assert not rows(real) & rows(spare)
    assert not rows(fake) & (rows(real) | rows(spare))
    assert asked["labels"] is None or asked["labels"].fake is None


def test_labels_go_with_their_samples(asked: dict[str, Any]) -> None:
    dataset = Digits(size=16).open(silent)
    game = cgan(dataset.form).game
    measuring.measurer(game, dataset, seed=0, run="r", weights="ema", samples=50)(0)
    labels = asked["labels"]
    assert labels.names == NAMES
    np.testing.assert_array_equal(labels.fake, np.arange(50) % 10)
    everything, classes = dataset.reference(1797, seed=5)
    of_picture = dict(zip((row.tobytes() for row in everything), classes, strict=True))
    for part, numbers in zip(asked["sets"][1:], (labels.real, labels.spare), strict=True):
        assert [of_picture[row.tobytes()] for row in part] == list(numbers)
    # The generator is asked for these classes and no others.
    again = torch.cat(
        list(measuring.sample_chunks(game, 50, measuring.torch_rng(0, "measure"), labels=torch.from_numpy(labels.fake)))
    )
    np.testing.assert_array_equal(dataset.form.decode(again), asked["sets"][0])


def test_held_out_samples_stand_on_the_card() -> None:
    real, spare, fake, others = (draw("points", seed) for seed in range(4))

    def measure(held_out: np.ndarray | None, fake: np.ndarray = fake) -> Any:
        made = {"kind": "points", "truth": Truth(), "names": ["sliced_w"], "seed": 0, "protocol": {}}
        return evaluate(fake, real, spare, held_out=held_out, **made)[0][0]

    card = measure(others)
    assert card.held_out == measure(None, others).value
    assert card.held_out != card.reference
    assert measure(None).held_out is None
    assert measure(others[:500]).held_out is None, "fewer would read worse, not being fewer's fault"
    assert card.fingerprint == measure(None).fingerprint
    headings = [column.header for column in render([card]).columns]
    assert headings == ["metric", "value", "real data", "held out", "better", "fingerprint"]


def split() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    images, classes = labelled_digits()
    return images[:900], classes[:900], images[900:], classes[900:]


def test_fd_per_class_is_the_mean_of_each() -> None:
    real, of_real, fake, of_fake = split()
    metric = FrechetDistancePerClass("digits-cnn-v1")
    result = metric.compute(Samples(real, fake, Truth(), labels=Labels(NAMES, of_real, of_real, of_fake)), RNG)
    seen = [features("digits-cnn-v1", images) for images in (real, fake)]
    each = [frechet_distance(seen[0][of_real == c], seen[1][of_fake == c]) for c in range(10)]
    assert result.parts == pytest.approx(dict(zip(NAMES, each, strict=True)))
    assert result.value == pytest.approx(np.mean(each))


def test_exchanged_classes_are_seen_by_fd_per_class_alone() -> None:
    """3 and 8 exchanged: all images together are as they were, the two classes are far off, the others are not."""
    real, of_real, fake, of_fake = split()
    exchange = np.arange(10)
    exchange[[3, 8]] = [8, 3]
    metric = FrechetDistancePerClass("digits-cnn-v1")
    right, wrong = (metric.compute(Samples(real, fake, Truth(), labels=Labels(NAMES, of_real, of_real, c)), RNG).parts
                    for c in (of_fake, exchange[of_fake]))  # fmt: skip
    assert {name for name in NAMES if wrong[name] > 5 * right[name]} == {"3", "8"}
    accuracy = ClassAccuracy("digits-cnn-v1")
    given = Samples(real, fake, Truth(), labels=Labels(NAMES, of_real, of_real, exchange[of_fake]))
    assert {name for name, part in accuracy.compute(given, RNG).parts.items() if part < 0.1} == {"3", "8"}


def test_classes_that_nobody_requested_are_those_that_the_classifier_sees() -> None:
    """Its errors aside, that gives what true labels give; a class with few images is refused rather than left out
    of the mean.
    """
    real, of_real, fake, of_fake = split()
    asked = FrechetDistancePerClass("digits-cnn-v1").compute(
        Samples(real, fake, Truth(), labels=Labels(NAMES, of_real, of_real, of_fake)), RNG
    )
    seen = FrechetDistancePerClass("digits-cnn-v1", "seen")
    assert seen.compute(Samples(real, fake, Truth()), RNG).value == pytest.approx(asked.value, rel=0.3)
    assert seen.spec() != FrechetDistancePerClass("digits-cnn-v1").spec()
    with pytest.raises(UserError, match="Class '4' has 0 generated images"):
        seen.compute(Samples(real, fake[of_fake != 4], Truth(), labels=None), RNG)
    with pytest.raises(UserError, match="randconv-v1 sees none"):
        FrechetDistancePerClass("randconv-v1", "seen").compute(Samples(real, fake, Truth()), RNG)
    two_classes = np.isin(of_real, (1, 7)), np.isin(of_fake, (1, 7))
    assert set(seen.compute(Samples(real[two_classes[0]], fake[two_classes[1]], Truth()), RNG).parts) == {"1", "7"}


def test_names_of_fd_per_class() -> None:
    assert FrechetDistancePerClass("mnist-cnn-v1").label() == "FD-per-class[mnist-cnn-v1]"
    assert FrechetDistancePerClass("inception").label() == "intra-FID"
    assert FrechetDistancePerClass("inception", "seen").label() == "FD-per-class[inception]"


def test_class_accuracy_by_hand_and_of_classes_that_the_classifier_does_not_know() -> None:
    images, classes = labelled_digits()
    images, classes = images[:200], classes[:200]
    asked = classes.copy()
    asked[:50] = (classes[:50] + 1) % 10
    metric = ClassAccuracy("digits-cnn-v1")
    found = metric.compute(Samples(images, images, Truth(), labels=Labels(NAMES, classes, classes, asked)), RNG)
    # The classifier was trained on four fifths of these and errs in few.
    assert found.value == pytest.approx(0.75, abs=0.015)
    assert found.ci95 is not None
    assert found.ci95[0] < 0.75 < found.ci95[1]
    cats = Labels(("cat", "dog"), classes % 2, classes % 2, classes % 2)
    with pytest.raises(UserError, match="does not know the classes cat, dog"):
        metric.compute(Samples(images, images, Truth(), labels=cats), RNG)
    swapped = Labels(tuple(reversed(NAMES)), 9 - classes, 9 - classes, 9 - asked)
    assert metric.compute(Samples(images, images, Truth(), labels=swapped), RNG).value == found.value, (
        "names count, not numbers"
    )


def test_reconstruction_class_by_hand() -> None:
    """Reconstructions that are other images of the same digit are right; of 200, 50 are of the next digit."""
    images, classes = labelled_digits()
    first, others = images[:200], images[200:]
    wanted = classes[:200].copy()
    wanted[:50] = (wanted[:50] + 1) % 10
    made = np.stack([others[classes[200:] == digit][0] for digit in wanted])
    found = ReconstructionClass("digits-cnn-v1").compute(
        Samples(first, made, Truth(), Answers(first, reconstructed=made)), RNG
    )
    assert found.value == pytest.approx(0.75, abs=0.015)
    with pytest.raises(UserError, match="randconv-v1"):
        ReconstructionClass("randconv-v1").compute(
            Samples(first, made, Truth(), Answers(first, reconstructed=made)), RNG
        )


def test_what_only_a_classifier_sees_is_measured_unnamed_where_one_knows_the_data() -> None:
    images, classes = labelled_digits()
    answers, labels = Answers(images, reconstructed=images), Labels(NAMES, classes, classes, classes)
    seen = {"class_accuracy", "reconstruction_class"}
    assert seen <= set(default_names("images", answers, Truth(), labels, "digits-cnn-v1"))
    assert not seen & set(default_names("images", answers, Truth(), labels, "randconv-v1"))
    assert not seen & set(default_names("images", answers, Truth(), labels))


@pytest.mark.parametrize("data", [Ring(), Digits(size=16)])
def test_later_measurements_equal_those_of_a_new_measurer(data: Ring | Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    """What metrics say of real samples alone is computed once."""
    dataset = data.open(silent)
    game = (gan if isinstance(data, Ring) else cgan)(dataset.form).game
    held_out = dataset if isinstance(data, Digits) else None
    made = [
        measuring.measurer(game, dataset, seed=0, run="r", weights="ema", samples=100, held_out=held_out)
        for _ in range(2)
    ]
    before = made[0](0)
    with torch.no_grad():
        next(game.parameters()).mul_(2)
    computed: list[str] = []
    monkeypatch.setattr(evaluating, "_reference", lambda metric, name, *_: computed.append(name) or (None, []))
    later = made[0](1)
    assert computed == []
    monkeypatch.undo()
    again = made[1](1)
    assert later[1] == again[1]
    for ours, theirs in zip(later[0], again[0], strict=True):
        assert ours == theirs.model_copy(update={"seconds": ours.seconds})
    assert [card.value for card in later[0]] != [card.value for card in before[0]]
    assert any(card.reference is not None for card in later[0])
