"""What is drawn keeps up with a training after the page was opened: read from the rendered SVG, not from the page's arrays."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import Server

from gannet.dashboard.library import identity_of

NEWS = 200
"""Events that arrive after the page was opened."""
DRAWN = """(() => {
    const number = (words) => Number(words.replace('\\u2212', '-').replace(/[,\\u202f\\s]/g, '').replace(/k$/, 'e3').replace(/M$/, 'e6'));
    return [...document.querySelectorAll('.chart')].filter((chart) => chart.querySelectorAll('.xtick text').length > 1).map((chart) => {
        const ticks = [...chart.querySelectorAll('.xtick text')].map((text) => {
            const box = text.getBoundingClientRect();
            return [number(text.textContent), (box.left + box.right) / 2];
        }).sort((a, b) => a[0] - b[0]);
        const [s0, x0] = ticks[0], [s1, x1] = ticks.at(-1);
        const stepAt = (x) => s0 + (x - x0) / (x1 - x0) * (s1 - s0);
        const paths = [...chart.querySelectorAll('.scatterlayer path.js-line')].map((path) => path.getBoundingClientRect());
        const shapes = [...chart.querySelectorAll('.shapelayer path')].map((path) => path.getBoundingClientRect());
        const marks = shapes.filter((box) => box.width < 3);
        return {
            title: chart.ariaLabel.split('.')[0], tick: s1, gap: s1 - ticks.at(-2)[0],
            lines: paths.filter((box) => box.width).map((box) => stepAt(box.right)), mark: marks.length ? stepAt(marks[0].left) : null,
        };
    });
})()"""
"""Every chart on the page: its last tick label, the distance of two labels, the step at which each drawn path ends, the marked step."""


def shown_step(page) -> int:
    """The newest step that the header shows; that of the timeline where several runs are shown."""
    header = page.run("(document.querySelector('#heading p') ?? document.querySelector('#timeline .step')).textContent")
    found = re.search(r"step ([\d\u202f]+)", header)
    assert found
    return int(found[1].replace("\u202f", ""))


def keeps_up(page, behind: int) -> list[dict]:
    """Wait until every chart reaches the step of the header, except for what ``behind`` allows: the cadence of terms and of drawing."""
    end = time.monotonic() + 15
    while True:
        step, charts = shown_step(page), page.run(DRAWN)
        late = [c for c in charts if c["tick"] + c["gap"] < step - behind or not c["lines"] or min(c["lines"]) < step - behind]
        if charts and not late:
            return charts
        assert time.monotonic() < end, (step, late)
        time.sleep(0.2)


def test_every_curve_keeps_up_with_a_training(serve, open_page, train):
    path = train("live", "health.every=20")
    page = open_page(serve(path.parent))
    page.until("document.querySelectorAll('.chart .xtick').length")
    first = shown_step(page)
    page.until(f"gannet.runs[0].taken.length >= {NEWS}")
    assert shown_step(page) > first + 1000
    charts = keeps_up(page, behind=200)
    assert len(charts) == 6
    assert page.errors == []


def test_the_curves_of_several_runs_keep_up(serve, open_page, train):
    paths = [train("a", "health.every=50"), train("b", "health.every=50", "optimizer.generator.lr=0.0005")]
    page = open_page(serve(paths[0].parent))
    page.run(f"location.hash = 'runs={','.join(identity_of(path.resolve()) for path in paths)}'")
    page.until("document.querySelectorAll('.many .chart .xtick').length")
    first = page.until("gannet.runs.every((run) => run.lastStep > 0) && Math.max(...gannet.runs.map((run) => run.lastStep))")
    page.until(f"gannet.runs.every((run) => run.lastStep > {first} + 250)")
    end = time.monotonic() + 15
    while True:
        step = page.run("Math.min(...gannet.runs.map((run) => run.lastStep))")
        charts = page.run(DRAWN)
        late = [chart for chart in charts if len(chart["lines"]) < 2 or min(chart["lines"]) < step - 150]
        if charts and not late:
            break
        assert time.monotonic() < end, (step, late)
        time.sleep(0.2)
    assert page.errors == []


@pytest.fixture
def watch(tmp_path) -> Iterator[Server]:
    """``gannet watch`` where no ./runs exists yet."""
    command = [sys.executable, "-m", "gannet", "watch", "--no-browser"]
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"Watching runs: http://127\.0\.0\.1:(\d+)/\?token=(\S+)", process.stdout.readline())
        assert found
        yield Server(tmp_path / "runs", int(found[1]), found[2])
    finally:
        process.kill()
        process.wait()


def measured(path: Path) -> None:
    subprocess.run([sys.executable, "-m", "gannet", "measure", str(path), "--metrics", "w1", "--samples", "200"], check=True)


def test_what_no_event_tells_is_shown_too(watch, chromium, train, processes):
    page = chromium.page()
    page.open(watch.address)
    page.until("document.querySelector('main h1')?.textContent === 'No run yet'")
    # Four levels deep, as in a comparison.
    path = train("comparison/ring/gan/seed-0", "checkpoint.every=100")
    page.until("document.querySelector('#heading .state')?.textContent === 'running' && document.querySelector('canvas')?.dataset.step")
    page.until("gannet.runs[0].lastStep > 200")
    processes[0].kill()
    processes[0].wait()
    page.until("document.querySelector('#heading .state').textContent === 'interrupted' && document.querySelector('.controls').disabled")
    assert "interrupted" in page.run("document.querySelector('#runs .about').textContent")
    # Another process measures.
    measured(path)
    page.until("document.querySelectorAll('.score').length === 1")
    subprocess.run([sys.executable, "-m", "gannet", "resume", str(path), "--steps", str(shown_step(page) + 600), "--quiet"], check=True)
    page.until("document.querySelector('#heading .state').textContent === 'finished'")
    measured(path)
    page.until("document.querySelectorAll('.score .chart .xtick').length")
    assert f"of {page.run('gannet.runs[0].record.arguments.steps')}" == "of " + page.run(
        "document.querySelector('#heading p').textContent.split(' of ')[1].split(' ·')[0].replace(/\\u202f/g, '')"
    )
    # The mark of the step that is shown moves in every chart, scores too.
    page.press("Home")
    page.until(f"{DRAWN}.every((chart) => Math.abs(chart.mark) < chart.gap / 10)")
    page.press("End")
    page.until(f"{DRAWN}.every((chart) => chart.mark > 500)")
    assert page.errors == []
    page.close()
