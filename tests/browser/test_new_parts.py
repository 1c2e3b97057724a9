"""Slow motion, the windows that start trainings and several runs: usable by everybody, at any width."""

from __future__ import annotations

import pytest
from support.page import click, until, violations


@pytest.fixture(params=["slow", "fork", "draw", "several"])
def opened(request, serve, open_page, shown):
    """Opens one of the parts on a page of a width."""

    def begin(width, **emulated):
        runs = [shown, shown.with_name("other")] if request.param == "several" else [shown]
        page = open_page(serve(shown.parent), *runs, width=width, **emulated)
        if request.param == "slow":
            until(page, "!document.querySelector('.story').hidden")
            page.evaluate("document.querySelectorAll('.substeps button')[1].click()")
        elif request.param == "several":
            until(page, "document.querySelectorAll('.many .main-svg').length > 1")
        else:
            page.evaluate(click("Fork from a checkpoint …" if request.param == "fork" else "Draw data …"))
            page.wait_for_selector("dialog[open]")
        page.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
        page.wait_for_timeout(200)
        return page

    return begin


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (360, "dark")])
def test_axe_finds_nothing_in_the_new_parts(opened, width, scheme):
    assert violations(opened(width, color_scheme=scheme)) == []


def test_the_new_parts_fit_into_small_and_wide_windows(opened):
    page = opened(320, is_mobile=False)
    for width in (320, 375, 900, 1440, 2560):
        page.set_viewport_size({"width": width, "height": 800})
        page.wait_for_timeout(150)
        until(
            page, f"document.documentElement.scrollWidth <= {width}"
        )  # charts and canvases follow the window when they can
        assert page.evaluate(
            "[...document.querySelectorAll('dialog, .card')].every((part) => part.scrollWidth <= part.clientWidth + 1)"
        )
