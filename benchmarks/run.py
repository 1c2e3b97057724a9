"""`make bench`: Gannet against plain loops, alternating A B A B, as one table and as JSON.

`make bench-compare REV=COMMIT` (`--against COMMIT`): the working tree against another revision, as one table only.

Each side trains in a separate process, and they take turns; the other one waits meanwhile. The result is a ratio of
medians on the same machine. Wall time depends on what else the machine does, so the ratio of the processor time of both
processes is given too. With more than one thread, processor time includes the time in which one thread waits for
another; on a machine that does other work, use ``--threads 1``. The share of the peak rate is the time that the matrix
products and convolutions of a step would take at the rates measured in the same rounds, divided by the processor time
of a step.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from statistics import median
from typing import Any

from one_side import WORKS, Work

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
ONE_SIDE, OLDEST = "benchmarks/one_side.py", "09a9e23"
"""The script of a side, and the first revision that has it."""
MACHINE = ("processor", "instruction_set", "torch", "python")


class Side:
    """A process that trains when asked."""

    def __init__(self, name: str, side: str, root: Path, threads: int | None) -> None:
        environment = os.environ | {"PYTHONPATH": str(root / "src")}
        # That of the revision, whose packages have their own names.
        command = [sys.executable, str(root / ONE_SIDE), name, side]
        command += [] if threads is None else [str(threads)]
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.facts = self._read()

    def ask(self, word: str) -> dict[str, Any]:
        """The answer to one line."""
        assert self._process.stdin is not None
        self._process.stdin.write(word + "\n")
        self._process.stdin.flush()
        return self._read()

    def end(self) -> None:
        """Close the input, at which the process ends."""
        self._process.communicate()

    def _read(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit("One side of the measurement failed; its message is above.")
        return json.loads(line)


@contextmanager
def tree_of(revision: str) -> Iterator[Path]:
    """The source of a revision in a temporary folder."""
    git = ["git", "-C", str(ROOT), "worktree"]
    script = f"{revision}:{ONE_SIDE}"
    if subprocess.run([*git[:3], "cat-file", "-e", script], check=False, capture_output=True).returncode:
        raise SystemExit(f"{revision} is not a revision with {ONE_SIDE}: those since {OLDEST} can be compared.")
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        path = str(Path(folder, "tree"))
        subprocess.run([*git, "add", "--quiet", "--detach", path, revision], check=True)
        try:
            yield Path(path)
        finally:
            subprocess.run([*git, "remove", "--force", path], check=True)


def measure(name: str, rounds: int, other: Path | None, threads: int | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """A row, and the facts of the machine."""
    work = WORKS[name]
    with ExitStack() as stack:
        ours = Side(name, "gannet", ROOT, threads)
        stack.callback(ours.end)
        theirs = Side(name, "plain", ROOT, threads) if other is None else Side(name, "gannet", other, threads)
        stack.callback(theirs.end)
        measured: tuple[list[dict[str, Any]], list[dict[str, Any]]] = ([], [])
        peaks: list[dict[str, Any]] = []
        for _ in range(rounds):
            for side, into in zip((ours, theirs), measured, strict=True):
                into.append(side.ask(str(work.steps)))
            peaks.append(ours.ask("peak"))
        row = row_of(work, *measured, peaks, ours.facts) | {"threads": ours.facts["threads"]}
        return row, {name: ours.facts[name] for name in MACHINE}


def row_of(
    work: Work,
    ours: list[dict[str, Any]],
    theirs: list[dict[str, Any]],
    peaks: list[dict[str, Any]],
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Medians and ratios of all rounds."""
    row: dict[str, Any] = {"work": work.title, "unit": work.unit, "rounds": len(ours), "steps_per_round": work.steps}
    for clock, prefix in (("wall", ""), ("cpu", "processor_")):
        a, b = [r[clock] for r in ours], [r[clock] for r in theirs]
        ratios = [their / own for own, their in zip(a, b, strict=True)]
        row[f"{prefix}gannet"], row[f"{prefix}plain"] = work.per_step / median(a), work.per_step / median(b)
        row[f"{prefix}ratio"] = median(b) / median(a)
        row[f"{prefix}ratio_min"], row[f"{prefix}ratio_max"] = min(ratios), max(ratios)
    rates = {kind: median(p[kind]["cpu"] for p in peaks) for kind in peaks[0]}
    row["gflops_per_processor_second"] = rates
    row["gflop_per_step"] = {kind: count / 1e9 for kind, count in facts["flops"].items()}
    least = sum(row["gflop_per_step"][kind] / rates[kind] for kind in rates)
    row["share_of_peak"] = least / median(r["cpu"] for r in ours)
    row["precision"] = facts["precision"]
    for key in ("faults", "peak_mb"):
        row[key] = {"gannet": median(r[key] for r in ours), "plain": median(r[key] for r in theirs)}
    return row


def printed(row: dict[str, Any], other: str) -> str:
    """One line of the table."""
    speeds = f"{row['gannet']:>9,.0f} against {row['plain']:>8,.0f} {row['unit']:<16}"
    wall, cpu = (
        f"x{row[f'{p}ratio']:.2f} ({row[f'{p}ratio_min']:.2f} to {row[f'{p}ratio_max']:.2f})"
        for p in ("", "processor_")
    )
    peak = row["peak_mb"]
    return (
        f"{row['work']:<46}{speeds} {wall}, processor {cpu}, peak rate {100 * row['share_of_peak']:.0f} %, "
        f"{peak['gannet']:.0f} MB against {peak['plain']:.0f} MB of {other}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=sorted(WORKS), action="append", help="can be repeated; all works if omitted")
    parser.add_argument("--threads", type=int, help="of both sides; as many as Gannet chooses if omitted")
    parser.add_argument("--against", metavar="COMMIT", help="compare with this revision instead of the plain loops")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        other = stack.enter_context(tree_of(arguments.against)) if arguments.against else None
        rows: dict[str, dict[str, Any]] = {}
        machine: dict[str, Any] = {}
        for name in arguments.only or WORKS:
            rows[name], machine = measure(name, arguments.rounds, other, arguments.threads)
            print(printed(rows[name], arguments.against or "the plain loop"), flush=True)
    if arguments.against:
        return
    kind = machine["instruction_set"].lower().replace(" with ", "-").replace(" ", "-")
    path = RESULTS / f"speed-{kind}.json"
    command = " ".join(["python benchmarks/run.py", *sys.argv[1:]])
    made = {"date": date.today().isoformat(), "command": command}
    earlier = json.loads(path.read_text()) if path.exists() else {"rows": {}}
    all_rows = earlier["rows"] | {name: row | made for name, row in rows.items()}
    document = earlier | {
        "machine": machine | {"cores": os.cpu_count()},
        "rows": {name: all_rows[name] for name in WORKS if name in all_rows},
    }
    path.write_text(json.dumps(document, indent=1) + "\n")
    print(f"wrote {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
