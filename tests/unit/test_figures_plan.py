"""The picture of a plan: complete, deterministic, and refused where the parts do not fit."""

from __future__ import annotations

import numpy as np
import pytest

from gannet.errors import UserError
from gannet.figures.plan import draw_plan, moves
from gannet.figures.theme import FAKE, REAL


def has_colour(picture: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool((np.abs(picture.astype(int) - colour).max(axis=2) < 12).any())


@pytest.mark.parametrize("axes", [1, 2])
def test_a_plan_is_drawn(axes: int) -> None:
    rng = np.random.default_rng(0)
    sources, targets = rng.standard_normal((5, axes)), rng.standard_normal((4, axes)) + 2
    mass = np.full((5, 4), 1 / 20)
    one = draw_plan(sources, targets, mass, "Earth mover's plan")
    assert one.size == (1280, 672)
    picture = np.asarray(one)
    assert has_colour(picture, REAL)
    assert has_colour(picture, FAKE)
    assert one.tobytes() == draw_plan(sources, targets, mass, "Earth mover's plan").tobytes()
    only_one = np.zeros((5, 4))
    only_one[0, 0] = 1
    assert one.tobytes() != draw_plan(sources, targets, only_one, "Earth mover's plan").tobytes()


def test_moves_are_those_with_mass_lightest_first() -> None:
    assert moves(np.array([[0, 0.3], [0.1, 0.6]])) == [(1, 0, 0.1), (0, 1, 0.3), (1, 1, 0.6)]
    many = np.arange(1.0, 2501.0).reshape(50, 50)
    assert len(moves(many)) == 2000
    assert moves(many)[-1] == (49, 49, 2500.0)
    assert moves(many)[0][2] == 501.0


@pytest.mark.parametrize(
    ("sources", "targets", "mass", "why"),
    [
        (np.zeros((2, 3)), np.zeros((2, 3)), np.eye(2), "Sources and targets"),
        (np.zeros((2, 2)), np.zeros((2, 1)), np.eye(2), "Sources and targets"),
        (np.zeros((2, 2)), np.zeros((3, 2)), np.eye(2), "must have the shape"),
        (np.zeros((2, 2)), np.ones((2, 2)), -np.eye(2), "at least 0"),
        (np.zeros((2, 2)), np.full((2, 2), np.nan), np.eye(2), "finite"),
    ],
)
def test_what_does_not_fit_is_refused(sources: np.ndarray, targets: np.ndarray, mass: np.ndarray, why: str) -> None:
    with pytest.raises(UserError, match=why):
        draw_plan(sources, targets, mass)
