"""What tests of the live view say to a server and to its page."""

from __future__ import annotations

import socket
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

READY = "document.querySelector('canvas')?.dataset.step"
CHARTED = "document.querySelectorAll('.chart .main-svg').length"
SERVE = """
import sys
from pathlib import Path
from gannet.dashboard.server import View
view = View(Path(sys.argv[1]), int(sys.argv[2]) or None, sys.argv[3], "--read-only" in sys.argv)
print(view.port, flush=True)
view.serve()
"""


def free_port() -> int:
    """A port that nobody listens on. Servers of other test processes may take the default port in between."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """``gannet watch`` on a folder, in a separate process."""

    root: Path
    port: int = field(default_factory=free_port)
    token: str = "token-of-the-tests"
    flags: tuple[str, ...] = ()

    def start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(self.root), str(self.port), self.token, *self.flags],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/?token={self.token}"


def until(page: Page, expression: str) -> Any:
    """Wait until an expression is true, and return its value."""
    # The page's policy forbids to evaluate text later on, which Playwright does with an expression but not with a
    # function.
    return page.wait_for_function(f"() => {expression}").json_value()


def click(words: str, within: str = "body") -> str:
    """Script that clicks the visible button with these words."""
    return (
        f"[...document.querySelectorAll({within!r} + ' button')]"
        f".find((button) => button.textContent === {words!r} && button.offsetParent !== null).click()"
    )


def violations(page: Page) -> list[list[str]]:
    """What axe finds in a page: [rule, elements ...]."""
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"runOnly": tags, "resultTypes": ["violations"]}).response["violations"]
    return [[rule["id"], *(node["html"] for node in rule["nodes"])] for rule in found]
