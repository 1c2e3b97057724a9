"""Every row of the page of faults names tests that exist, or says why there is none."""

import json
from pathlib import Path

from gannet_dev.docs.faults import RECORD, ROWS, missing_tests
from gannet_dev.docs.pages import MEASURED, ROOT
from gannet_dev.keep_faults import results_of

TESTS = Path(__file__).parent.parent


def test_every_row_has_a_test_or_a_reason():
    assert missing_tests(TESTS) == []
    rows = [row for group in ROWS.values() for row in group]
    assert [row for row in rows if not row.tests and not row.untested] == []


def test_the_whole_matrix_is_there():
    numbers = [int(title.partition(".")[0]) for title in ROWS if title[0].isdigit()]
    assert numbers == list(range(1, 41))


def test_results_are_counted_by_function(tmp_path):
    (tmp_path / "x.xml").write_text(
        '<testsuites><testsuite><testcase classname="tests.unit.test_a" name="test_b[1]"/>'
        '<testcase classname="tests.unit.test_a" name="test_b[2]"><failure/></testcase>'
        '<testcase classname="tests.unit.test_a" name="test_b[3]"><skipped/></testcase></testsuite></testsuites>'
    )
    assert results_of([tmp_path / "x.xml"]) == {"unit/test_a.py::test_b": {"passed": 1, "failed": 1, "skipped": 1}}


def test_no_recorded_case_failed_or_was_skipped():
    """A case that is skipped on the machine that records is a fault that nobody injected."""
    record = json.loads((ROOT / MEASURED / RECORD).read_text(encoding="utf-8"))["tests"]
    wanted = {name for group in ROWS.values() for row in group for name in row.tests}
    assert {name: counts for name, counts in record.items() if counts["failed"] or counts["skipped"]} == {}
    assert record.keys() - wanted == set(), "recorded, but no row names them"


def test_rows_are_marked_so_that_all_their_cases_run(request):
    assert request.node.get_closest_marker("fault") is None
    assert "slow or fault" in (ROOT / "Makefile").read_text(encoding="utf-8")
