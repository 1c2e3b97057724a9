"""Dotted keys become typed arguments, and what was resolved can be typed again."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

import pytest
from pydantic import Field

from gannet.config.arguments import Root, read
from gannet.errors import UserError
from gannet.losses.base import AdversarialLoss
from gannet.losses.hinge import Hinge
from gannet.losses.non_saturating import NonSaturating
from gannet.priors.base import Prior
from gannet.priors.gaussian import Gaussian
from gannet.priors.uniform import Uniform
from gannet.recipes.base import chosen


@dataclass(frozen=True)
class Inner:
    lr: Annotated[float, Field(gt=0)] = 0.1
    kind: Literal["a", "b"] = "a"


@dataclass(frozen=True)
class Outer:
    first: Inner = field(default_factory=Inner)
    second: Inner = Inner(lr=0.5)


def make(*, width: Annotated[int, Field(ge=1)] = 8, rows: tuple[float, ...] = (1.0, 2.0), maybe: int | None = None,
         loss: AdversarialLoss = chosen(NonSaturating, smoothing=0.1), prior: Prior = chosen(Gaussian, size=3),
         outer: Outer = Outer()):  # fmt: skip
    return width, rows, maybe, loss, prior, outer


def _read(**given):
    [(arguments, values)] = read({k.replace("__", "."): v for k, v in given.items()}, Root(make))
    return arguments, values


def test_defaults_are_complete_and_can_be_typed_again():
    arguments, values = _read()
    assert values["loss"] == "non-saturating"
    assert values["loss.smoothing"] == 0.1
    assert values["outer.second.lr"] == 0.5
    assert values["prior.size"] == 3
    again = read(values, Root(make))[0]
    assert again == (arguments, values)
    assert read({k: str(v) for k, v in values.items()}, Root(make))[0] == (arguments, values)


def test_text_becomes_typed():
    arguments, _ = _read(width="16", rows="3,4.5", maybe="7", outer__first__lr="1e-3", outer__first__kind="b")
    assert arguments["width"] == 16
    assert arguments["rows"] == (3.0, 4.5)
    assert arguments["maybe"] == 7
    assert arguments["outer"] == Outer(Inner(1e-3, "b"), Inner(0.5))


def test_components_by_name_and_field():
    arguments, values = _read(loss="hinge", loss__margin="2", prior="uniform", prior__size="5")
    assert arguments["loss"].make() == Hinge(2.0)
    assert arguments["prior"].make().size == 5
    assert isinstance(arguments["prior"].make(), Uniform)
    assert values["loss.margin"] == 2.0
    assert "loss.smoothing" not in values


def test_a_component_is_new_every_time():
    prior = _read()[0]["prior"]
    assert prior.make() is not prior.make()


def test_components_outside_the_package():
    reference = "gannet.losses.hinge:Hinge"
    with pytest.raises(UserError, match="imported only if you name it"):
        _read(loss=reference)
    [(arguments, values)] = read({"loss": reference}, Root(make), supplied={reference})
    assert arguments["loss"].make() == Hinge()
    assert values["loss"] == "gannet.losses.hinge:Hinge"


def test_a_regularizer_of_another_kind_is_refused():
    from gannet.recipes.dragan import dragan

    with pytest.raises(UserError, match=r"penalty=orthogonal: .* expects one of consistency, dragan, "):
        read({"penalty": "orthogonal"}, Root(dragan.function, skip=("form",)))
    with pytest.raises(UserError, match=r"penalty=spectral-norm: "):
        read({"penalty": "spectral-norm"}, Root(dragan.function, skip=("form",)))


def test_every_problem_is_reported_at_once():
    with pytest.raises(UserError) as caught:
        _read(widht="3", width="0", rows="a,b", outer__first__lr="-1", outer__second__kind="c", loss="hinje")
    text = "\n".join(caught.value.problems)
    for part in (
        "'widht'. Did you mean 'width'?",
        "width=0",
        "rows=a,b",
        "outer.first.lr=-1",
        "outer.second.kind=c",
        "Did you mean 'hinge'?",
    ):
        assert part in text
    assert len(caught.value.problems) == 6


def test_a_wrong_field_of_a_component_is_unknown():
    with pytest.raises(UserError, match=r"Unknown key 'loss\.margin'"):
        _read(loss__margin="2")
