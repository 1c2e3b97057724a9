"""Several runs at once: bands over seeds, lockstep, what differs, and scores that must not share an axis."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from support.page import until

from gannet.dashboard.library import identity_of
from gannet.runs.writer import RunWriter

RUNS = {"a-0": ("a", 0, 1.0), "a-1": ("a", 1, 3.0), "a-2": ("a", 2, 8.0), "b-0": ("b", 0, 5.0)}
"""Name -> recipe, seed, and what its curve is lifted by."""


def make(path, recipe, seed, lift, *, spec=3, frames=(0, 100, 200), steps=range(0, 201, 20)):
    record = {
        "version": 1, "recipe": recipe, "arguments": {"steps": 200, "lr": 0.1}, "data": {"source": "ring"},
        "settings": {"seed": seed, "measure.every": seed}, "environment": {"threads": str(seed)},
    }  # fmt: skip
    with RunWriter.create(path, record, kind="points") as writer:  # pyright: ignore
        writer.event("start", 0)
        for step in steps:
            writer.event("terms", step, values={"discriminator/adversarial": lift + step / 100})
        for step in frames:
            writer.frame(step, {"real": [[0.0, 0.0]], "fake": [[step / 400, 0.5]], "extent": [-1, 1, -1, 1]})
        card = {
            "metric": "w1", "label": "W1", "floor": 0.01, "n_real": 100, "n_fake": 100, "better": "lower", "weights": "ema", "ci95": None,
            "warnings": [], "fingerprint": f"aaaa000{spec}", "spec": {"k": spec, "protocol": {"real": {"content_hash": f"h{spec}"}}},
        }  # fmt: skip
        writer.scores([card | {"step": step, "value": lift * step / 100} for step in (100, 200)])
        writer.event("finish", 200)
    return path


def show(open_page, serve, root):
    page = open_page(serve(root))
    paths = sorted(path for path in root.iterdir() if (path / "run.json").exists())
    page.evaluate(f"location.hash = 'runs={','.join(identity_of(path.resolve()) for path in paths)}'")
    until(page, f"gannet.runs.length === {len(paths)} && document.querySelectorAll('.many .main-svg').length > 1")
    return page


def lines(page, title):
    """The traces of a chart: [name, x, y], fillings left out."""
    chart = f"[...document.querySelectorAll('.many .chart')].find((c) => c.ariaLabel.startsWith('{title}'))"
    until(page, f"{chart}?.data?.length")
    return page.evaluate(f"{chart}.data.map((d) => [d.name ?? null, [...d.x], [...d.y], d.fill ?? null, d.showlegend ?? null])")


def test_runs_that_differ_in_their_seed_only_are_one_band(serve, open_page, tmp_path):
    for name, given in RUNS.items():
        make(tmp_path / "runs" / name, *given)
    page = show(open_page, serve, tmp_path / "runs")
    steps = list(range(0, 201, 20))
    low, high, mean, *thin, alone = lines(page, "discriminator/adversarial")
    assert mean[0] == "a × 3"
    assert mean[1] == steps
    np.testing.assert_allclose(mean[2], [4 + step / 100 for step in steps])
    np.testing.assert_allclose(low[2], [1 + step / 100 for step in steps])
    np.testing.assert_allclose(high[2], [8 + step / 100 for step in steps])
    assert high[3] == "tonexty"
    assert [line[2][0] for line in thin] == [1, 3, 8]
    assert all(line[4] is False for line in thin)
    assert alone[0] == "b-0"
    # Scores of one protocol share a chart, at steps where all were measured.
    low, high, mean, *_ = lines(page, "W1")
    assert mean[:3] == ["a × 3", [100, 200], [4, 8]]
    assert (low[2], high[2]) == ([1, 2], [8, 16])
    told = page.evaluate("[...document.querySelectorAll('.many .one > .note')].map((p) => p.textContent)")
    assert told == ["a × 3: 8 on average at step 200, from 2 to 16", "b-0: 10 at step 200"]
    assert page.evaluate("document.querySelectorAll('.unlike').length") == 0
    cells = page.evaluate(
        "[...document.querySelectorAll('main > .card tbody tr')].map((row) => [...row.children].map((cell) => cell.textContent))"
    )
    assert ["recipe", "a", "a", "a", "b"] in cells
    assert ["seed", "0", "1", "2", "0"] in cells


def test_curves_of_unlike_steps_meet_where_all_of_them_are(serve, open_page, tmp_path):
    make(tmp_path / "runs" / "a-0", "a", 0, 0.0, steps=range(0, 201, 20))
    make(tmp_path / "runs" / "a-1", "a", 1, 2.0, steps=range(50, 151, 50))
    page = show(open_page, serve, tmp_path / "runs")
    low, high, mean, *_ = lines(page, "discriminator/adversarial")
    assert mean[1] == [60, 80, 100, 120, 140]
    np.testing.assert_allclose(mean[2], [1 + step / 100 for step in mean[1]])
    np.testing.assert_allclose(np.subtract(high[2], low[2]), 2)


def test_all_runs_are_scrubbed_by_step_whatever_frames_each_has(serve, open_page, tmp_path):
    make(tmp_path / "runs" / "a-0", "a", 0, 1.0, frames=(0, 100, 200))
    make(tmp_path / "runs" / "b-0", "b", 0, 1.0, frames=(0, 50, 150))
    page = show(open_page, serve, tmp_path / "runs")
    shown = "[...document.querySelectorAll('canvas.plane')].map((c) => Number(c.dataset.step)).join()"
    page.keyboard.press("Home")
    for step, seen in ((0, "0,0"), (50, "0,50"), (100, "100,50"), (150, "100,150"), (200, "200,150")):
        until(page, f"gannet.timeline.step === {step} && {shown} === '{seen}'")
        page.keyboard.press("ArrowRight")


def test_scores_with_unlike_fingerprints_never_share_a_chart(serve, open_page, tmp_path):
    make(tmp_path / "runs" / "a-0", "a", 0, 1.0, spec=3)
    make(tmp_path / "runs" / "a-1", "a", 1, 2.0, spec=5)
    page = show(open_page, serve, tmp_path / "runs")
    until(page, "document.querySelector('.unlike') !== null")
    words = page.evaluate("document.querySelector('.unlike').textContent")
    assert words.startswith("W1: not in one chart")
    assert "k (3 / 5), protocol.real.content_hash (h3 / h5)" in words
    for spec, lift in ((3, 1.0), (5, 2.0)):
        found = lines(page, f"W1 (aaaa000{spec})")
        # One run of two in each: its line, and no mean that leaves the other out.
        assert [line[2] for line in found if line[2]] == [[lift, 2 * lift]]


def test_a_run_keeps_its_colour_where_the_others_have_no_such_curve(serve, open_page, tmp_path):
    make(tmp_path / "runs" / "a-0", "a", 0, 1.0)
    path = make(tmp_path / "runs" / "b-0", "b", 0, 1.0)
    with (path / "events.jsonl").open("a") as file:
        for seq, step in ((900, 0), (901, 200)):
            file.write(json.dumps({"seq": seq, "step": step, "kind": "terms", "values": {"discriminator/penalty": 1.0}}) + "\n")
        file.write(json.dumps({"seq": 902, "step": 200, "kind": "finish"}) + "\n")
    page = show(open_page, serve, tmp_path / "runs")
    both, alone = lines(page, "discriminator/adversarial"), lines(page, "discriminator/penalty")
    assert ([line[0] for line in both], [line[0] for line in alone]) == (["a-0", "b-0"], ["b-0"])
    chart = "[...document.querySelectorAll('.many .chart')].find((c) => c.ariaLabel.startsWith('discriminator/{}'))"
    assert page.evaluate(f"{chart.format('adversarial')}.data[1].line.color === {chart.format('penalty')}.data[0].line.color")
    assert page.evaluate(f"{chart.format('penalty')}.layout.showlegend")


@pytest.mark.parametrize("change", ["arguments", "data"])
def test_runs_with_other_settings_are_no_seeds_of_one_recipe(serve, open_page, tmp_path, change):
    make(tmp_path / "runs" / "a-0", "a", 0, 1.0)
    shutil.copytree(make(tmp_path / "runs" / "a-1", "a", 1, 2.0), tmp_path / "runs" / "a-2")
    record = json.loads((tmp_path / "runs" / "a-2" / "run.json").read_text())
    record[change] |= {"lr": 0.2} if change == "arguments" else {"source": "grid"}
    (tmp_path / "runs" / "a-2" / "run.json").write_text(json.dumps(record))
    page = show(open_page, serve, tmp_path / "runs")
    named = [line[0] for line in lines(page, "discriminator/adversarial") if line[0]]
    assert named == [f"a × 2, {'lr=0.1' if change == 'arguments' else 'data.source=ring'}", "a-2"]
