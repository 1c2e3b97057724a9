"""Find Chromium or Chrome for the tests of the live view, and install Chromium if none works.

usage: python -m gannet_dev.find_browser [--install]

Prints the path of the first browser that works; exit status 1 if none does. With --install these ways are tried in
order until one yields a working browser: one that is already there, Debian's package (as root, or with sudo without a
password), and `playwright install chromium`. If GANNET_BROWSER names a program, no other is considered and nothing is
installed.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
"""Names of programs in the PATH."""
PLACES = (
    "/usr/lib/chromium/chromium",  # the program behind Debian's /usr/bin/chromium, which is a shell script
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
PLAYWRIGHT_PLACES = ("chromium-*/chrome-linux*/chrome", "chromium-*/chrome-mac*/*.app/Contents/MacOS/*")
"""Below playwright's folder of browsers."""
PLAYWRIGHT_HOST = "https://cdn.playwright.dev"
MISSING = "No working Chromium or Chrome was found."
DRAWN = "drawn-by-a-browser"
TRIAL = ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--dump-dom")
UNWANTED = (
    "WebUIOmniboxPopup", "WebUIOmniboxAimPopup",
    "PaintHolding", "HttpsUpgrades", "OptimizationHints", "MediaRouter", "DestroyProfileOnBrowserClose",
)  # fmt: skip
"""Features that are switched off: two pages that the address bar loads for every window, though there is none to see,
and those of Playwright's list that concern tests, since this list takes the place of its list.
"""
FLAGS = (
    "--disable-gpu", "--force-color-profile=srgb", "--hide-scrollbars", f"--disable-features={','.join(UNWANTED)}",
)  # fmt: skip
"""Flags that `launched` adds to those of Playwright."""
TRIAL_SECONDS = 60.0
REACH_SECONDS = 10.0
INSTALL_SECONDS = 600.0


def find_browser() -> str | None:
    """The first browser that can draw a page."""
    return next((program for program in candidates() if works(program)), None)


def candidates() -> Iterator[str]:
    """Programs that may be a browser, the likeliest first."""
    if named := os.environ.get("GANNET_BROWSER"):
        yield named
        return
    yield from filter(None, map(shutil.which, NAMES))
    yield from PLACES
    for pattern in PLAYWRIGHT_PLACES:
        yield from map(str, sorted(playwright_folder().glob(pattern), reverse=True))


def playwright_folder() -> Path:
    """The folder of Playwright's browsers."""
    caches = Path.home() / ("Library/Caches" if sys.platform == "darwin" else ".cache")
    return Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or caches / "ms-playwright")


def works(program: str) -> bool:
    """Whether the program draws a page. An empty file, a stub or a browser that lacks a library does not."""
    if not (os.path.isfile(program) and os.access(program, os.X_OK)):
        return False
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        status, text = _ran(
            [program, *TRIAL, f"--user-data-dir={profile}", f"data:text/html,<p>{DRAWN}"], TRIAL_SECONDS
        )
    return status == 0 and DRAWN in text


@contextmanager
def launched(program: str | None = None) -> Iterator[Browser]:
    """A headless browser driven by Playwright: ``program``, or the first browser that works."""
    from playwright.sync_api import sync_playwright

    program = program or find_browser()
    assert program is not None, MISSING
    with (
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=program, args=FLAGS, chromium_sandbox=False) as browser,
    ):
        yield browser


def install() -> str | None:
    """Try the ways of installing a browser until one works, and return the browser; each failure is reported in one
    line.
    """
    for name, way in WAYS.items():
        if problem := way():
            _say(f"{name}: {problem}")
        elif program := find_browser():
            return program
        else:
            _say(f"{name}: installed, but no browser works")
    return None


def install_debian_package() -> str | None:
    """Install Debian's package chromium; returns the problem, or None."""
    if not shutil.which("apt-get"):
        return "apt-get is not available"
    if os.geteuid() == 0:
        rights: list[str] = []
    elif shutil.which("sudo") and _ran(["sudo", "-n", "true"], REACH_SECONDS)[0] == 0:
        rights = ["sudo", "-n"]
    else:
        return "needs root, or sudo without a password"
    _say("installing Debian's package chromium ...")
    quiet = [
        "-qq",
        "-o",
        "Acquire::Retries=1",
        "-o",
        f"Acquire::http::Timeout={REACH_SECONDS:.0f}",
        "-o",
        "DPkg::Lock::Timeout=60",
    ]
    command = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", *quiet]
    # Old package lists may suffice, so only the second command decides.
    _ran([*command, "update"], INSTALL_SECONDS)
    status, text = _ran([*command, "install", "-y", "--no-install-recommends", "chromium"], INSTALL_SECONDS)
    return None if status == 0 else _last_line(text)


def install_with_playwright() -> str | None:
    """Let Playwright download its Chromium; returns the problem, or None."""
    host = os.environ.get("PLAYWRIGHT_DOWNLOAD_HOST") or PLAYWRIGHT_HOST
    if not reachable(host):
        return f"{host} is not reachable"
    _say("downloading a Chromium with playwright ...")
    status, text = _ran([sys.executable, "-m", "playwright", "install", "chromium"], INSTALL_SECONDS)
    return None if status == 0 else _last_line(text)


def reachable(address: str) -> bool:
    """Whether a web server responds at the address, with any status."""
    try:
        with urllib.request.urlopen(urllib.request.Request(address, method="HEAD"), timeout=REACH_SECONDS):
            return True
    except urllib.error.HTTPError:
        return True
    except (OSError, ValueError):
        return False


WAYS: dict[str, Callable[[], str | None]] = {
    "Debian's package": install_debian_package,
    "playwright install chromium": install_with_playwright,
}


def _ran(command: list[str], seconds: float) -> tuple[int, str]:
    """Exit status and output; a command that takes too long is killed with all its child processes."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
            )
        except OSError as error:
            return 127, str(error)
        try:
            status = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = 124
            output.write(f"\nno end after {seconds:.0f} s".encode())
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        output.seek(0)
        return status, output.read().decode(errors="replace")


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "failed without output").strip()


def _say(words: str) -> None:
    print(f"find_browser: {words}", file=sys.stderr, flush=True)


def main(*words: str) -> int:
    if words not in ((), ("--install",)):
        print(__doc__, file=sys.stderr)
        return 2
    program = find_browser()
    if program is None and words and not os.environ.get("GANNET_BROWSER"):
        program = install()
    if program is None:
        _say(MISSING)
        return 1
    print(program)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
