from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from support.real_runs import trained, trained_once
from support.serving import client, folder

__all__ = ["client", "folder", "own_cache", "trained", "trained_once"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a separate cache, and never the user's."""
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("GANNET_CACHE", str(folder))
    return folder


@pytest.fixture
def undrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without their pictures, for tests of their words: drawing takes most of the time of a report."""
    monkeypatch.setattr("gannet.figures.curves.draw_curves", lambda *_, **__: Image.new("RGB", (8, 8)))
    monkeypatch.setattr("gannet.reports.html.frames_of", lambda run: [])
    monkeypatch.setattr("gannet.reports.html._plan", lambda run: "")
