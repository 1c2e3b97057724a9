"""Fuzz every reader of data and of runs with coverage-guided inputs (atheris, libFuzzer).

usage: python scripts/fuzz.py [--minutes 60] [READER ...]

The minutes are of processor time and are divided among the readers; each runs in a separate process. The corpus stays
in build/fuzz/READER, so that a later call continues; build/fuzz/tried.json counts the inputs of all calls, for
docs/results/faults.md. An exception other than a UserError is a finding, whose
input is build/fuzz/crash-... Needs ``pip install atheris``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, MutableSequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
for place in ("tests", "tests/unit"):
    sys.path.insert(0, str(ROOT / place))
FOUND = ROOT / "build" / "fuzz"
INSTRUMENTED = ["gannet", "tarfile", "zipfile", "csv", "json"]
SLOWEST_SECONDS, LONGEST_WAIT = 20, 1200
"""Of one input: processor time, and wall time, which ends a reader that waits; other work may have the processor."""

Reader = Callable[[bytes], object]


def names() -> list[str]:
    """Every reader by the file that it reads. tests/unit/test_every_reader_is_fuzzed.py checks that none is missing."""
    import test_data_hostile as data
    import test_data_hostile_layouts as layouts
    import test_hostile_run_files as files

    return [*data.SEEDS, *layouts.LAYOUTS, *layouts.HUB_LAYOUTS, *map(short, files.FUZZED)]


def short(path: str) -> str:
    """The name of a file of a run: of those of a checkpoint without its folder."""
    return Path(path).name if path.startswith(("checkpoints/", "../")) else path


def reader(name: str, folder: Path, seeds: Path) -> tuple[bytes, Reader]:
    """A sound input of a reader, and what reads an input."""
    import test_data_hostile as data
    import test_data_hostile_layouts as layouts
    import test_hostile_run_files as files

    if name in data.SEEDS:
        return data.SEEDS[name](), lambda content: data.opened_with(name, folder, content)
    if name in layouts.LAYOUTS | layouts.HUB_LAYOUTS:
        return layouts.sound(name), lambda content: layouts.open_layout(name, folder, content)
    shutil.copytree(seeds, folder / "seeds")
    run = folder / "seeds" / "run"
    path = next(path for path in files.FUZZED if short(path) == name)
    sound = (run / path).read_bytes()

    def read(content: bytes) -> None:
        (run / path).write_bytes(content)
        data.reads_or_says_why(lambda: files.FUZZED[path](run))

    return sound, read


def make_seeds(folder: Path) -> Path:
    """A folder with a run and the result of a comparison, whose files are the sound inputs."""
    import test_hostile_run_files as files
    from support.real_runs import SMALL, train

    train(folder / "points", **SMALL | {"steps": 300, "checkpoint.every": 100})
    (folder / "seeds").mkdir()
    files.make_fuzzed(folder / "points", folder / "seeds")
    return folder / "seeds"


def too_slow(*_: object) -> None:
    """Make an input that takes long a finding."""
    raise TimeoutError(f"this input takes more than {SLOWEST_SECONDS} s of processor time")


def fuzz(name: str, seconds: float, seeds: Path, tried: MutableSequence[float]) -> None:
    """Fuzz one reader in this process, which ends. ``tried`` holds the inputs and the processor seconds."""
    import atheris

    with tempfile.TemporaryDirectory() as folder:
        sound, read = reader(name, Path(folder), seeds)
        corpus = FOUND / re.sub(r"\W", "-", name)
        corpus.mkdir(parents=True, exist_ok=True)
        (corpus / "sound").write_bytes(sound)
        began = time.process_time()

        def count_and_read(content: bytes) -> None:
            tried[0], tried[1] = tried[0] + 1, time.process_time() - began
            signal.setitimer(signal.ITIMER_VIRTUAL, SLOWEST_SECONDS)
            read(content)
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
            if tried[1] > seconds:
                os.kill(os.getpid(), signal.SIGUSR1)  # libFuzzer ends

        signal.signal(signal.SIGVTALRM, too_slow)
        options = [f"-timeout={LONGEST_WAIT}", "-rss_limit_mb=4096", "-verbosity=0"]
        options += [f"-artifact_prefix={FOUND}/crash-{corpus.name}-"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], count_and_read)
        atheris.Fuzz()


def keep(name: str, tried: MutableSequence[float], *, failed: bool) -> None:
    """Add what was tried to the record."""
    path = FOUND / "tried.json"
    record: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    before = record.get(name, {"inputs": 0, "seconds": 0.0, "findings": 0})
    record[name] = {
        "inputs": before["inputs"] + int(tried[0]),
        "seconds": round(before["seconds"] + tried[1], 1),
        "findings": before["findings"] + failed,
    }
    path.write_text(json.dumps(record, indent=1) + "\n")


def main() -> int:
    """Every reader; 1 if there are findings."""
    from atheris import instrument_imports

    # The readers run in forks of this process, which has imported and instrumented everything once.
    with instrument_imports(include=INSTRUMENTED):
        return fuzz_all()


def fuzz_all() -> int:
    """What :func:`main` returns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="of processor time, of all readers together")
    parser.add_argument("readers", nargs="*", metavar="READER", help=f"default: all of {', '.join(names())}")
    given = parser.parse_args()
    if unknown := [name for name in given.readers if name not in names()]:
        parser.error(f"{unknown[0]!r} is not a reader. Allowed: {', '.join(names())}.")
    chosen = given.readers or names()
    FOUND.mkdir(parents=True, exist_ok=True)
    forks, failed, inputs, seconds = multiprocessing.get_context("fork"), [], 0, 0.0
    with tempfile.TemporaryDirectory() as folder:
        seeds = make_seeds(Path(folder))
        for name in chosen:
            tried = forks.RawArray("d", 2)
            process = forks.Process(target=fuzz, args=(name, given.minutes * 60 / len(chosen), seeds, tried))
            process.start()
            process.join()
            keep(name, tried, failed=bool(process.exitcode))
            failed += [name] if process.exitcode else []
            inputs, seconds = inputs + int(tried[0]), seconds + tried[1]
            print(f"{name}: {int(tried[0]):,} inputs, {tried[1]:.0f} s", flush=True)
    print(
        f"{len(chosen)} readers, {inputs:,} inputs in {seconds / 60:.1f} minutes of processor time; findings in: "
        f"{', '.join(failed) or 'none'}"
    )
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
