"""The page docs/results/faults.md: injected faults, what Gannet does, and the tests with their recorded results.

The rows are in faults.toml. ``gannet_dev/keep_faults.py`` records results of tests in benchmarks/results/faults.json.
"""

from __future__ import annotations

import ast
import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

NOTICE = (
    "<!-- Made by `make docs` from the rows in src/gannet_dev/docs/faults.toml and recorded results. Do not edit. -->"
)
RECORD = "faults.json"


@dataclass(frozen=True)
class Row:
    """One kind of fault."""

    fault: str
    answer: str = ""
    """What Gannet does."""
    tests: tuple[str, ...] = ()
    """``FILE::FUNCTION``, below tests/."""
    untested: str = ""
    """Why there is no test, or what the tests leave out."""


ROWS = {
    group: tuple(Row(**{**row, "tests": tuple(row.get("tests", ()))}) for row in rows)
    for group, rows in tomllib.loads(Path(__file__).with_name("faults.toml").read_text(encoding="utf-8")).items()
}
"""Title of a group -> its rows."""


def fault_page(folder: Path) -> str:
    """The page."""
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    results: dict[str, dict[str, int]] = record["tests"]
    rows = [row for group in ROWS.values() for row in group]
    tested = [row for row in rows if row.tests]
    recorded = [row for row in tested if all(results.get(name, {}).get("passed") for name in row.tests)]
    lines = [
        NOTICE,
        "# Faults",
        f"{len(rows)} kinds of faults in {len(ROWS)} groups. {len(tested)} have automated tests; all tests of "
        f"{len(recorded)} passed in the recorded runs. For the others the table gives the reason. `make test` runs a "
        f"few cases of each test, `make test-faults` all of them.",
        record["text"],
        "| fault | what Gannet does | tests: passed of recorded cases |\n|---|---|---|",
    ]
    table = []
    for title, group in ROWS.items():
        table.append(f"| **{title}** | | |")
        table += [f"| {row.fault} | {row.answer} | {_tests_of(row, results)} |" for row in group]
    lines[-1] += "\n" + "\n".join(table)
    return "\n\n".join([*lines, *_fuzzed(record["fuzzed"])]) + "\n"


def _fuzzed(readers: dict[str, dict[str, float]]) -> list[str]:
    """What `make fuzz` tried, by reader."""
    minutes = sum(row["seconds"] for row in readers.values()) / 60
    rows = [
        f"| {name} | {row['inputs']:,.0f} | {row['seconds']:.0f} | {row['findings']:.0f} |"
        for name, row in readers.items()
    ]
    return [
        "## Fuzzing",
        f"`make fuzz` (atheris, coverage-guided): {minutes:.0f} minutes of processor time for {len(readers)} readers.",
        "\n".join(["| reader | inputs | seconds | findings |", "| --- | --- | --- | --- |", *rows]),
    ]


def _tests_of(row: Row, results: dict[str, dict[str, int]]) -> str:
    said = []
    for name in row.tests:
        file, _, function = name.partition("::")
        found = results.get(name)
        count = "not recorded yet" if found is None else f"{found['passed']} of {sum(found.values())}"
        said.append(f"[`{function}`](../../tests/{file}): {count}")
    return "; ".join([*said, *([row.untested] if row.untested else [])])


def missing_tests(tests: Path) -> list[str]:
    """Names of tests in the rows that do not exist."""
    wanted = {name for group in ROWS.values() for row in group for name in row.tests}
    functions = {
        file: {
            node.name
            for node in ast.parse((tests / file).read_text(encoding="utf-8")).body
            if isinstance(node, ast.FunctionDef)
        }
        for file in {name.partition("::")[0] for name in wanted}
    }
    return sorted(name for name in wanted if name.partition("::")[2] not in functions[name.partition("::")[0]])
