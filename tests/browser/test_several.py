"""Several runs at once: bands over seeds, lockstep, what differs, and scores that must not share an axis."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from support.page import until
from support.real_runs import measure

from gannet.dashboard.library import identity_of
from gannet.runs.reader import Run

LOSS = "discriminator/adversarial"


@pytest.fixture
def several(trained_once, serve, open_page, tmp_path):
    """A page that shows copies of these runs of the folder ``seeds``; ``change`` acts on the copies first."""

    def begin(*names, change=lambda root: None):
        root = tmp_path / "runs"
        for name in names:
            shutil.copytree(trained_once("seeds") / name, root / name)
        change(root)
        page = open_page(serve(root))
        page.evaluate(f"location.hash = 'runs={','.join(identity_of((root / name).resolve()) for name in names)}'")
        until(page, f"gannet.runs.length === {len(names)} && document.querySelectorAll('.many .main-svg').length > 1")
        return page, [Run(root / name) for name in names]

    return begin


def lines(page, title):
    """The traces of a chart: [name, x, y, filling, whether the legend names it]."""
    chart = f"[...document.querySelectorAll('.many .chart')].find((c) => c.ariaLabel.startsWith('{title}'))"
    until(page, f"{chart}?.data?.length")
    return page.evaluate(
        f"{chart}.data.map((d) => [d.name ?? null, [...d.x], [...d.y], d.fill ?? null, d.showlegend ?? null])"
    )


def recorded(run, name=LOSS):
    """(steps, values) of a term as the run recorded it."""
    return tuple(array.tolist() for array in run.terms()[name])


def scored(run):
    """Values of the score cards, by step."""
    return [card.value for card in sorted(run.scores(), key=lambda card: card.step or 0)]


def test_runs_that_differ_in_their_seed_only_are_one_band(several):
    page, (*seeds, other) = several("a-5", "a-7", "a-9", "b-5")
    curves = [recorded(run)[1] for run in seeds]
    low, high, mean, *thin, alone = lines(page, LOSS)
    assert mean[:2] == ["gan × 3", [50, 100]]
    np.testing.assert_allclose(mean[2], np.mean(curves, axis=0))
    np.testing.assert_allclose(low[2], np.min(curves, axis=0))
    np.testing.assert_allclose(high[2], np.max(curves, axis=0))
    assert high[3] == "tonexty"
    assert [line[2] for line in thin] == curves
    assert all(line[4] is False for line in thin)
    assert (alone[0], alone[2]) == ("b-5", recorded(other)[1])
    # Scores of one protocol share a chart, at steps where all were measured.
    values = np.array([scored(run) for run in seeds])
    low, high, mean, *_ = lines(page, "w1")
    assert mean[:2] == ["gan × 3", [50, 100]]
    np.testing.assert_allclose(
        [low[2], mean[2], high[2]], [values.min(axis=0), values.mean(axis=0), values.max(axis=0)]
    )
    reported = page.evaluate("[...document.querySelectorAll('.many .one > .note')].map((p) => p.textContent)")
    written = [
        f"{value:.4g}" for value in (values[:, 1].mean(), values[:, 1].min(), values[:, 1].max(), scored(other)[1])
    ]
    assert reported == [
        "gan × 3: {} on average at step 100, from {} to {}".format(*written[:3]),
        f"b-5: {written[3]} at step 100",
    ]
    assert page.evaluate("document.querySelectorAll('.unlike').length") == 0
    cells = page.evaluate(
        "[...document.querySelectorAll('main > .card tbody tr')].map((row) => [...row.children].map((cell) => "
        "cell.textContent))"
    )
    assert ["recipe", "gan", "gan", "gan", "dragan"] in cells
    assert ["seed", "5", "7", "9", "5"] in cells


@pytest.mark.slow
def test_curves_of_unlike_steps_meet_where_all_of_them_are(several):
    """One was stopped and resumed at step 70 and has a record there; the other one is on the line between its
    neighbours.
    """
    page, (first, second) = several("a-5", "a-11")
    low, high, mean, *_ = lines(page, LOSS)
    assert mean[1] == [50, 70, 100]
    both = [np.interp(mean[1], *recorded(run)) for run in (first, second)]
    np.testing.assert_allclose(mean[2], np.mean(both, axis=0))
    np.testing.assert_allclose(np.subtract(high[2], low[2]), np.abs(both[0] - both[1]), atol=1e-12)


def test_all_runs_are_scrubbed_by_step_whatever_frames_each_has(several):
    page, _ = several("a-5", "b-5")
    shown = "[...document.querySelectorAll('canvas.plane')].map((c) => Number(c.dataset.step)).join()"
    page.keyboard.press("Home")
    for step, seen in ((0, "0,0"), (25, "0,25"), (50, "50,50"), (75, "50,75"), (100, "100,100")):
        until(page, f"gannet.timeline.step === {step} && {shown} === '{seen}'")
        page.keyboard.press("ArrowRight")


def test_scores_with_unlike_fingerprints_never_share_a_chart(several):
    def measure_otherwise(root):
        (root / "a-7" / "scores.jsonl").unlink()
        for step in (50, 100):
            measure(root / f"a-7@{step}", "w1", 400)

    page, runs = several("a-5", "a-7", change=measure_otherwise)
    until(page, "document.querySelector('.unlike') !== null")
    words = page.evaluate("document.querySelector('.unlike').textContent")
    assert words.startswith("w1: not in one chart")
    assert "200 / 400" in words
    for run in runs:
        found = lines(page, f"w1 ({run.scores()[0].fingerprint})")
        # One run of two in each: its line, and no mean that leaves the other out.
        assert [line[2] for line in found if line[2]] == [scored(run)]


@pytest.mark.slow
def test_a_run_keeps_its_colour_where_the_others_have_no_such_curve(several):
    page, _ = several("a-5", "b-5")
    penalty = "discriminator/DRAGAN penalty"
    both, alone = lines(page, LOSS), lines(page, penalty)
    assert ([line[0] for line in both], [line[0] for line in alone]) == (["a-5", "b-5"], ["b-5"])
    chart = "[...document.querySelectorAll('.many .chart')].find((c) => c.ariaLabel.startsWith('{}'))"
    assert page.evaluate(f"{chart.format(LOSS)}.data[1].line.color === {chart.format(penalty)}.data[0].line.color")
    assert page.evaluate(f"{chart.format(penalty)}.layout.showlegend")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("other", "named"), [("c-5", "optimizer.generator.lr=0.001"), ("d-5", "data.arguments.sigma=0.02")]
)
def test_runs_with_other_settings_are_not_seeds_of_one_recipe(several, other, named):
    page, _ = several("a-5", "a-7", other)
    heads = [line[0] for line in lines(page, LOSS) if line[0]]
    assert heads[1:] == [other]
    assert heads[0].startswith("gan × 2, ")
    assert named in heads[0]
