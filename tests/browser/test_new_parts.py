"""Slow motion, the windows that start trainings and several runs: reached by everybody, at any width."""

from __future__ import annotations

import shutil

import pytest
from conftest import click, violations

from gannet.dashboard.library import identity_of


@pytest.fixture(params=["slow", "fork", "draw", "several"])
def opened(request, serve, open_page, recorded):
    """Opens one of the parts on a page of a width."""

    def begin(width, **emulated):
        if request.param == "several" and not recorded.with_name("other").exists():
            shutil.copytree(recorded, recorded.with_name("other"))
        page = open_page(serve(recorded.parent), recorded, width=width, **emulated)
        if request.param == "slow":
            page.until("!document.querySelector('.story').hidden")
            page.run("document.querySelectorAll('.substeps button')[1].click()")
        elif request.param == "several":
            page.run(f"location.hash = 'runs={identity_of(recorded.resolve())},{identity_of(recorded.resolve().with_name('other'))}'")
            page.until("gannet.runs.length === 2 && document.querySelectorAll('.many .main-svg').length > 1")
        else:
            page.run(click("Fork from a checkpoint …" if request.param == "fork" else "Draw data …"))
            page.until("document.querySelector('dialog[open]') !== null")
        page.run("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        page.run("new Promise((done) => setTimeout(done, 300))")
        return page

    return begin


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_in_the_new_parts(opened, width, scheme):
    page = opened(width, prefers_color_scheme=scheme)
    assert violations(page) == []
    assert page.errors == []


def test_the_new_parts_fit_into_small_and_wide_windows(opened):
    page = opened(320)
    for width in (320, 375, 900, 1440, 2560):
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False)
        page.run("new Promise((done) => setTimeout(done, 250))")
        assert page.run("document.documentElement.scrollWidth") <= width
        assert page.run("[...document.querySelectorAll('dialog, .card')].every((part) => part.scrollWidth <= part.clientWidth + 1)")
