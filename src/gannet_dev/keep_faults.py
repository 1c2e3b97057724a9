"""Record results of tests for docs/results/faults.md.

usage: python -m gannet_dev.keep_faults JUNIT.xml [...]

The files come from ``pytest --junitxml=FILE``. Results of other tests stay. Only tests that the page names are kept.
"""

from __future__ import annotations

import json
import sys
import xml.etree.ElementTree as ElementTree
from collections import defaultdict
from pathlib import Path

from gannet_dev.docs.faults import RECORD, ROWS
from gannet_dev.docs.pages import MEASURED, ROOT


def results_of(files: list[Path]) -> dict[str, dict[str, int]]:
    """``FILE::FUNCTION`` -> how many of its cases passed, failed and were skipped."""
    found: dict[str, dict[str, int]] = defaultdict(lambda: {"passed": 0, "failed": 0, "skipped": 0})
    for file in files:
        for case in ElementTree.parse(file).iter("testcase"):
            module = case.get("classname", "").removeprefix("tests.").replace(".", "/")
            function = case.get("name", "").partition("[")[0]
            kinds = {child.tag for child in case}
            outcome = "failed" if kinds & {"failure", "error"} else "skipped" if "skipped" in kinds else "passed"
            found[f"{module}.py::{function}"][outcome] += 1
    return dict(found)


def main() -> int:
    """Merge the results into the record."""
    path = ROOT / MEASURED / RECORD
    record = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"text": "", "tests": {}}
    wanted = {name for group in ROWS.values() for row in group for name in row.tests}
    now = {name: counts for name, counts in results_of([Path(word) for word in sys.argv[1:]]).items() if name in wanted}
    record["tests"] = dict(sorted((record["tests"] | now).items()))
    path.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    print(f"{len(now)} tests recorded; {len(wanted - record['tests'].keys())} are not recorded yet.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
