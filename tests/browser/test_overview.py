"""Alarms, titles of runs, the list of runs, and a comparison's folder."""

from __future__ import annotations

import json
import shutil

import pytest
from support.page import click, until

from gannet.runs.reader import Run

LISTED = "[...document.querySelectorAll('#runs li a')].map((link) => link.querySelector('.name').textContent)"
SEEN = "[...document.querySelectorAll('#heading .alarms section')].map((part) => part.textContent)"


def typed(element, words):
    """Script that types into a field."""
    return (
        f"(() => {{ const e = document.getElementById('{element}'); e.value = '{words}'; "
        "e.dispatchEvent(new Event('input')); e.dispatchEvent(new Event('change')); })()"
    )


@pytest.fixture
def runs(trained, tmp_path):
    """A run with an alarm and one without."""
    trained("points", tmp_path / "runs" / "healthy")
    return trained("alarmed", tmp_path / "runs" / "alarmed").parent


def test_alarms_are_in_the_list_in_the_header_on_the_chart_and_in_the_events(serve, open_page, runs):
    run = Run(runs / "alarmed")
    alarms = [event for event in run.events() if event.kind == "health"]
    assert alarms
    page = open_page(serve(runs), run.path)
    rows = "[...document.querySelectorAll('#runs li')].map((row) => row.querySelector('.alarm')?.textContent ?? '')"
    name = page.evaluate("document.querySelector('#heading .alarms summary').textContent").split(" ", 1)[1]
    assert sum(name.split(" +")[0] in row for row in page.evaluate(rows)) == 1
    reported = page.evaluate(SEEN)
    assert len(reported) == len({event.rule for event in alarms})
    for event in alarms:
        assert any(event.text in part and "What to do: " in part and "gannet doctor" in part for part in reported)
    marks = "[...document.querySelectorAll('.chart .annotation-text')].map((mark) => mark.textContent)"
    until(page, f"{marks}.length === {len(alarms)}")
    inks = page.evaluate(
        "[...document.querySelectorAll('.log li')].map((row) => [row.className, getComputedStyle("
        "row.querySelector('b')).color])"
    )
    by_kind = {kind.split()[0]: ink for kind, ink in inks}
    assert by_kind["health"] != by_kind["start"]
    # The button shows where it happened.
    page.evaluate(click(f"Show step {alarms[0].step}", "#heading .alarms"))
    until(page, f"Math.abs(gannet.timeline.step - {alarms[0].step}) <= 10 && !gannet.timeline.follow")
    # In Chinese, the sentences of the rules are Chinese too.
    page.evaluate("document.querySelector('#top button[lang=zh]').click()")
    until(page, f"document.documentElement?.lang === 'zh-CN' && {SEEN}.length")
    said = page.evaluate(f"[...{SEEN}, document.querySelector('.log').textContent].join()")
    assert [event.text for event in alarms if event.text in said] == []
    assert all(f"第 {event.step} 步" in said for event in alarms)


def test_a_run_is_renamed_and_described_in_a_file_of_the_run(serve, open_page, runs):
    run = Run(runs / "healthy")
    page = open_page(serve(runs), run.path)
    page.evaluate("document.getElementById('label').click()")
    page.wait_for_selector("dialog[open]")
    page.evaluate(typed("label-title", "Eight of eight"))
    page.evaluate(typed("label-description", "For the talk"))
    page.evaluate(click("Save", "dialog"))
    until(page, "document.querySelector('#heading h1').textContent === 'Eight of eight'")
    assert (run.label.title, run.label.description) == ("Eight of eight", "For the talk")
    until(page, f"{LISTED}.includes('Eight of eight')")
    # Runs are found by any word of their row, and sorted.
    page.evaluate(typed("runs-filter", "talk"))
    assert page.evaluate(LISTED) == ["Eight of eight"]
    page.evaluate(typed("runs-filter", ""))
    assert page.evaluate(LISTED) == ["alarmed", "Eight of eight"]
    (runs / "alarmed" / "label.json").write_text(json.dumps({"title": "Zero of eight", "description": ""}))
    until(page, f"{LISTED}.join() === 'Eight of eight,Zero of eight'")
    page.evaluate(typed("runs-sort", "alarms"))
    assert page.evaluate(LISTED) == ["Zero of eight", "Eight of eight"]


def test_the_folder_of_a_comparison_opens_as_a_comparison_with_its_table(serve, open_page, trained_once, tmp_path):
    root = shutil.copytree(trained_once("compared"), tmp_path / "compared")
    page = open_page(serve(root))
    until(page, "gannet.runs.length === 6")
    document = json.loads((root / "compare.json").read_text())
    head, *rows = page.evaluate(
        "[...document.querySelectorAll('.comparison tr')].map((row) => [...row.children].map((cell) => "
        "cell.textContent))"
    )
    assert head == ["metric", "gan", "lsgan", "real data"]
    metrics = document["recipes"][0]["metrics"]
    assert [row[0].split(" ")[0] for row in rows] == [one["metric"].replace("_", "-") for one in metrics]
    [shown] = [row for row in rows if row[0].startswith("w1")]
    for cell, recipe in zip(shown[1:3], document["recipes"], strict=True):
        [metric] = [one for one in recipe["metrics"] if one["metric"] == "w1"]
        mean, deviation = map(float, cell.split(" ± "))
        assert mean == pytest.approx(metric["mean"], rel=0.005)
        assert deviation == pytest.approx(metric["deviation"], rel=0.05)
    # One set of controls for the panels of all runs.
    assert page.evaluate("document.querySelectorAll('main .tools').length") == 1
    box = "document.querySelector('.common .chip input')"
    canvases = "[...document.querySelectorAll('canvas.plane')].map((canvas) => canvas.toDataURL())"
    before = page.evaluate(canvases)
    page.evaluate(f"{box}.click()")
    page.wait_for_timeout(300)
    assert all(one != other for one, other in zip(before, page.evaluate(canvases), strict=True))
