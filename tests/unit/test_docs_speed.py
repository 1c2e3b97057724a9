"""The page about speed compares what was measured with the targets."""

import json
from pathlib import Path

import pytest

from gannet_dev.docs.speed_profile import AVX2, AVX512, MANY_GAMES, RECORD, learn_section, targets_section

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results"


@pytest.fixture
def folder(tmp_path):
    for name in (AVX2, AVX512, MANY_GAMES, RECORD):
        (tmp_path / name).write_text((RESULTS / name).read_text())
    return tmp_path


@pytest.mark.parametrize(("ratio", "verdict"), [(2.79, "2.79 of 2.8: missed"), (2.8, "2.80 of 2.8: reached")])
def test_a_target_is_reached_or_missed_as_measured(folder, ratio, verdict):
    document = json.loads((folder / AVX512).read_text())
    document["rows"]["dcgan"]["ratio"] = ratio
    (folder / AVX512).write_text(json.dumps(document))
    [line] = [line for line in targets_section(folder).splitlines() if line.startswith("| `dcgan`")]
    assert line.endswith(f"| {verdict} |")


def test_shares_of_the_profile_are_parts_of_one_step():
    for rows in json.loads((RESULTS / RECORD).read_text())["rows"].values():
        for row in rows.values():
            assert sum(row["shares"].values()) == pytest.approx(1)
            assert all(-0.02 < share < 1 for share in row["shares"].values()), row["work"]


def test_the_time_of_the_proofs_is_the_sum_of_their_records(tmp_path):
    for name, seconds in (("a", [60.0, 120.0]), ("b", [30.0, 30.0]), ("c", [])):
        rows = [{"cpu_seconds": value} for value in seconds] or [{}]
        (tmp_path / f"learn-{name}.json").write_text(json.dumps({"seeds": rows}))
    assert "2 of 3 records" in learn_section(tmp_path)
    assert ": 4 minutes of processor time together" in learn_section(tmp_path)
