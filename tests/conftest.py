"""Processes that every kind of test may start, and last lines that say which browser tests were skipped."""

from __future__ import annotations

import os
import signal
import threading
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.warm import Warm

from gannet_dev.docs.faults import ROWS
from gannet_dev.find_browser import MISSING

FAULTS = {name for group in ROWS.values() for row in group for name in row.tests}


def pytest_configure() -> None:
    """Hear Ctrl-C: a shell lets what it starts in the background ignore these signals, and so would the processes
    whose Ctrl-C is tested.
    """
    if threading.current_thread() is threading.main_thread():
        for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGQUIT, signal.SIG_DFL)):
            if signal.getsignal(number) is signal.SIG_IGN:
                signal.signal(number, handler)


@pytest.fixture(scope="session")
def environment(tmp_path_factory) -> dict[str, str]:
    # Python's output is buffered, as a user's is, even if the tests run with PYTHONUNBUFFERED.
    keep = {k: v for k, v in os.environ.items() if not k.startswith("GANNET_") and k != "PYTHONUNBUFFERED"}
    return keep | {"GANNET_CACHE": str(tmp_path_factory.mktemp("cache")), "HF_HUB_OFFLINE": "1", "COLUMNS": "200"}


@pytest.fixture(scope="session")
def warm(environment) -> Iterator[Warm]:
    server = Warm(environment)
    yield server
    server.close()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of docs/results/faults.md, so that `make test-faults` runs every case of them, slow or not: it
    records how many passed.
    """
    tests = Path(__file__).parent
    for item in items:
        name = f"{item.path.relative_to(tests)}::{item.name.partition('[')[0]}"
        if name in FAULTS:
            item.add_marker(pytest.mark.fault)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Bytes in the name of a test are their number: a gzip header holds the time, and the names of tests that two
    processes collect must be equal.
    """
    return f"{len(val)} bytes" if isinstance(val, bytes) else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skipped = [report for report in terminalreporter.stats.get("skipped", []) if MISSING in str(report.longrepr)]
    if not skipped:
        return
    names: dict[str, list[str]] = defaultdict(list)
    for report in skipped:
        file, _, test = report.nodeid.partition("::")
        names[file].append(test.partition("[")[0])
    terminalreporter.section("browser tests skipped")
    for file, tests in sorted(names.items()):
        terminalreporter.write_line(f"{file} ({len(tests)}): {', '.join(sorted(set(tests)))}")
    count = f"{len(skipped)} browser test{'s were' if len(skipped) > 1 else ' was'} skipped"
    terminalreporter.write_line(
        f"{MISSING} {count}. Install one (Debian: apt-get install chromium), or name it with GANNET_BROWSER=PATH."
    )
