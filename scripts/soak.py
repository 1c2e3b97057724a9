"""Kill and resume a training many times, with random live commands and the live view attached: the result is equal
bit for bit to the same training without an interruption.

usage: python scripts/soak.py [--points 200] [--images 30] [--seed 0]

Every cycle continues the run, waits a random time, issues a random command or none, and ends the process: nine times of
ten by SIGKILL, else by SIGTERM. The processes are forks of one that has imported the libraries, because importing takes
longer than a cycle. Afterwards `gannet train RUN` repeats the run with its journal, uninterrupted, and all
tensors are compared. A reader of the live view asks for the list of runs all the time.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from support.warm import Begun, Warm

from gannet.errors import UserError
from gannet.runs.commands import submit
from gannet.runs.reader import Run
from gannet.training import checkpoint

GANNET = (sys.executable, "-m", "gannet")
KINDS = {
    "points": ("ring", "gan", "hidden=16", "batch_size=16", "checkpoint.every=10", "frames.every=50"),
    "images": ("digits", "mlp-gan", "prior.size=8", "batch_size=16", "checkpoint.every=2", "frames.every=10"),
}
FAR = 10_000_000
"""Steps that no cycle reaches."""
LONGEST_SECONDS = 1.8
"""Of training before a command; afterwards a third of it."""


def soak(kind: str, cycles: int, seed: int, folder: Path, warm: Warm) -> bool:
    """Run the cycles and compare; prints a line every ten cycles. Returns whether all is equal."""
    rng, run = random.Random(seed), folder / kind
    data, recipe, *keys = KINDS[kind]
    begin = ["train", data, "--recipe", recipe, *keys, "health.every=0", "--steps", str(FAR), "--out", str(run)]
    view = View(folder)
    sent = 0
    try:
        for cycle in range(cycles):
            before = version_of(run)
            process = warm.start([*begin, "--resume", "--quiet"], folder)
            wait_for_start(run, process, before, sessions=cycle + 1)
            time.sleep(rng.uniform(0, LONGEST_SECONDS))
            sent += command(run, rng)
            time.sleep(rng.uniform(0, LONGEST_SECONDS / 3))
            process.send_signal(signal.SIGTERM if rng.random() < 0.1 else signal.SIGKILL)
            process.wait()
            if cycle % 10 == 9:
                print(f"{kind}: {cycle + 1} cycles, {sent} commands, step {newest(run)}", flush=True)
    finally:
        answered = view.close()
    step = newest(run)
    # Commands after the newest checkpoint belong to steps that the comparison does not reach.
    again = ["train", str(run), "--out", f"{run}-again", "--steps", str(step), "--quiet"]
    status, _, problem = warm.run(again, folder, timeout=3600)
    if status:
        raise SystemExit(problem)
    equal = same(run, Path(f"{run}-again"), step) and once(run)
    print(
        f"{kind}: {cycles} cycles, {sent} commands, {answered} answers of the live view, step {step}: "
        f"{'equal bit for bit' if equal else 'DIFFERENT'}"
    )
    return equal


class View:
    """`gannet watch` on the folder, and a reader that asks for its runs all the time."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [*GANNET, "watch", str(folder), "--no-browser"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        assert self._process.stdout is not None
        address = next(found[0] for line in self._process.stdout if (found := re.search(r"http://\S+", line)))
        self._browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._browser.open(address, timeout=30).read()
        self._base = re.match(r"http://[^/]+", address)[0]  # pyright: ignore[reportOptionalSubscript]
        self._answers, self._ended = 0, threading.Event()
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    def _ask(self) -> None:
        while not self._ended.wait(0.2):
            self._browser.open(f"{self._base}/api/runs", timeout=30).read()
            self._answers += 1

    def close(self) -> int:
        """End the view; returns how many answers it gave."""
        self._ended.set()
        self._thread.join()
        self._process.send_signal(signal.SIGINT)
        self._process.wait()
        return self._answers


def version_of(run: Path) -> int:
    """Changes when an event is written."""
    events = run / "events.jsonl"
    return events.stat().st_mtime_ns if events.exists() else 0


def wait_for_start(run: Path, process: Begun, before: int, sessions: int) -> None:
    """Wait until the training of this cycle has recorded that it began or resumed."""
    while process.poll() is None:
        held = (run / "lock").exists() and f"pid {process.pid} " in (run / "lock").read_text()
        if held and version_of(run) != before:
            return
        time.sleep(0.02)
    raise SystemExit(f"The training of cycle {sessions} ended by itself: {process.returncode}. {process.said('err')}")


def command(run: Path, rng: random.Random) -> int:
    """Send a random command, or none; returns how many."""
    chosen = rng.choice(["none", "set", "snapshot", "alone", "pause"])
    try:
        if chosen == "set":
            submit(run, "set", {"key": "optimizer.generator.lr", "value": rng.choice([0.001, 0.002, 0.0005])})
        elif chosen == "snapshot":
            submit(run, "snapshot", {})
        elif chosen == "alone":
            submit(run, "step", {"player": "discriminator", "count": rng.randint(1, 3)})
        elif chosen == "pause":
            submit(run, "pause", {})
            time.sleep(0.1)
            submit(run, "go", {})
    except UserError:
        return 0
    return chosen != "none"


def newest(run: Path) -> int:
    """Step of the newest valid checkpoint."""
    return checkpoint.newest_step(run / "checkpoints") or 0


def same(first: Path, second: Path, step: int) -> bool:
    """Whether all tensors of a step are equal."""
    name = f"checkpoints/step-{step:09d}"
    for group in ("model", "average", "optimizers"):
        a, b = checkpoint.load_weights(first / name, group), checkpoint.load_weights(second / name, group)
        if a.keys() != b.keys() or any(not torch.equal(a[key], b[key]) for key in a):
            return False
    return True


def once(run: Path) -> bool:
    """Whether every step of the history is there once, and every event has its own number."""
    events = Run(run).events()
    steps = [event.step for event in events if event.kind == "terms"]
    return steps == sorted(set(steps)) and len({event.seq for event in events}) == len(events)


def main() -> int:
    """Both kinds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=200, help="cycles on points")
    parser.add_argument("--images", type=int, default=30, help="cycles on images")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    folder = Path(tempfile.mkdtemp(prefix="soak-"))
    kinds = {"points": given.points, "images": given.images}
    warm = Warm(os.environ)
    equal = [soak(kind, cycles, given.seed, folder, warm) for kind, cycles in kinds.items() if cycles]
    warm.close()
    if all(equal):
        shutil.rmtree(folder)
        return 0
    print(f"The runs are in {folder}.")
    return 1


if __name__ == "__main__":
    raise SystemExit(main())
