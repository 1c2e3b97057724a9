"""The last lines say which tests of the live view were skipped because there is no browser."""

from __future__ import annotations

from collections import defaultdict

import pytest

from gannet_dev.find_browser import MISSING


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
