"""Every example runs with a tiny budget, as a reader runs it, and what it prints is what it promises."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def example(folder, warm):
    """``example("02_compare", 50)`` -> what it printed."""

    def run(name: str, steps: int) -> str:
        status, out, err = warm.run([str(EXAMPLES / f"{name}.py"), str(steps)], folder, timeout=300)
        assert status == 0, err
        return out

    return run


def _numbers(pattern: str, text: str) -> list[float]:
    found = re.search(pattern.replace("#", r"(-?[\d.]+(?:e-?\d+)?)"), text)
    assert found, text
    return [float(number) for number in found.groups()]


def test_every_example_is_tested_and_says_how_to_run_it():
    names = sorted(path.stem for path in EXAMPLES.glob("*.py"))
    assert [name[:2] for name in names] == ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10"]
    tests = Path(__file__).read_text()
    for name in names:
        assert f'example("{name}", ' in tests
        assert f"python examples/{name}.py" in (EXAMPLES / f"{name}.py").read_text().split('"""')[1]


def test_train_a_ring(example, folder):
    said = example("01_train_a_ring", 100)
    distance = _numbers("1000 points, root mean square distance from the centre #;", said)[0]
    assert 1 < distance < 3, "an untrained generator stays near the middle; the ring has radius 2"
    assert _numbers("modes: #, real data #", said)[1] == 8
    assert (folder / "runs" / "ring" / "training.gif").stat().st_size > 1000


def test_compare(example, folder):
    said = example("02_compare", 20)
    assert len(re.findall(r"± \d", said)) == 4, "two recipes, two metrics"
    document = json.loads((folder / "runs" / "compare" / "compare.json").read_text())
    assert [(r["recipe"], len(r["runs"]), r["samples_seen"]) for r in document["recipes"]] == [
        ("gan", 2, 5120),
        ("particle-gan", 2, 5120),
    ]


def test_your_own_loss(example):
    said = example("03_your_own_loss", 60)
    assert "SquaredHinge satisfies the contract" in said
    assert "'loss': '03_your_own_loss:SquaredHinge', 'loss.margin': 2.0" in said
    value, reference = _numbers("sliced_w: #, real data #", said)
    assert reference < value < 1.5


def test_your_own_loss_from_the_command_line(installed, environment, monkeypatch):
    monkeypatch.setitem(environment, "PYTHONPATH", f"{EXAMPLES}:{environment.get('PYTHONPATH', '')}")
    words = ("train", "ring", "--recipe", "gan", "--steps", "2", "--out", "run", "loss=03_your_own_loss:SquaredHinge")
    refused = installed(*words, "loss.margin=-3")
    assert refused.status == 2
    assert "loss.margin=-3" in refused.err
    assert installed(*words, "loss.margin=3").status == 0


def test_your_own_regularizer(example):
    said = example("04_your_own_regularizer", 50)
    assert "Drift satisfies the contract" in said
    without, strong = _numbers(
        r"weight 0.0: mean logit of real samples #\nweight 1.0: mean logit of real samples #", said
    )
    assert abs(strong) < abs(without), "the penalty does nothing"


def test_your_own_game(example, gannet):
    said = example("05_your_own_game", 150)
    assert "Reconstructing satisfies the contract" in said
    assert _numbers("reconstruction error: #;", said)[0] < 0.3, (
        "the third network does not learn: guessing has an error of 1"
    )
    assert "reconstruction" in said.splitlines()[-2], "the metric that follows from encode()"
    file = EXAMPLES / "05_your_own_game.py"
    keys = ("optimizer.reconstructor.lr=1e-4", "weight=0", "hidden=8")
    assert gannet("train", "ring", "--recipe", file, "--steps", "2", "--out", "run", *keys).status == 0
    assert gannet("resume", "run", "--steps", "4", "--recipe", file).status == 0
    assert "weight=-1" in gannet("train", "ring", "--recipe", file, "weight=-1").err


def test_parts_in_your_own_loop(example):
    before, after = _numbers("data: # before training, # after 60 steps", example("06_parts_in_your_own_loop", 60))
    assert after < 0.6 * before


def test_text_to_image(example, folder):
    said = example("07_text_to_image", 60)
    assert "trained text-to-image on 8 words: a, blue, green, left, red, right, square, yellow" in said
    assert "do not contain this word; the nearest known words are in brackets: 'purple' (" in said
    left, right = _numbers("left half #, right half # levels", said)
    assert left != right
    assert (folder / "red-right.png").stat().st_size > 500


def test_fool_a_classifier(example, folder):
    said = example("08_fool_a_classifier", 3)
    for start in ("noise", "digits"):
        before, after = _numbers(rf"{start}: confidence # before, # after", said)
        assert before < 0.2
        assert after > 0.7
    assert (folder / "fooled.png").stat().st_size > 1000


def test_your_own_networks(example):
    said = example("09_your_own_networks", 3)
    assert "makes 1 x 32 x 32" in said
    assert "TutorialDiscriminator ends with a sigmoid (the layer 'main.6')" in said
    assert _numbers("trained      # steps", said) == [3]


def test_translate_pairs(example):
    said = example("10_translate_pairs", 25)
    before, after = (
        _numbers(rf"{name}\.png: root mean square difference from the digit #", said)[0] for name in ("new", "made")
    )
    assert after < before
