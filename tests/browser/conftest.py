"""A browser, a server in its own process, and runs to look at."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from support.real_runs import trained, trained_once  # noqa: F401

from gannet.dashboard.library import identity_of
from gannet.runs.schema import SLOW_FOLDER, frame_name
from gannet.runs.writer import RunWriter

sys.path.insert(0, str(Path(__file__).parent))
from chromium import Chromium, Page
from find_browser import MISSING, find_browser

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


@pytest.fixture(scope="session")
def ring(tmp_path_factory) -> Path:
    """A finished run on three modes: 11 frames in which the points walk from the middle to two of them."""
    path = tmp_path_factory.mktemp("runs") / "ring"
    means = [[1.0, 0.0], [-0.5, 0.8], [-0.5, -0.8]]
    modes = {"means": means, "covariances": [[[0.01, 0], [0, 0.01]]] * 3, "weights": [1 / 3] * 3}
    record = {
        "version": 1, "recipe": "gan", "arguments": {"steps": 1000, "optimizer.generator.lr": 1e-3}, "environment": {},
        "data": {"source": "ring", "modes": modes}, "settings": {"seed": 0},
    }  # fmt: skip
    rng = np.random.default_rng(0)
    goal = np.array([means[0]] * 20 + [means[1]] * 20) + rng.normal(size=(40, 2)) * 0.1
    real = np.array(means * 20) + rng.normal(size=(60, 2)) * 0.1
    axis = np.linspace(-1.5, 1.5, 24)
    with RunWriter.create(path, record, kind="points") as writer:  # pyright: ignore
        writer.event("start", 0)
        for step in range(0, 1001, 100):
            share = step / 1000
            values = {"discriminator/adversarial": 1.4 - share, "discriminator/score_real": share, "generator/adversarial": 0.7 + share}
            values |= {"generator/gradient_norm": 10.0 ** (-4 * share), "discriminator/gradient_norm": 2e-7 + share}
            writer.event("terms", step, values=values | {"steps_per_second": 100.0}, seconds=step / 100)
            writer.event("vitals", step, values={"modes_found": round(2 * share), "modes_known": 3, "separation": 0.9 - 0.3 * share})
            fake = goal * share + rng.normal(size=(40, 2)) * 0.02
            frame = {
                "real": real, "fake": fake, "extent": [-1.5, 1.5, -1.5, 1.5], "logits": np.add.outer(-axis, 2 * axis) * share,
                "latents": rng.normal(size=(40, 2)), "pull": goal[:20] - fake[:20],
                "manifold": np.stack(np.meshgrid(np.linspace(-1, 1, 21) * share, np.linspace(-1, 1, 21) * share), -1),
            }  # fmt: skip
            writer.frame(step, frame)
        writer.event("warning", 600, text="A warning for the tests.")
        card = {
            "metric": "w1", "label": "W1", "floor": 0.01, "n_real": 100, "n_fake": 100, "better": "lower", "weights": "ema",
            "ci95": [0.1, 0.3], "warnings": [],
        }  # fmt: skip
        cards = [
            card | {"value": 0.2 + 0.1 * (step < 900), "step": step, "fingerprint": "aaaa0000", "spec": {"k": 3}} for step in (500, 1000)
        ]
        writer.scores([*cards, card | {"value": 0.5, "step": 1000, "fingerprint": "bbbb0000", "spec": {"k": 5}}])
        writer.event("finish", 1000)
    return path


@pytest.fixture(scope="session")
def pictures(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("runs") / "pictures"
    record = {"version": 1, "recipe": "dcgan", "arguments": {}, "data": {"source": "digits"}, "settings": {}, "environment": {}}
    with RunWriter.create(path, record, kind="images") as writer:  # pyright: ignore
        for step in (0, 50, 100):
            sheet = np.zeros((16, 16, 3), np.uint8)
            sheet[:8, 8:] = (step, 255 - step, 7)
            writer.frame(step, sheet)
        writer.event("finish", 100)
    return path


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
def recorded(tmp_path, ring):
    """The finished run with one step in slow motion, made by hand: two reals and two fakes, the scores of one of each are wrong."""
    path = tmp_path / "runs" / "recorded"
    shutil.copytree(ring, path)
    field = np.linspace(-1, 1, 32 * 32).reshape(32, 32)
    player = {
        "real": [[1.0, 0.0], [-0.5, 0.8]], "fake": [[0.0, 0.0], [0.5, 0.5]], "score_real": [2.0, -1.0], "score_fake": [-3.0, 0.5],
        "slope": [[0.0, 1.0], [1.0, 0.0]], "loss/adversarial": 1.25, "loss/penalty": 0.25, "gradient_norm": 2.0, "field_before": field,
        "field_after": field + 0.5, "fake_after": [[0.0, 0.0], [0.5, 0.5]],
    }  # fmt: skip
    generator = player | {"gradient": [[0.0, -3.0], [4.0, 0.0]], "fake_after": [[0.0, 0.3], [0.1, 0.5]]}
    arrays = {f"discriminator/{name}": value for name, value in player.items()} | {f"generator/{n}": v for n, v in generator.items()}
    (path / SLOW_FOLDER).mkdir()
    np.savez(path / SLOW_FOLDER / frame_name(500, "points"), step=500, extent=[-1.5, 1.5, -1.5, 1.5], relative_scores=0, **arrays)
    with (path / "events.jsonl").open("a") as file:
        file.write(json.dumps({"seq": 10_000, "step": 500, "kind": "slow", "text": frame_name(500, "points")}) + "\n")
        file.write(json.dumps({"seq": 10_001, "step": 1000, "kind": "finish"}) + "\n")
    return path


def violations(page: Page) -> list[list[str]]:
    """What axe finds in a page: [rule, elements ...]."""
    spec = importlib.util.find_spec("axe_playwright_python")
    assert spec is not None, "pip install --no-deps axe-playwright-python: only its axe.min.js is used"
    assert spec.origin is not None
    page.run((Path(spec.origin).parent / "axe.min.js").read_text(encoding="utf-8"))
    tags = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
    return page.run(f"axe.run({{ runOnly: {tags} }}).then((r) => r.violations.map((v) => [v.id, ...v.nodes.map((n) => n.html)]))")
