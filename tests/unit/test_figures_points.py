"""Points and grids are where they should be, in the colours they should have."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
from PIL import Image

from gannet.errors import UserError
from gannet.figures.curves import draw_curves, envelope, grouped
from gannet.figures.field2d import draw_points, layout, tick_values
from gannet.figures.grid import captioned, image_grid

NONE = np.zeros((0, 2))
EXTENT = (-2.0, 2.0, -2.0, 2.0)
ORANGE, TEAL = np.array([220, 78, 12]), np.array([11, 84, 110])


def changed(picture: Image.Image, empty: Image.Image) -> tuple[float, float]:
    """(x, y) of the middle of what differs between two pictures."""
    rows, columns = np.nonzero((np.asarray(picture) != np.asarray(empty)).any(axis=2))
    return (columns.min() + columns.max() + 1) / 2, (rows.min() + rows.max() + 1) / 2


@pytest.mark.parametrize("where", [(0.0, 0.0), (1.0, 1.5), (-1.25, -0.5), (1.9, -1.9)])
def test_a_point_is_drawn_where_it_is(where):
    empty = draw_points(NONE, NONE, None, EXTENT, 1)
    view = layout(EXTENT, (640, 640))
    expected = (view.left + (where[0] + 2) / 4 * view.width, view.top + (2 - where[1]) / 4 * view.height)
    for real, fake in ((np.array([where]), NONE), (NONE, np.array([where]))):
        found = changed(draw_points(real, fake, None, EXTENT, 1), empty)
        assert np.abs(np.subtract(found, expected)).max() <= 0.75


def test_generated_is_solid_orange_and_real_is_hollow_teal():
    centre = np.zeros((1, 2))
    view = layout(EXTENT, (640, 640))
    x, y = view.left + view.width // 2, view.top + view.height // 2
    solid = np.asarray(draw_points(NONE, centre, None, EXTENT, 1), int)
    hollow = np.asarray(draw_points(centre, NONE, None, EXTENT, 1), int)
    assert np.abs(solid[y, x] - ORANGE).max() <= 16
    assert hollow[y, x].tolist() == [255, 255, 255]
    ring = hollow[y - 6 : y + 7, x - 6 : x + 7].reshape(-1, 3)
    assert np.abs(ring - TEAL).max(axis=1).min() <= 50


def test_row_zero_of_the_field_is_at_the_bottom_and_a_half_is_white():
    field = np.zeros((64, 64))
    field[32:] = 1.0
    picture = np.asarray(draw_points(NONE, NONE, field, EXTENT, 1, size_px=(400, 400), plain=True))
    assert picture[100, 200].tolist() == [172, 213, 224]  # above: real
    assert picture[300, 200].tolist() == [252, 210, 178]
    picture = np.asarray(draw_points(NONE, NONE, np.full((8, 8), 0.5), EXTENT, 1, size_px=(400, 400), plain=True))
    assert picture[200, 200].min() >= 252


def test_points_that_are_not_finite_or_far_away_do_not_disturb():
    odd = np.array([[np.nan, 0], [np.inf, 1], [1e30, 0], [0, -50]])
    empty = draw_points(NONE, NONE, None, EXTENT, 7, "t")
    assert draw_points(odd, odd, np.full((4, 4), np.nan), EXTENT, 7, "t").size == (640, 640)
    assert draw_points(odd, odd, None, EXTENT, 7, "t").tobytes() == empty.tobytes()


def test_a_long_plot_keeps_equal_scales():
    view = layout((0, 10, 0, 2), (640, 640))
    assert view.width / 10 == pytest.approx(view.height / 2, rel=0.01)


@pytest.mark.parametrize("extent", [(0, 0, 0, 1), (1, 0, 0, 1), (0, np.nan, 0, 1), (0, np.inf, 0, 1)])
def test_an_extent_without_area_is_refused(extent):
    with pytest.raises(UserError, match="extent"):
        draw_points(NONE, NONE, None, extent, 1)


def test_step_and_title_are_written():
    one, other = draw_points(NONE, NONE, None, EXTENT, 1, "ring"), draw_points(NONE, NONE, None, EXTENT, 2, "ring")
    assert one.tobytes() != other.tobytes()
    assert one.tobytes() == draw_points(NONE, NONE, None, EXTENT, 1, "ring").tobytes()
    assert one.tobytes() != draw_points(NONE, NONE, None, EXTENT, 1, "grid").tobytes()


def test_a_frame_takes_milliseconds():
    rng = np.random.default_rng(0)
    real, fake, field = rng.normal(size=(500, 2)), rng.normal(size=(500, 2)), rng.random((64, 64))
    draw_points(real, fake, field, EXTENT, 0)
    times = []
    for step in range(10):
        start = time.perf_counter()
        draw_points(real, fake, field, EXTENT, step)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.025  # measured 0.004; the least of ten, as other work may share the core


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (-3, 3, ["-3", "-2", "-1", "0", "1", "2", "3"]),
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 0.01, None),
        (-1e7, 1e7, None),
    ],
)
def test_ticks_are_round(low, high, words):
    ticks = tick_values(low, high)
    assert 3 <= len(ticks) <= 8
    assert words is None or [word for _, word in ticks] == words
    assert all(float(word) == pytest.approx(value, abs=1e-9 * (high - low)) for value, word in ticks)


def test_grid_places_image_k_in_row_k_over_columns():
    images = np.arange(1, 8, dtype=np.uint8)[:, None, None, None] * np.full((1, 8, 8, 1), 30, np.uint8)
    grid = np.asarray(image_grid(images, 3, padding=2, scale=4))
    assert grid.shape == (3 * 34 + 2, 3 * 34 + 2, 3)
    for k in range(7):
        top, left = 2 + (k // 3) * 34, 2 + (k % 3) * 34
        assert (grid[top : top + 32, left : left + 32] == 30 * (k + 1)).all()
    assert (grid[-34:-2, -34:-2] == grid[0, 0]).all()  # places without a picture have the colour of the gaps


def test_brightness_is_never_renormalised():
    dim = np.full((4, 8, 8, 1), 10, np.uint8)
    dim[0, 0, 0] = 20
    bright = dim.copy()
    bright[3] = 255
    one, other = (np.asarray(image_grid(images, 2, padding=0, scale=1)) for images in (dim, bright))
    assert sorted(np.unique(one)) == [10, 20]
    np.testing.assert_array_equal(one[:8], other[:8])


@pytest.mark.parametrize(("side", "scale"), [(8, 7), (28, 2), (32, 2), (64, 1), (256, 1)])
def test_small_pictures_are_enlarged_by_whole_numbers(side, scale):
    picture = image_grid(np.zeros((1, side, side, 3), np.uint8), 1, padding=0)
    assert picture.size == (side * scale, side * scale)


def test_labels_stand_over_their_columns():
    images = np.zeros((4, 8, 8, 1), np.uint8)
    plain, labelled = image_grid(images, 2), image_grid(images, 2, column_labels=["", "a very long label"])
    strip = labelled.height - plain.height
    words = np.asarray(labelled)[:strip]
    assert (words[:, : plain.width // 2] == 255).all()
    assert (words[:, plain.width // 2 :] < 128).any()
    np.testing.assert_array_equal(np.asarray(labelled)[strip:], np.asarray(plain))
    assert captioned(plain, "digits", "step 1").width == plain.width


def test_rows_that_share_a_label_have_it_once_and_a_line():
    images = np.zeros((6, 8, 8, 1), np.uint8)
    plain = image_grid(images, 2, column_labels=["a", "b"])
    labelled = image_grid(images, 2, column_labels=["a", "b"], row_labels=["first\nof two", "first\nof two", "second"])
    margin = labelled.width - plain.width
    np.testing.assert_array_equal(np.asarray(labelled)[:, margin:], np.asarray(plain))
    line = (np.asarray(labelled)[:, margin - 6] < 200).all(axis=1)
    strip, height = plain.height - image_grid(images, 2).height, labelled.height
    assert line[strip + 10], "the line begins at the first row"
    assert line[: strip + 2 * (height - strip) // 3].sum() > 0.8 * 2 * (height - strip) / 3
    assert not line[strip + 2 * (height - strip) // 3 :].any(), "a single row has no line"
    text = (np.asarray(labelled)[:, : margin - 10] < 200).all(axis=2).any(axis=1)
    assert text[strip + 2 * (height - strip) // 3 :].any()


@pytest.mark.parametrize(
    "images", [np.zeros((2, 8, 8, 1)), np.zeros((2, 8, 8), np.uint8), np.zeros((0, 8, 8, 1), np.uint8)]
)
def test_grid_refuses_what_is_not_images(images):
    with pytest.raises(UserError, match="uint8"):
        image_grid(images, 2)


def test_envelope_loses_no_extreme():
    steps = np.arange(50_000)
    values = np.sin(steps / 1000)
    values[12_345], values[45_678], values[777] = 90.0, -80.0, np.nan
    middle, lowest, mean, highest = envelope(steps, values)
    assert len(middle) == 400
    assert highest.max() == 90.0
    assert lowest.min() == -80.0
    assert np.isfinite(mean).all()
    assert abs(mean[200] - np.sin(middle[200] / 1000)) < 0.01


def test_terms_are_grouped_by_what_they_are():
    empty = (np.arange(2), np.arange(2.0))
    names = (
        "steps_per_second discriminator/logit_real discriminator/adversarial generator/gradient_norm "
        "generator/adversarial"
    ).split()
    groups = {title: list(series) for title, series in grouped(dict.fromkeys(names, empty)).items()}
    assert groups == {
        "Losses and other terms": ["discriminator/adversarial", "generator/adversarial"],
        "Discriminator outputs": ["discriminator/logit_real"],
        "Gradient norms": ["generator/gradient_norm"],
        "Throughput": ["steps_per_second"],
    }


def test_curves_are_deterministic_and_take_what_comes():
    rng = np.random.default_rng(0)
    terms = {
        "generator/adversarial": (np.arange(50_000), rng.normal(size=50_000)),
        "one": (np.array([5]), np.array([1.0])),
        "gone": (np.arange(3), np.full(3, np.nan)),
    }
    one = draw_curves(terms)
    assert one.size[0] == 1280
    assert one.tobytes() == draw_curves(terms).tobytes()
    assert np.asarray(draw_curves(terms, dark=True)).mean() < 80 < 200 < np.asarray(one).mean()
    assert draw_curves({}).size[0] == 1280


def test_drawing_points_loads_neither_matplotlib_nor_torch():
    names = "gannet.figures.field2d, gannet.figures.grid, gannet.figures.animation"
    code = f"import sys, {names}; print({{'matplotlib', 'torch'}} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_without_a_field_the_legend_says_nothing_of_the_discriminator():
    points, extent = np.zeros((1, 2)), (-1.0, 1.0, -1.0, 1.0)
    with_field, without = (
        np.asarray(draw_points(points, points, field, extent, 3)) for field in (np.full((8, 8), 0.5), None)
    )
    legend = slice(45, 62)
    assert (with_field[legend, 320:] != 255).any()
    assert (without[legend, 320:] == without[0, 0]).all()
    assert (without[legend, :200] == with_field[legend, :200]).all(), "real and generated points are still named"


def test_points_of_one_path_are_joined():
    fake = np.array([[-0.8, 0.5], [0.8, 0.5], [-0.8, -0.5], [0.8, -0.5], [np.nan, 0], [0.0, 0.9]])
    none = np.zeros((0, 2))
    loose, joined = (
        np.asarray(draw_points(none, fake, None, (-1.0, 1.0, -1.0, 1.0), 0, joined=n)).astype(int) for n in (0, 2)
    )
    rows, columns = np.nonzero(np.abs(loose - joined).sum(axis=2))
    view = layout((-1.0, 1.0, -1.0, 1.0), (640, 640))
    heights = view.pixels(np.array([[0.0, 0.5], [0.0, -0.5]]))[:, 1]
    assert np.abs(rows[:, None] - heights).min(axis=1).max() < 4, "one line for each path, and none between them"
    assert {int(np.abs(row - heights).argmin()) for row in rows} == {0, 1}
    assert columns.max() - columns.min() > 0.7 * view.width
