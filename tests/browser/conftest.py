"""A browser, a server in its own process, and runs to look at."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from support.page import READY, Server, until
from support.real_runs import trained, trained_once
from support.warm import Begun

from gannet.dashboard.library import identity_of
from gannet_dev.find_browser import MISSING, find_browser, launched

__all__ = ["trained", "trained_once"]

PATIENCE_MILLISECONDS = 60_000


@pytest.fixture(scope="session", autouse=True)
def program() -> str:
    """The browser's program; looked for first, so that without one no run is trained for these tests."""
    found = find_browser()
    if found is None:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(MISSING)
    return found


@pytest.fixture(scope="module")
def browser(program) -> Iterator[Browser]:
    """One browser for a file of tests. Its driver runs an event loop in this thread, so it must not outlive them."""
    with launched(program) as started:
        yield started


@pytest.fixture(scope="session")
def serve_once(tmp_path_factory) -> Iterator[Callable[[Path], Server]]:
    """``serve`` for folders that no test changes: one server for each, for the whole test session."""
    servers: dict[Path, Server] = {}

    def begin(root: Path) -> Server:
        if root not in servers:
            servers[root] = Server(root)
            servers[root].start()
        return servers[root]

    yield begin
    for server in servers.values():
        server.kill()


@pytest.fixture
def serve(serve_once, tmp_path) -> Iterator[Callable[..., Server]]:
    """A server of a folder; a new one if the folder belongs to the test or if there are flags."""
    servers = []

    def begin(root: Path, *flags: str) -> Server:
        if not flags and not root.is_relative_to(tmp_path):
            return serve_once(root)
        server = Server(root, flags=flags)
        servers.append(server)
        server.start()
        return server

    yield begin
    for server in servers:
        server.kill()


@dataclass
class Heard:
    """What a page complains of and asks for while it lives."""

    page: Page
    tolerated: str | None
    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on(
            "console", lambda m: self.hear(f"{m.text} {m.location['url']}") if m.type in ("error", "assert") else None
        )
        self.page.on("pageerror", lambda error: self.hear(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))

    def hear(self, words: str) -> None:
        if not (self.tolerated and re.search(self.tolerated, words)):
            self.errors.append(words)


@pytest.fixture(scope="module")
def context(browser) -> Callable[..., BrowserContext]:
    """A context of the browser for every set of emulated properties. Its pages share the compiled code of the charts,
    which is most of what opening a page costs."""
    known: dict[frozenset[tuple[str, object]], BrowserContext] = {}

    def find(width: int, **emulated: object) -> BrowserContext:
        kind = frozenset({"width": width, **emulated}.items())
        if kind not in known:
            known[kind] = browser.new_context(viewport={"width": width, "height": 900}, **emulated)
            known[kind].set_default_timeout(PATIENCE_MILLISECONDS)
        return known[kind]

    return find


@pytest.fixture
def new_page(context) -> Iterator[Callable[..., Page]]:
    """An empty page. At the end, nothing may have gone wrong, except for errors that match ``tolerated``, every request
    must have gone to one of the ``allowed`` places, and what the page kept is forgotten."""
    opened: list[tuple[Heard, tuple[str, ...]]] = []

    def begin(width: int = 1280, *, allowed: tuple[str, ...], tolerated: str | None = None, **emulated) -> Page:
        page = context(width, **{"is_mobile": width < 500, **emulated}).new_page()
        opened.append((Heard(page, tolerated), (*allowed, "data:", "blob:")))
        return page

    yield begin
    for heard, _ in opened:
        heard.page.evaluate("location.protocol.startsWith('http') && localStorage.clear()")
        heard.page.close()
        heard.page.context.clear_cookies()
    for heard, allowed in opened:
        assert heard.errors == []
        assert [request for request in heard.requests if not request.startswith(allowed)] == []


@pytest.fixture
def open_page(new_page) -> Callable[..., Page]:
    """Open the page of a server, or some of its runs, and wait until it is drawn."""

    def begin(server: Server, *runs: Path, width: int = 1280, ready: str = READY, **rest) -> Page:
        page = new_page(width, allowed=(f"http://127.0.0.1:{server.port}/",), **rest)
        shown = ",".join(identity_of(run.resolve()) for run in runs)
        page.goto(server.address + (f"#runs={shown}" if runs else ""))
        if runs:  # a server that lists runs every few seconds may not know them yet, and another one is drawn meanwhile
            until(page, f"window.gannet?.runs.map((run) => run.kind && run.id).join() === '{shown}'")
        until(page, ready)
        return page

    return begin


def without_checkpoints(run: Path, to: Path) -> Path:
    """A copy that cannot be asked anything, so that nothing is drawn from its checkpoints while a test looks at the
    rest.
    """
    shutil.copytree(run, to)
    shutil.rmtree(to / "checkpoints")
    return to


@pytest.fixture(scope="session")
def ring(tmp_path_factory, trained_once) -> Path:
    """A finished run on three modes: 11 frames, one step in slow motion, and score cards. For reading only."""
    return without_checkpoints(trained_once("shown"), tmp_path_factory.mktemp("runs") / "ring")


@pytest.fixture(scope="session")
def images(tmp_path_factory, trained_once) -> Path:
    """A finished run on digits: five sheets. For reading only."""
    return without_checkpoints(trained_once("images"), tmp_path_factory.mktemp("runs") / "images")


@pytest.fixture(scope="session")
def shown(tmp_path_factory, trained_once) -> Path:
    """The run of ``ring`` with its checkpoints, and a copy next to it. For reading only."""
    path = tmp_path_factory.mktemp("runs") / "recorded"
    shutil.copytree(trained_once("shown"), path)
    shutil.copytree(path, path.with_name("other"))
    return path


@pytest.fixture
def recorded(trained, tmp_path) -> Path:
    """The run of ``ring`` with its checkpoints, to be changed."""
    return trained("shown", tmp_path / "runs" / "recorded")


@pytest.fixture
def processes() -> list[Begun]:
    """What ``train`` started, in order."""
    return []


@pytest.fixture
def train(tmp_path, warm, processes) -> Iterator[Callable[..., Path]]:
    """Train a small GAN in a separate process until it has a frame; it ends with the test."""

    def begin(name: str = "live", *keys: str) -> Path:
        path = tmp_path / "runs" / name
        words = ["train", "ring", "--recipe", "gan", "--steps", "1000000", "--out", str(path), "--quiet"]
        process = warm.start([*words, "hidden=16", "batch_size=16", "frames.every=50", *keys], tmp_path)
        processes.append(process)
        os.setpriority(os.PRIO_PROCESS, process.pid, 10)  # the page and other tests first: this one never ends
        while not list((path / "frames").glob("*.npz")):
            assert process.poll() is None, process.said("err")
            time.sleep(0.05)
        return path

    yield begin
    for process in processes:
        process.kill()
        process.wait()
