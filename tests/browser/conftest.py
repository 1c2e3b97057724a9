"""A browser, a server in its own process, and runs to look at."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.real_runs import trained, trained_once

from gannet.dashboard.library import identity_of

sys.path.insert(0, str(Path(__file__).parent))
from chromium import Chromium, Page
from find_browser import MISSING, find_browser

__all__ = ["trained", "trained_once"]

SERVE = """
import sys
import time
from pathlib import Path
from gannet.dashboard.server import View
view = View(Path(sys.argv[1]), int(sys.argv[2]) or None, sys.argv[3], "--read-only" in sys.argv)
print(view.port, flush=True)
view.serve()
"""


@pytest.fixture(scope="session")
def chromium(tmp_path_factory) -> Iterator[Chromium]:
    program = find_browser()
    if program is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    browser = Chromium(tmp_path_factory.mktemp("profile"), program)
    yield browser
    browser.close()


@dataclass
class Server:
    """``gannet watch`` on a folder, in a process of its own."""

    root: Path
    port: int = 0
    token: str = "token-of-the-tests"
    flags: tuple[str, ...] = ()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.root), str(self.port), self.token, *self.flags], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


@pytest.fixture
def serve() -> Iterator[Callable[[Path], Server]]:
    servers = []

    def begin(root: Path, *flags: str) -> Server:
        server = Server(root, flags=flags)
        server.start()
        servers.append(server)
        return server

    yield begin
    for server in servers:
        server.kill()


@pytest.fixture
def open_page(chromium) -> Iterator[Callable[..., Page]]:
    """Open a run and wait until it is drawn; at the end, nothing may have gone wrong or left the machine."""
    pages = []

    def begin(server: Server, run: Path | None = None, *, width: int = 1280, **emulated: str) -> Page:
        page = chromium.page(width, **emulated)
        pages.append((page, server))
        page.open(server.address)
        if run is not None:
            page.run(f"location.hash = 'runs={identity_of(run.resolve())}'")
        page.until("document.querySelector('canvas')?.dataset.step")
        return page

    yield begin
    for page, server in pages:
        outside = [r for r in page.requests if not r.startswith((f"http://127.0.0.1:{server.port}/", "data:", "blob:"))]
        page.close()
        assert outside == []


def without_checkpoints(run: Path, to: Path) -> Path:
    """A copy that cannot be asked anything, so that nothing is drawn from its checkpoints while a test looks at the rest."""
    shutil.copytree(run, to)
    shutil.rmtree(to / "checkpoints")
    return to


@pytest.fixture(scope="session")
def ring(tmp_path_factory, trained_once) -> Path:
    """A finished run on three modes: 11 frames, one step in slow motion, and score cards."""
    return without_checkpoints(trained_once("shown"), tmp_path_factory.mktemp("runs") / "ring")


@pytest.fixture(scope="session")
def pictures(tmp_path_factory, trained_once) -> Path:
    """A finished run on digits: five sheets."""
    return without_checkpoints(trained_once("images"), tmp_path_factory.mktemp("runs") / "pictures")


def click(words: str, within: str = "body") -> str:
    """Script that clicks the visible button with these words."""
    return (
        f"[...document.querySelectorAll({within!r} + ' button')]"
        f".find((button) => button.textContent === {words!r} && button.offsetParent !== null).click()"
    )


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[bytes]]]:
    """What ``train`` started, in order; ends with the test."""
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def train(tmp_path, processes) -> Callable[..., Path]:
    """Train a small GAN in a process of its own until it has a frame."""

    def begin(name: str = "live", *keys: str) -> Path:
        path = tmp_path / "runs" / name
        command = [sys.executable, "-m", "gannet", "train", "ring", "--recipe", "gan", "--steps", "1000000", "--out", str(path), "--quiet"]
        process = subprocess.Popen([*command, "hidden=16", "batch_size=16", "frames.every=20", *keys])
        processes.append(process)
        while not list((path / "frames").glob("*.npz")):
            assert process.poll() is None
            time.sleep(0.05)
        return path

    return begin


@pytest.fixture
def recorded(trained, tmp_path) -> Path:
    """The run of ``ring`` with its checkpoints, to be changed."""
    return trained("shown", tmp_path / "runs" / "recorded")


def violations(page: Page) -> list[list[str]]:
    """What axe finds in a page: [rule, elements ...]."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None, "pip install --no-deps axe-playwright-python: only its axe.min.js is used"
    assert spec.origin is not None
    page.run((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    tags = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
    return page.run(f"axe.run({{ runOnly: {tags} }}).then((r) => r.violations.map((v) => [v.id, ...v.nodes.map((n) => n.html)]))")
