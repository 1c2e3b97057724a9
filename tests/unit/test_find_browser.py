"""`make test` finds a browser, or installs one, or says which tests it skips."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gannet_dev import find_browser

ROOT = Path(__file__).parents[2]

BROWSER = """#!/bin/sh
case "$*" in *--dump-dom*) echo "<p>drawn-by-a-browser</p>";; esac
"""


class Machine:
    """A machine with only the programs that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.log = folder / "log"
        self.home = folder / "home"
        self.ready = folder / "ready"
        self.copy = shutil.which("cp")
        self.programs.mkdir()
        self.home.mkdir()

    def put(self, name: str, text: str, mode: int = 0o755) -> str:
        path = self.programs / name
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    def put_apt_get(self, then: str) -> None:
        """A package manager that writes what it was asked for and then does something."""
        self.put("apt-get", f'#!/bin/sh\necho "apt-get $*" >> {self.log}\ncase "$*" in *install*) {then};; esac\n')

    def that_puts(self, name: str) -> str:
        self.ready.write_text(BROWSER)
        self.ready.chmod(0o755)
        return f"{self.copy} {self.ready} {self.programs / name}"

    def asked(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


@pytest.fixture
def machine(tmp_path, monkeypatch) -> Machine:
    made = Machine(tmp_path)
    for needed in ("env", "sh"):
        (made.programs / needed).symlink_to(str(shutil.which(needed)))
    monkeypatch.setenv("PATH", str(made.programs))
    monkeypatch.setenv("HOME", str(made.home))
    for name in ("GANNET_BROWSER", "PLAYWRIGHT_BROWSERS_PATH"):
        monkeypatch.delenv(name, raising=False)
    # Nothing listens there, so playwright is out of reach at once.
    monkeypatch.setenv("PLAYWRIGHT_DOWNLOAD_HOST", "http://127.0.0.1:9")
    monkeypatch.setattr(find_browser, "PLACES", ())
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return made


def test_one_that_is_there_comes_first_and_nothing_is_installed(machine, capsys):
    machine.put_apt_get("true")
    browser = machine.put("google-chrome", BROWSER)
    assert find_browser.main("--install") == 0
    assert capsys.readouterr().out.strip() == browser
    assert machine.asked() == ""


@pytest.mark.parametrize(
    "broken", [("", 0o644), ("", 0o755), ("#!/bin/sh\nexit 1\n", 0o755), ("#!/bin/sh\necho needs a snap\n", 0o755)]
)
def test_a_program_that_does_not_work_counts_as_not_there(machine, broken):
    machine.put("chromium", *broken)
    assert find_browser.find_browser() is None
    working = machine.put("google-chrome", BROWSER)
    assert find_browser.find_browser() == working


def test_a_browser_that_never_answers_counts_as_not_there(machine, monkeypatch):
    monkeypatch.setattr(find_browser, "TRIAL_SECONDS", 0.2)
    machine.put("chromium", "#!/bin/sh\nwhile true; do :; done\n")
    assert find_browser.find_browser() is None


def test_the_program_behind_debians_script_is_looked_at(machine, monkeypatch, tmp_path):
    machine.put("chromium", "", 0o644)
    behind = tmp_path / "lib-chromium"
    behind.write_text(BROWSER)
    behind.chmod(0o755)
    monkeypatch.setattr(find_browser, "PLACES", (str(behind),))
    assert find_browser.find_browser() == str(behind)


def test_debians_package_comes_second(machine, capsys):
    machine.put_apt_get(machine.that_puts("chromium"))
    assert find_browser.main("--install") == 0
    assert capsys.readouterr().out.strip() == str(machine.programs / "chromium")
    assert "install -y --no-install-recommends chromium" in machine.asked()


def test_without_install_nothing_is_installed(machine):
    machine.put_apt_get(machine.that_puts("chromium"))
    assert find_browser.main() == 1
    assert machine.asked() == ""


def test_sudo_without_a_password_installs_the_package(machine, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.put_apt_get(machine.that_puts("chromium"))
    machine.put("sudo", f'#!/bin/sh\necho "sudo $*" >> {machine.log}\nshift\n[ "$1" = true ] || exec "$@"\n')
    assert find_browser.main("--install") == 0
    assert "sudo -n true" in machine.asked()


def test_sudo_with_a_password_is_not_asked_for_it(machine, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    machine.put_apt_get(machine.that_puts("chromium"))
    machine.put("sudo", "#!/bin/sh\necho a password is required >&2\nexit 1\n")
    assert find_browser.main("--install") == 1
    assert machine.asked() == ""
    assert "needs root, or sudo without a password" in capsys.readouterr().err


def test_a_package_that_yields_no_browser_is_reported_and_playwright_comes_third(machine, monkeypatch, capsys):
    machine.put_apt_get("true")
    where = find_browser.playwright_folder() / "chromium-1" / "chrome-linux" / "chrome"

    def download() -> None:
        where.parent.mkdir(parents=True)
        where.write_text(BROWSER)
        where.chmod(0o755)

    monkeypatch.setitem(find_browser.WAYS, "playwright install chromium", download)
    assert find_browser.main("--install") == 0
    said = capsys.readouterr()
    assert said.out.strip() == str(where)
    assert "Debian's package: installed, but no browser works" in said.err


def test_every_way_that_fails_is_named(machine, capsys):
    machine.put_apt_get("echo 'E: Unable to locate package chromium'; exit 100")
    assert find_browser.main("--install") == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Debian's package: E: Unable to locate package chromium" in said.err
    assert "playwright install chromium: http://127.0.0.1:9 is not reachable" in said.err
    assert find_browser.MISSING in said.err


def _browser_test(**environment: str) -> subprocess.CompletedProcess[str]:
    own = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "tests/browser/test_damaged.py"]
    return subprocess.run(command, cwd=ROOT, env=own | environment, capture_output=True, text=True, timeout=200)


def test_without_a_browser_tests_are_skipped_counted_and_named_at_the_end():
    done = _browser_test(GANNET_BROWSER="/nowhere")
    assert done.returncode == 0, done.stdout
    *_, names, words, count = done.stdout.strip().splitlines()
    skipped = int(count.split(" skipped")[0].split()[-1])
    assert skipped >= 1
    assert words.startswith(f"{find_browser.MISSING} {skipped} browser test was skipped.")
    assert names.startswith(f"tests/browser/test_damaged.py ({skipped}): test_")


@pytest.mark.slow
def test_without_a_browser_ci_fails():
    done = _browser_test(GANNET_BROWSER="/nowhere", CI="true")
    assert done.returncode == 1
    assert find_browser.MISSING in done.stdout


def test_ci_runs_make_test_and_nothing_else():
    lines = (ROOT / ".ci/run").read_text().splitlines()
    assert lines[-1] == "make test"
    assert "apt-get" not in "".join(lines)
