"""A damaged run between good ones, as a person sees it."""

from __future__ import annotations

import shutil

from support.page import until


def test_a_damaged_run_is_a_row_that_says_so(serve, open_page, ring, tmp_path):
    shutil.copytree(ring, tmp_path / "runs" / "good")
    shutil.copytree(ring, tmp_path / "runs" / "hurt")
    (tmp_path / "runs" / "hurt" / "run.json").write_text("{")
    page = open_page(serve(tmp_path / "runs"), tmp_path / "runs" / "good")
    until(page, "document.querySelector('.state.damaged')")
    row = page.locator("li", has=page.locator(".state.damaged"))
    assert "hurt" in row.inner_text()
    assert "run.json" in row.inner_text()
    assert row.locator("input").is_disabled()
