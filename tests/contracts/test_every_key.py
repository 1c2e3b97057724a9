"""Every number that a person can type: what is not finite, not a number or absurd is one sentence with key, value
and allowed range.
"""

from __future__ import annotations

import inspect
import re
from typing import Any, get_type_hints

import pytest

from gannet.config.allowed import allowed, expected
from gannet.config.arguments import Root, read
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.discovery import components
from gannet.errors import UserError
from gannet.training.settings import Settings

PARTS = ["losses", "priors", "encodings", "regularizers", "augmentations", "data"]
CLASSES = [found.load() for kind in PARTS for found in components(kind).values()]
NEVER = ["nan", "inf", "-inf", "1e999", "abc"]
EXPECTED = re.compile(": expected an? |: expected one of ")
NEVER_AN_INTEGER = ["-1", "1.5", str(10**30)]


def sentences(root: Root, given: dict[str, str]) -> list[str]:
    try:
        read(given, root)
    except UserError as error:
        return list(error.problems)
    return []


def numbers(root: Root) -> dict[str, type]:
    """Key -> int or float, of all keys whose value is a number by default."""
    try:
        [(_, values)] = read({}, root)
    except UserError:  # a source that needs a path
        [(_, values)] = read({f"{root.prefix}path": "somewhere"}, root)
    return {key: type(value) for key, value in values.items() if type(value) in (int, float)}


def check(root: Root) -> None:
    found = numbers(root)
    needed = {f"{root.prefix}path": "somewhere"} if "path" in inspect.signature(root.function).parameters else {}
    for value in NEVER + NEVER_AN_INTEGER:
        wrong = [key for key, kind in found.items() if value in NEVER or kind is int]
        said = sentences(root, needed | dict.fromkeys(wrong, value)) if wrong else []
        reported = [sentence for sentence in said if EXPECTED.search(sentence) and "\n" not in sentence]
        assert sorted(sentence.partition("=")[0] for sentence in reported) == sorted(wrong), (value, said)
        assert all(f"={value}: expected " in sentence for sentence in reported)
        # Each integer has a largest value; a loss's target may be any finite number.
        assert all(
            re.search("≤|<|one of", sentence) for sentence in reported if found[sentence.partition("=")[0]] is int
        )


@pytest.mark.parametrize("name", components("recipes"))
def test_every_number_of_a_recipe(name):
    check(Root(components("recipes")[name].load().function, skip=("form",)))


@pytest.mark.parametrize("factory", [*CLASSES, Settings], ids=lambda factory: factory.__name__)
def test_every_number_of_a_component(factory):
    check(Root(factory, "data." if "data" in factory.__module__ else ""))


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"lr": "nan"}, "lr=nan: expected a number > 0 and ≤ 10."),
        ({"lr": "inf"}, "lr=inf: expected a number > 0 and ≤ 10."),
        ({"lr": "abc"}, "lr=abc: expected a number > 0 and ≤ 10."),
        ({"optimizer.generator.lr": "0"}, "optimizer.generator.lr=0: expected a number > 0 and ≤ 10."),
        ({"data.radius": "0"}, "data.radius=0: expected a number > 0 and ≤ 1e+06."),
        ({"data.count": "-1"}, "data.count=-1: expected an integer ≥ 1 and ≤ 10,000."),
        ({"hidden": "100000000"}, "hidden=100000000: expected an integer ≥ 1 and ≤ 16,384."),
        ({"batch_size": "1e12"}, "batch_size=1e12: expected an integer ≥ 2 and ≤ 65,536."),
        ({"hidden": ""}, "hidden=: expected an integer ≥ 1 and ≤ 16,384."),
        ({"frames.every": "-1"}, "frames.every=-1: expected an integer ≥ 0 and ≤ 1,000,000,000 or none."),
        (
            {"optimizer.generator.schedule": "linear"},
            "optimizer.generator.schedule=linear: expected one of constant, cosine.",
        ),
    ],
)
def test_one_sentence(typed, sentence):
    with pytest.raises(UserError) as caught:
        plan("ring", recipe="gan", given=typed, flags=DEFAULT_FLAGS)
    assert caught.value.problems == (sentence,)


def test_lists_are_finite_too():
    with pytest.raises(UserError, match=r"data.means=0,nan: expected a list"):
        plan("gmm", recipe="gan", given={"data.means": "0,nan"}, flags=DEFAULT_FLAGS)
    with pytest.raises(UserError, match=r"data.covariances=\(0.1,inf\): expected a number or list"):
        plan("gmm", recipe="gan", given={"data.covariances": "(0.1,inf)"}, flags=DEFAULT_FLAGS)


def test_ranges_in_words():
    hints: dict[str, Any] = get_type_hints(Settings, include_extras=True)
    assert allowed(hints["seed"]) == f"integer ≥ 0 and ≤ {2**63 - 1:,}"
    assert expected(hints["device"]) == "one of auto, cpu, cuda"
    assert expected(str) == "text"
