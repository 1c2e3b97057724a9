"""The page follows a training, whatever happens to servers and runs. Curves are read from the rendered SVG, not from
arrays.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
import pytest
from support.page import Server, click, until
from support.real_runs import KILL, SMALL, Person, measure
from support.real_runs import train as train_here

from gannet.dashboard.library import identity_of
from gannet.runs.reader import Run
from gannet.sessions.resume import resume

STEP = "Number(document.querySelector('canvas').dataset.step)"
STATE = "document.querySelector('#heading .state')"

NEWS = 200
"""Events that arrive after the page was opened."""
NEWEST = "Number(gannet.runs[0].cursor.split('.')[0])"
"""The number of the newest event that the page has."""
DRAWN = """(() => {
    const plain = (words) => words.replace('\\u2212', '-').replace(/[,\\u202f\\s]/g, '');
    const number = (words) => Number(plain(words).replace(/k$/, 'e3').replace(/M$/, 'e6'));
    const charts = [...document.querySelectorAll('.chart')];
    // Plotly hides a label that does not fit.
    const labels = (chart) =>
        [...chart.querySelectorAll('.xtick text')].filter((text) => text.getBoundingClientRect().width);
    return charts.filter((chart) => labels(chart).length > 1).map((chart) => {
        const ticks = labels(chart).map((text) => {
            const box = text.getBoundingClientRect();
            return [number(text.textContent), (box.left + box.right) / 2];
        }).sort((a, b) => a[0] - b[0]);
        const [s0, x0] = ticks[0], [s1, x1] = ticks.at(-1);
        const stepAt = (x) => s0 + (x - x0) / (x1 - x0) * (s1 - s0);
        const boxes = (kind) => [...chart.querySelectorAll(kind)].map((path) => path.getBoundingClientRect());
        const paths = boxes('.scatterlayer path.js-line'), shapes = boxes('.shapelayer path');
        const marks = shapes.filter((box) => box.width < 3);
        return {
            title: chart.ariaLabel.split('.')[0], tick: s1, gap: s1 - ticks.at(-2)[0],
            lines: paths.filter((box) => box.width).map((box) => stepAt(box.right)),
            mark: marks.length ? stepAt(marks[0].left) : null,
        };
    });
})()"""
"""Every chart on the page: its last tick label, the distance of two labels, the step at which each drawn path ends,
the marked step.
"""


def shown_step(page) -> int:
    """The newest step that the header shows; that of the timeline where several runs are shown."""
    header = page.evaluate(
        "(document.querySelector('#heading p') ?? document.querySelector('#timeline .step')).textContent"
    )
    found = re.search(r"step ([\d\u202f]+)", header)
    assert found
    return int(found[1].replace("\u202f", ""))


def keeps_up(page, behind: int) -> list[dict]:
    """Scroll to every chart, and wait until it reaches the step of the header, except for what ``behind`` allows: the
    cadence of terms and of drawing. Charts that cannot be seen are not drawn.
    """
    seen = []
    for number in range(len(page.evaluate(DRAWN))):
        page.evaluate("(n) => document.querySelectorAll('.chart')[n].scrollIntoView({block: 'center'})", number)
        end = time.monotonic() + 15
        while True:
            step, chart = shown_step(page), page.evaluate(DRAWN)[number]
            ends = [chart["tick"] + chart["gap"], *(chart["lines"] or [0])]
            if min(ends) >= step - behind:
                break
            assert time.monotonic() < end, (step, chart)
            page.wait_for_timeout(100)
        seen.append(chart)
    return seen


def test_every_curve_keeps_up_with_a_training(serve, open_page, train):
    path = train("live", "health.every=5")
    page = open_page(serve(path.parent))
    # Until all are drawn, those above take no room, and the last one can be seen.
    until(
        page,
        "(all => all.length === 6 && all.every((chart) => chart.querySelector('.xtick')))"
        "([...document.querySelectorAll('.chart')])",
    )
    first, opened = shown_step(page), page.evaluate(NEWEST)
    page.wait_for_timeout(1000)
    times_drawn = (
        "Object.fromEntries([...document.querySelectorAll('.chart')].filter((chart) => chart.layout).map("
        "(chart) => [chart.ariaLabel.split('.')[0], chart.layout.datarevision]))"
    )
    before = page.evaluate(times_drawn)
    until(page, f"{NEWEST} >= {opened + NEWS}")
    assert shown_step(page) > first + 400
    first, *_, last = before
    # Drawing rests for up to three seconds, so on a fast machine all this may have happened between two drawings.
    after = until(page, f"(({times_drawn})['{first}'] > {before[first]}) && ({times_drawn})")
    assert after[last] == before[last], "a chart that cannot be seen takes no time from the training"
    charts = keeps_up(page, behind=200)
    assert len(charts) == 6


@pytest.mark.slow
def test_the_curves_of_several_runs_keep_up(serve, open_page, train):
    paths = [train("a", "health.every=50"), train("b", "health.every=50", "optimizer.generator.lr=0.0005")]
    page = open_page(serve(paths[0].parent), *paths)
    until(page, "document.querySelectorAll('.many .chart .xtick').length")
    first = until(
        page, "gannet.runs.every((run) => run.lastStep > 0) && Math.max(...gannet.runs.map((run) => run.lastStep))"
    )
    until(page, f"gannet.runs.every((run) => run.lastStep > {first} + 250)")
    end = time.monotonic() + 15
    while True:
        step = page.evaluate("Math.min(...gannet.runs.map((run) => run.lastStep))")
        charts = page.evaluate(DRAWN)
        late = [n for n, chart in enumerate(charts) if len(chart["lines"]) < 2 or min(chart["lines"]) < step - 150]
        if charts and not late:
            break
        assert time.monotonic() < end, (step, [charts[n] for n in late])
        for n in late[:1]:  # charts that cannot be seen are not drawn
            page.evaluate("(n) => document.querySelectorAll('.chart')[n].scrollIntoView({block: 'center'})", n)
        page.wait_for_timeout(300)


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


def test_what_no_event_tells_is_shown_too(watch, new_page, train, processes):
    page = new_page(allowed=(f"http://127.0.0.1:{watch.port}/",))
    page.goto(watch.address)
    until(page, "document.querySelector('main h1')?.textContent === 'No run yet'")
    # Four levels deep, as in a comparison.
    path = train("comparison/ring/gan/seed-0", "checkpoint.every=100")
    until(
        page,
        "document.querySelector('#heading .state')?.textContent === 'running' && "
        "document.querySelector('canvas')?.dataset.step",
    )
    until(page, "gannet.runs[0].lastStep > 200")
    processes[0].kill()
    processes[0].wait()
    until(
        page,
        "document.querySelector('#heading .state').textContent === 'interrupted' && "
        "document.querySelector('.controls').disabled",
    )
    assert "interrupted" in page.evaluate("document.querySelector('#runs .about').textContent")
    measure(path, "w1", 200)
    until(page, "document.querySelectorAll('.score').length === 1")
    resume(path, Person(), steps=shown_step(page) + 600)
    until(page, "document.querySelector('#heading .state').textContent === 'finished'")
    measure(path, "w1", 200)
    until(page, "document.querySelectorAll('.score .chart .xtick').length")
    assert f"of {page.evaluate('gannet.runs[0].summary.steps')}" == "of " + page.evaluate(
        "document.querySelector('#heading p').textContent.split(' of ')[1].split(' ·')[0].replace(/\\u202f/g, '')"
    )
    # The mark of the step that is shown moves in every chart that is seen, scores too.
    page.set_viewport_size({"width": 1280, "height": 8000})
    page.keyboard.press("Home")
    until(page, f"{DRAWN}.every((chart) => Math.abs(chart.mark) < chart.gap / 10)")
    page.keyboard.press("End")
    until(page, f"{DRAWN}.every((chart) => chart.mark > 500)")


def test_points_move_and_commands_are_obeyed_while_a_training_process_runs(serve, open_page, train, processes):
    page = open_page(serve(train().parent))
    until(page, f"{STATE}.textContent === 'running'")
    first = page.evaluate(STEP)
    fakes = "gannet.runs[0].frameContent(gannet.runs[0].frameAt({})).then((f) => Array.from(f.fake.data))"
    before = page.evaluate(fakes.format(first))
    until(page, f"{STEP} > {first} + 100")
    after = page.evaluate(fakes.format(page.evaluate(STEP)))
    assert np.abs(np.subtract(before, after)).max() > 1e-3
    assert page.evaluate("document.querySelector('.controls').disabled") is False
    tops = "new Set([...document.querySelectorAll('header .controls button')].map((b) => b.offsetTop)).size"
    assert page.evaluate(tops) == 1, "the buttons of the header are in one row"
    page.evaluate(click("Pause", ".controls"))
    until(page, f"{STATE}.textContent === 'paused'")
    until(page, "document.querySelector('a[id^=run-] .state').textContent === 'paused'")
    page.wait_for_timeout(300)
    resting = page.evaluate("gannet.runs[0].lastStep")
    page.wait_for_timeout(500)
    assert page.evaluate("gannet.runs[0].lastStep") == resting
    page.evaluate("document.getElementById('control-value').value = '0.0005'")
    page.evaluate("document.getElementById('control-value').form.requestSubmit()")
    commands = "gannet.runs[0].events.filter((e) => e.kind === 'command')"
    until(page, f"{commands}.length === 2")
    page.evaluate(click("Continue", ".controls"))
    until(page, f"gannet.runs[0].lastStep > {resting} + 50")
    reported = page.evaluate(f"{commands}.map((e) => [e.name, e.outcome])")
    assert reported == [["pause", "applied"], ["set", "applied"], ["go", "applied"]]
    processes[0].terminate()
    assert processes[0].wait(60) == 128 + 15
    until(page, f"{STATE}.textContent === 'stopped'")
    assert page.evaluate("document.querySelector('.controls').disabled") is True


def test_a_refusal_is_in_the_language_of_the_page(serve, open_page, train):
    page = open_page(serve(train().parent))
    page.evaluate("document.querySelector('#top button[lang=zh]').click()")
    until(page, "document.documentElement?.lang === 'zh-CN' && document.getElementById('control-value')")
    until(page, "document.querySelector('#heading .state')?.classList.contains('running')")
    page.evaluate("document.getElementById('control-value').form.requestSubmit()")
    until(page, "document.querySelector('.log .command')?.textContent.includes('已经是这个值。')")
    assert "already has" not in page.evaluate("document.body.textContent")


def vitals_of(path) -> list[int]:
    """The steps of the points that a curve of the page has."""
    return [event.step for event in Run(path).events() if event.kind == "vitals"]


def test_a_server_that_was_killed_and_restarted_continues_without_gap_or_double(serve, open_page, train, processes):
    path = train("live", "health.every=50")
    server = serve(path.parent)
    page = open_page(server, tolerated=r"net::ERR_")
    until(page, "gannet.runs[0].taken.length > 20")
    server.kill()
    until(page, f"{STATE}.classList.contains('disconnected')")
    seen = page.evaluate("gannet.runs[0].lastStep")
    while vitals_of(path)[-1] < seen + 200:
        assert processes[0].poll() is None
        time.sleep(0.1)
    server.start()
    until(page, f"gannet.runs[0].lastStep > {seen} + 200")
    until(page, f"{STATE}.classList.contains('running')")
    processes[0].terminate()
    until(page, f"{STATE}.textContent === 'stopped'")
    taken = page.evaluate("gannet.runs[0].taken")
    newest = Run(path).events()[-1].seq
    assert taken == list(range(newest + 1 - len(taken), newest + 1))
    assert page.evaluate("gannet.runs[0].series.get('vitals/modes_found').steps") == vitals_of(path)


def test_a_resume_that_forgets_is_followed(serve, open_page, tmp_path):
    path = tmp_path / "runs" / "killed"
    # The frame of step 40 is written after the checkpoint of step 30, so the resume forgets it.
    train_here(path, person=Person({50: [KILL]}), **SMALL | {"checkpoint.every": 30, "health.every": 4})
    page = open_page(serve(path.parent))
    forgotten = vitals_of(path)
    assert forgotten[-1] > 30
    assert page.evaluate("gannet.runs[0].frames.at(-1).step") == 40
    resume(path, Person(), steps=60)
    until(page, f"{STATE}.textContent === 'finished'")
    assert page.evaluate("gannet.runs[0].series.get('vitals/modes_found').steps") == vitals_of(path)
    assert page.evaluate("gannet.runs[0].frames.map((frame) => frame.step)") == list(range(0, 61, 10))
    kept = [event.kind for event in Run(path).events() if event.kind not in ("terms", "vitals", "frame")]
    assert page.evaluate("gannet.runs[0].events.map((event) => event.kind)") == kept


def test_a_run_that_is_deleted_meanwhile_is_said_to_be(serve, open_page, trained):
    path = trained("points")
    page = open_page(serve(path.parent), tolerated="404")
    shutil.rmtree(path)
    until(page, f"{STATE}.classList.contains('gone')")


def test_a_run_that_the_address_names_is_shown_as_soon_as_it_exists(serve, open_page, trained):
    path = trained("points")
    later = path.parent / "later"
    page = open_page(serve(path.parent))
    page.evaluate(f"location.hash = 'runs={identity_of(later.resolve())}'")
    page.wait_for_timeout(300)
    assert page.evaluate("gannet.runs[0].name") == path.name
    shutil.copytree(path, later)
    until(page, "gannet.runs[0].name === 'later'")
