"""Fuzz every reader of data and of runs with coverage-guided inputs (atheris, libFuzzer).

usage: python scripts/fuzz.py [--minutes 60] [READER ...]

The time is divided among the readers; each runs in a separate process. The corpus stays in build/fuzz/READER, so
that a later call continues. An exception other than a UserError is a finding, whose input is build/fuzz/crash-...
Needs ``pip install atheris``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import re
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent
for place in ("tests", "tests/unit"):
    sys.path.insert(0, str(ROOT / place))
FOUND = ROOT / "build" / "fuzz"
INSTRUMENTED = ["gannet", "tarfile", "zipfile", "csv", "json"]
SLOWEST_SECONDS = 20


def readers(folder: Path) -> dict[str, tuple[bytes, Callable[[bytes], object]]]:
    """Name -> a sound input, and what reads an input."""
    import test_data_hostile as data
    import test_hostile_run_files as files
    from support.real_runs import SMALL, train

    found: dict[str, tuple[bytes, Callable[[bytes], object]]] = {}
    for name, seed in data.SEEDS.items():
        found[name] = seed(), lambda content, name=name: data.opened_with(name, folder, content)
    run = folder / "runs" / "run"
    train(run, **SMALL | {"steps": 300, "checkpoint.every": 100})
    for name in files.FUZZED:
        sound = (run / name).read_bytes() if (run / name).exists() else b"{}"

        def read(content: bytes, name: str = name, sound: bytes = sound) -> None:
            (run / name).write_bytes(content)
            try:
                data.reads_or_says_why(lambda: files.FUZZED[name](run))
            finally:
                (run / name).write_bytes(sound)

        found[name] = sound, read
    return found


def fuzz(name: str, seconds: int) -> None:
    """Fuzz one reader in this process, which ends."""
    import atheris

    with tempfile.TemporaryDirectory() as folder, atheris.instrument_imports(include=INSTRUMENTED):
        sound, read = readers(Path(folder))[name]
        corpus = FOUND / re.sub(r"\W", "-", name)
        corpus.mkdir(parents=True, exist_ok=True)
        (corpus / "sound").write_bytes(sound)
        options = [f"-max_total_time={seconds}", f"-timeout={SLOWEST_SECONDS}", "-rss_limit_mb=4096", "-verbosity=0"]
        options += [f"-artifact_prefix={FOUND}/crash-{corpus.name}-", "-print_final_stats=1"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], read)
        atheris.Fuzz()


def main() -> int:
    """Every reader; 1 if there are findings."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60, help="of all readers together")
    parser.add_argument("readers", nargs="*", metavar="READER")
    given = parser.parse_args()
    FOUND.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        names = given.readers or list(readers(Path(folder)))
    spawn, failed = multiprocessing.get_context("spawn"), []
    for name in names:
        process = spawn.Process(target=fuzz, args=(name, max(1, round(given.minutes * 60 / len(names)))))
        process.start()
        process.join()
        failed += [name] if process.exitcode else []
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    inputs = sum(1 for path in FOUND.rglob("*") if path.is_file())
    print(
        f"{len(names)} readers, {(used.ru_utime + used.ru_stime) / 60:.1f} minutes of processor time, {inputs} inputs "
        f"in {FOUND.relative_to(ROOT)}; findings in: {', '.join(failed) or 'none'}"
    )
    return int(bool(failed))


if __name__ == "__main__":
    raise SystemExit(main())
