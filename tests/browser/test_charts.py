"""Every chart: what it is called and explains, how it is smoothed and scaled, and the files that it is saved as."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from support.page import CHARTED, until

from gannet.runs.reader import Run

TOOL = "[...document.querySelectorAll('.charttools button')].filter((button) => button.textContent === '{}')"
CHART = "[...document.querySelectorAll('.chart')].find((chart) => chart.ariaLabel.startsWith('{}'))"
TALL = 8000
"""A window in which every chart is seen: charts that cannot be seen are not drawn again."""
LOSSES = "What each player minimises"
DRAWN = "[...document.querySelectorAll('.chart')].every((chart) => chart.querySelector('.main-svg .xtitle'))"
SET = "(() => {{ const e = document.getElementById('{}'); e.value = '{}'; e.dispatchEvent(new Event('{}')); }})()"


@pytest.fixture
def page(serve, open_page, ring):
    shown = open_page(serve(ring.parent), ring)
    shown.set_viewport_size({"width": 1280, "height": TALL})
    until(shown, CHARTED)
    until(shown, DRAWN)
    return shown


OVERLAPS = """[...document.querySelectorAll('.chart')].flatMap((chart) => {
    const words = [...chart.querySelectorAll('.xtick text, .ytick text, .xtitle, .legendtext')]
        .map((text) => [text.textContent, text.getBoundingClientRect()]).filter(([, box]) => box.width);
    return words.flatMap(([first, a], i) => words.slice(i + 1).filter(([, b]) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 3 && b.top < a.bottom - 3
    ).map(([second]) => `${chart.ariaLabel}: ${first} / ${second}`));
})"""
"""Words of a chart that lie on each other."""


def saved(page, kind, number=0):
    """(name, text) of what the button of a chart saves."""
    with page.expect_download() as download:
        page.evaluate(f"{TOOL.format(kind)}[{number}].click()")
    return download.value.suggested_filename, download.value.path().read_text(encoding="utf-8")


def heights(page, title=LOSSES):
    """The heights of the last point of each path of a chart, in pixels, from the rendered SVG."""
    return page.evaluate(
        f"[...{CHART.format(title)}.querySelectorAll('.scatterlayer path.js-line')]"
        ".filter((path) => path.getTotalLength()).map((path) => path.getPointAtLength(path.getTotalLength()).y)"
    )


def test_words_of_a_chart_do_not_overlap(page):
    assert page.evaluate(OVERLAPS) == []
    for width in (1000, 390):
        page.set_viewport_size({"width": width, "height": TALL})
        page.wait_for_timeout(500)
        until(page, f"{OVERLAPS}.length === 0")


def test_every_chart_has_a_title_a_unit_and_an_explanation_with_a_page_that_is_served_here(page):
    titles = page.evaluate("[...document.querySelectorAll('.charthead')].map((head) => head.textContent)")
    charts = page.evaluate("document.querySelectorAll('.chart').length")
    assert len(titles) == charts >= 7
    assert any(f"{LOSSES} (loss)" in title for title in titles)
    page.evaluate(f"{TOOL.format('?')}.forEach((button) => button.click())")
    helps = page.evaluate("[...document.querySelectorAll('.help')].map((p) => [p.hidden, p.firstChild.textContent])")
    assert len(helps) == charts
    for hidden, words in helps:
        assert not hidden
        assert len(re.findall(r"[.](?:\s|$)", words)) == 2, words
    links = page.evaluate("[...document.querySelectorAll('.help a')].map((link) => link.href)")
    assert len(links) == charts
    for link in set(links):
        address, _, anchor = link.partition("#")
        text = page.evaluate(f"fetch('{address}').then((answer) => answer.ok ? answer.text() : '')")
        assert "<h1" in text, link
        assert not anchor or f'id="{anchor}"' in text, link


def test_a_chart_is_saved_as_a_drawing_and_as_the_recorded_values(page, ring):
    charts = page.evaluate("[...document.querySelectorAll('.chart')].map((chart) => chart.ariaLabel)")
    number = next(place for place, label in enumerate(charts) if label.startswith(LOSSES))
    page.evaluate(SET.format("chart-smoothing", 0.9, "input"))
    name, text = saved(page, "SVG", number)
    assert name == "ring-minimised.svg"
    words = " ".join(part.text or "" for part in ElementTree.fromstring(text).iter() if part.tag.endswith("text"))
    for part in (f"{LOSSES} (loss)", "discriminator/adversarial", "generator/adversarial", "step"):
        assert part in words
    assert text.count("js-line") >= 3
    name, text = saved(page, "CSV", number)
    assert name == "ring-minimised.csv"
    (path := ring.parent.parent / "saved.csv").write_text(text)
    table = pd.read_csv(path)
    terms = Run(ring).terms()
    recorded = [name for name in terms if name.count("/") == 1 and not re.search("logit_|gradient_norm", name)]
    assert sorted(table.columns) == sorted(["step", "seconds", *recorded])
    for column in recorded:  # not smoothed
        steps, values = terms[column]
        np.testing.assert_array_equal(table["step"], steps)
        np.testing.assert_array_equal(table[column], values)
    seconds = {event.step: event.seconds for event in Run(ring).events() if event.kind == "terms"}
    np.testing.assert_allclose(table["seconds"], [seconds[step] for step in table["step"]])


def test_smoothing_time_and_logarithms_change_what_is_drawn(page, ring):
    plain = heights(page)
    assert len(plain) == 3
    page.evaluate(SET.format("chart-smoothing", 0.9, "input"))
    until(page, f"{CHART.format(LOSSES)}.querySelectorAll('.scatterlayer path.js-line').length === 6")
    until(page, "document.querySelector('.chartcontrols output').textContent === '0.90'")
    # The recorded line stays behind its average, which ends elsewhere.
    assert all(abs(raw - smooth) > 1 for raw, smooth in zip(heights(page)[::2], heights(page)[1::2], strict=True))
    page.evaluate(SET.format("chart-smoothing", 0, "input"))
    until(page, f"{CHART.format(LOSSES)}.querySelectorAll('.scatterlayer path.js-line').length === 3")
    page.evaluate(SET.format("chart-axis", "time", "change"))
    titles = "[...document.querySelectorAll('.chart .xtitle')].map((title) => title.textContent)"
    until(page, f"{titles}.every((title) => title === 'seconds of training')")
    ends = page.evaluate(f"{CHART.format(LOSSES)}.data.map((trace) => trace.x.at(-1))")
    last = [event.seconds for event in Run(ring).events() if event.kind == "terms"][-1]
    np.testing.assert_allclose(ends, last)
    page.evaluate(SET.format("chart-axis", "step", "change"))
    gradients = "Gradient norms"
    until(page, f"{CHART.format(gradients)}.layout.xaxis.title.text === 'step'")
    logarithmic = heights(page, gradients)
    button = "[...document.querySelectorAll('[aria-label=\"Logarithmic scale: Gradient norms\"]')][0]"
    assert page.evaluate(f"{button}.getAttribute('aria-pressed')") == "true"
    page.evaluate(f"{button}.click()")
    until(page, f"{CHART.format(gradients)}.layout.yaxis.type !== 'log'")
    assert np.abs(np.subtract(heights(page, gradients), logarithmic)).max() > 1
    # A chart with values below zero has no logarithmic scale.
    assert page.evaluate("document.querySelector('[aria-label^=\"Logarithmic scale: Mean\"]').hidden")


@pytest.mark.slow
def test_the_legend_is_in_the_language_of_the_page_and_files_are_not(page):
    page.evaluate("document.querySelector('button[lang=zh]').click()")
    until(page, "document.documentElement.lang === 'zh-CN' && document.querySelector('.chart .legendtext')")
    legends = page.evaluate("[...document.querySelectorAll('.legendtext')].map((text) => text.textContent)")
    assert "判别器/对抗损失" in legends
    assert not [words for words in legends if re.search("[a-z]{4}", words)]
    charts = page.evaluate("[...document.querySelectorAll('.chart')].map((chart) => chart.ariaLabel)")
    number = next(place for place, label in enumerate(charts) if "对抗损失" in label)
    assert saved(page, "CSV", number)[1].startswith("step,seconds,discriminator/adversarial")
