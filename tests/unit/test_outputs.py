"""What the outputs of a discriminator mean is decided once, and every drawing agrees with the networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from gannet.figures.field2d import draw_points
from gannet.games.base import Discriminates
from gannet.reports.pictures import draw_frame
from gannet.reports.run_figures import samples_figure
from gannet.runs.outputs import WORDS
from gannet.runs.reader import Run
from gannet.sessions.trained_run import TrainedRun

PIXELS = 400


def outputs_at(run: Run, points: np.ndarray) -> np.ndarray:
    """What the discriminator of the newest checkpoint returns, less the median of the points shown."""
    trained = TrainedRun(run.path, raw=True)
    frame = run.load_frame(run.frames()[-1][1])
    assert isinstance(frame, dict)
    game = trained.game.eval()
    assert isinstance(game, Discriminates)
    with torch.no_grad():
        values, *shown = (
            game.logits(trained.form.encode(each.astype(np.float32))).numpy()
            for each in (points, frame["real"], frame["fake"])
        )
    return values - np.median(np.concatenate(shown))


@pytest.mark.parametrize("kind", ["relative", "critic"])
def test_the_colours_of_a_field_without_a_zero_are_those_of_the_networks(trained_once, kind):
    run = Run(trained_once(kind))
    step, path = run.frames()[-1]
    picture = np.asarray(draw_frame(run, step, path, PIXELS, plain=True)).astype(int)
    x0, x1, y0, y1 = run.load_frame(path)["extent"]
    rows, columns = np.random.default_rng(0).integers(8, PIXELS - 8, (2, 3000))
    places = np.stack([x0 + columns / PIXELS * (x1 - x0), y1 - rows / PIXELS * (y1 - y0)], axis=1)
    expected = outputs_at(run, places)
    red, _, blue = picture[rows, columns].T
    far = np.abs(expected) > 0.15 * np.quantile(np.abs(expected), 0.9)  # not too near to the line of equality
    marks = (picture[rows, columns].max(1) - picture[rows, columns].min(1)) > 90
    seen = far & ~marks
    assert seen.sum() > 1000
    assert ((blue > red) == (expected > 0))[seen].mean() > 0.98
    assert min((expected > 0)[seen].sum(), (expected < 0)[seen].sum()) > 10


@pytest.mark.parametrize("kind", ["relative", "critic"])
def test_every_drawing_names_a_field_without_a_zero(trained_once, kind):
    run = Run(trained_once(kind))
    step, path = run.frames()[-1]
    frame = run.load_frame(path)
    assert isinstance(frame, dict)
    x0, x1, y0, y1 = map(float, frame["extent"])

    def drawn(**words):
        title = f"ring · {run.record.recipe}"
        return draw_points(
            frame["real"], frame["fake"], frame["field"], (x0, x1, y0, y1), step, title, (480, 480), **words
        ).tobytes()

    picture = draw_frame(run, step, path, 480)
    assert picture is not None
    assert picture.tobytes() == drawn(words=WORDS[kind][:3]) != drawn()
    [axes] = samples_figure(run).axes
    assert axes.get_xlabel().startswith(WORDS[kind].name)
    assert WORDS[kind].contour in axes.get_legend_handles_labels()[1]


def test_a_logit_is_drawn_as_a_probability(trained_once):
    [axes] = samples_figure(Run(trained_once("points"))).axes
    assert axes.get_xlabel().startswith("discriminator says")
    assert "D = 0.5" in axes.get_legend_handles_labels()[1]
