"""Would the learning tests notice? Each proof is run with a plausible bug in a temporary copy of the package, and has to fail.

usage: python scripts/plausible_bugs.py [PROOF ...]    (all of them if none is named; a minute or two of one core each)

Seeds are run until the proof is decided: the bug is caught where too many miss a bound. Results go to
benchmarks/results/plausible-bugs.json, proof by proof, and from there, beside recorded figures of the right code, to
docs/results/plausible-bugs.md; `--page` writes the page alone.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).parents[1]
LEARNING = ROOT / "tests" / "learning"
RESULTS = ROOT / "benchmarks" / "results"
RECORD = RESULTS / "plausible-bugs.json"
PAGE = ROOT / "docs" / "results" / "plausible-bugs.md"
sys.path.insert(0, str(LEARNING))

from bugs import BUGS, Bug  # noqa: E402
from proofs import PROOFS  # noqa: E402
from proving import Proof  # noqa: E402

ONE_ROW = "import json, sys; from proofs import PROOFS; print(json.dumps(PROOFS[sys.argv[1]].row(int(sys.argv[2]))))"
INTRODUCTION = """# Would the learning tests notice?

Written by `scripts/plausible_bugs.py`. A test that cannot fail proves nothing, so the proofs of `tests/learning` are run once with a bug
of the kind that is easily written: one line of the source changed, nothing else. *With* are the figures with the bug, seed 0 first,
until too many seeds had missed a bound for the proof to hold: then it is caught. *Without* are those of the code as it is, every seed
(benchmarks/results/learn-PROOF.json). The bounds lie between the two and were chosen with these seeds in sight."""

HARMLESS = """## Tried, and not noticed

These bugs were tried first, and changed what was reached too little for any bound that the right code keeps:

- `f-gan`, ring, a sign of Pearson's conjugate (v^2/4 - v in place of v^2/4 + v): 8 modes, reverse KL 0.085 (seed 0). D still drives fakes
  below reals. The worked example of the loss catches it (`tests/contracts/test_every_loss.py`).
- `cgan`, digits, the labels of the reals shown beside the fakes in D's turn: 93 % of the samples show the digit asked for, against 91 %
  (seed 0). The labels of fakes are random there anyhow, and the real rows with a wrong label teach D what a label means.
- `dragan`, ring, no gradient from the penalty, while its proof looked at the modes only: 8, 8, 8 modes, 83, 69 and 84 % within 3 sigma, no
  worse than with the penalty. The proof now measures the slope that the penalty holds at 1.
- `pacdcgan2`, digits, rows packed with themselves: a GAN without packs loses no digit at this budget. On the ring it is noticed.
- `infogan`, digits, a recognizer that reads detached features, while its proof looked at the purity only: 38, 55 and 54 %, against 64, 49
  and 67 %. A generator of one-hot categories draws different digits for them from the start, and the recognizer learns which. The proof
  now measures the information that the term maximises.
- `mlp-gan`, digits, label smoothing with the wrong sign, while its proof looked at the distance only: 6.7 and 5.5
  floors of sliced W, bound 8. The proof now bounds how uneven the digits come too.
- `diffaugment`, digits, only the first half of the rows augmented: 9.4 and 6.9 floors of sliced W, against 7.7, 5.6 and 6.7.
"""


def main(names: list[str]) -> None:
    older = json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}
    record = {name: entry for name, entry in older.items() if name in BUGS and entry["new"] == BUGS[name].new}
    if names != ["--page"]:
        for name in names or BUGS:
            record[name] = outcome(PROOFS[name], BUGS[name])
            RECORD.write_text(json.dumps({n: record[n] for n in BUGS if n in record}, indent=1) + "\n", encoding="utf-8")
            print(name, "caught" if record[name]["caught"] else "NOT CAUGHT", record[name]["seeds"], flush=True)
    PAGE.write_text(page(record), encoding="utf-8")


def outcome(proof: Proof, bug: Bug) -> dict[str, Any]:
    """What was changed, what it reached, and whether that is out of bounds."""
    with TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(ROOT / "src" / "gannet", source / "gannet", ignore=shutil.ignore_patterns("__pycache__"))
        file = source / "gannet" / bug.file
        file.write_text(bug.apply(file.read_text(encoding="utf-8")), encoding="utf-8")
        rows: list[dict[str, Any]] = []
        for seed in range(proof.seeds):
            rows.append(row(proof.name, seed, source))
            good = sum(r["good"] for r in rows)
            if good >= proof.needed or len(rows) - good > proof.seeds - proof.needed:
                break
    return {"bug": bug.what, "file": bug.file, "old": bug.old, "new": bug.new, "seeds": rows, "caught": not proof.holds(rows)}


def row(name: str, seed: int, source: Path) -> dict[str, Any]:
    """What the broken package reaches; training that stops by itself is a failure of its own kind."""
    environment = os.environ | {"PYTHONPATH": f"{source}{os.pathsep}{LEARNING}"}
    done = subprocess.run([sys.executable, "-c", ONE_ROW, name, str(seed)], env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return json.loads(done.stdout)
    if "TrainingStopped" not in done.stderr:
        raise SystemExit(f"{name}, seed {seed}:\n{done.stderr}")
    return {"seed": seed, "stopped": "a value was not finite", "good": False}


def page(record: dict[str, Any]) -> str:
    missed = [name for name, entry in record.items() if not entry["caught"]]
    summary = f"{len(record) - len(missed)} of {len(record)} bugs are caught" + (f"; not caught: {', '.join(missed)}." if missed else ".")
    if waiting := [name for name in BUGS if name not in record]:
        summary += f" Not run yet: {', '.join(waiting)}."
    head = "| proof | rule | bug | without | with | caught |\n|---|---|---|---|---|---|\n"
    lines = [line(PROOFS[name], entry) for name, entry in record.items()]
    return f"{INTRODUCTION}\n\n{summary}\n\n{head}" + "\n".join(lines) + f"\n\n{HARMLESS}"


def line(proof: Proof, entry: dict[str, Any]) -> str:
    learned = RESULTS / f"learn-{proof.name}.json"
    rows = json.loads(learned.read_text(encoding="utf-8"))["seeds"] if learned.exists() else []
    cells = (
        *(proof.name, proof.rule, f"{entry['bug']} (`{entry['file']}`)", written(proof, rows), written(proof, entry["seeds"])),
        "yes" if entry["caught"] else "**no**",
    )
    return f"| {' | '.join(cells)} |"


def written(proof: Proof, rows: list[dict[str, Any]]) -> str:
    """The bounded figures, one number for each seed."""
    names = dict.fromkeys((*proof.least, *proof.most))
    return "; ".join(f"{name} " + ", ".join(f"{r[name]:.3g}" if name in r else r["stopped"] for r in rows) for name in names if rows)


if __name__ == "__main__":
    main(sys.argv[1:])
