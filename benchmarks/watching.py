"""Measure the cost of the live view with a real browser: training speed, memory, and the time to draw a long history.

usage: python benchmarks/watching.py attached [DATA RECIPE]   step time with and without an open page, alternately
       python benchmarks/watching.py history [STEPS]          seconds until the whole history of a long run is drawn
       python benchmarks/watching.py soak [MINUTES]           memory of server and page during live training

Writes benchmarks/results/watching-MODE.json. Needs Chromium. Each mode takes minutes, so it is not part of `make
bench`.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from gannet.runs.commands import submit
from gannet.runs.reader import Run
from gannet_dev.find_browser import launched

HERE = Path(__file__).resolve().parent

GANNET = [sys.executable, "-m", "gannet"]
READY = "document.querySelector('canvas')?.dataset.step"
CHARTED = "document.querySelectorAll('.chart .main-svg').length"


@contextmanager
def training(folder: Path, *words: str) -> Iterator[Path]:
    """A run that trains in a separate process until the block ends."""
    process = subprocess.Popen([*GANNET, "train", "--quiet", f"--out={folder}", *words])
    try:
        while not list((folder / "frames").glob("*")):
            assert process.poll() is None, "training ended"
            time.sleep(0.1)
        yield folder
    finally:
        process.terminate()
        process.wait()


@contextmanager
def watching(folder: Path) -> Iterator[tuple[int, str]]:
    """``gannet watch``: its process id and address."""
    process = subprocess.Popen([*GANNET, "watch", str(folder), "--no-browser"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.pid, process.stdout.readline().split()[-1]
    finally:
        process.terminate()
        process.wait()


def megabytes(pid: int) -> float:
    """Resident memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def heap_megabytes(page: Page) -> float:
    """Memory of the page's JavaScript after garbage collection."""
    browser = page.context.new_cdp_session(page)
    browser.send("HeapProfiler.collectGarbage")
    return browser.send("Runtime.getHeapUsage")["usedSize"] / 1e6


def newest_step(folder: Path) -> int:
    return int(Run(folder).terms()["steps_per_second"][0][-1])


def attached(data: str = "ring", recipe: str = "gan-deep", rounds: int = 5, seconds: float = 8.0) -> dict[str, Any]:
    """Median steps per second without and with an open page, measured alternately for some seconds each."""
    speeds: dict[str, list[float]] = {"alone": [], "watched": []}
    shares: dict[str, list[float]] = {"server": [], "browser": []}
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        run = stack.enter_context(training(Path(folder) / "run", data, f"--recipe={recipe}", "steps=10000000"))
        browser = stack.enter_context(launched())
        server, address = stack.enter_context(watching(run))
        time.sleep(seconds)
        for _ in range(rounds):
            speeds["alone"].append(_speed(run, seconds))
            page = browser.new_page()
            page.goto(address)
            page.wait_for_function(f"() => {READY}")
            time.sleep(3)
            begin, before = time.monotonic(), _processor_seconds(server)
            speeds["watched"].append(_speed(run, seconds))
            passed, after = time.monotonic() - begin, _processor_seconds(server)
            for name, share in shares.items():
                share.append(round((after[name] - before[name]) / passed, 4))
            page.close()
            time.sleep(1)
    medians = {side: statistics.median(values) for side, values in speeds.items()}
    change = medians["alone"] / medians["watched"] - 1
    return {
        "data": data,
        "recipe": recipe,
        "steps_per_second": speeds,
        "median": medians,
        "step_time_change": change,
        "share_of_a_core": shares,
    }


def _processor_seconds(server: int) -> dict[str, float]:
    """Processor time so far of ``gannet watch`` and of all processes of the browser."""
    seconds = {"server": 0.0, "browser": 0.0}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command, fields = (folder / "comm").read_text(), (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended
            continue
        name = "server" if int(folder.name) == server else "browser" if command.startswith("chrom") else ""
        if name:
            seconds[name] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def _speed(run: Path, seconds: float) -> float:
    steps, times = Run(run).terms()["steps_per_second"][0], _seconds(run)
    begin = len(times)
    time.sleep(seconds)
    steps, times = Run(run).terms()["steps_per_second"][0], _seconds(run)
    return float((steps[-1] - steps[begin - 1]) / (times[-1] - times[begin - 1]))


def _seconds(run: Path) -> list[float]:
    return [event.seconds or 0.0 for event in Run(run).events() if event.kind == "terms"]


def history(steps: int = 50_000) -> dict[str, Any]:
    """Time from the request until charts and canvas are drawn, three times, each in a new tab."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "run"
        subprocess.run(
            [*GANNET, "train", "ring", "--recipe=gan-deep", f"--steps={steps}", "--quiet", f"--out={folder}"],
            check=True,
        )
        _, address = stack.enter_context(watching(folder))
        browser = stack.enter_context(launched())
        times, heaps = [], []
        for _ in range(3):
            page = browser.new_page()
            begin = time.monotonic()
            page.goto(address)
            page.wait_for_function(f"() => {READY} && {CHARTED}")
            times.append(round(time.monotonic() - begin, 2))
            heaps.append(round(heap_megabytes(page), 1))
            page.close()
    return {"steps": steps, "seconds": times, "heap_megabytes": heaps}


def soak(minutes: float = 30) -> dict[str, Any]:
    """Memory once a minute during live training of 60 steps per second with an open page."""
    rows = []
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        run = stack.enter_context(training(Path(folder) / "run", "ring", "--recipe=gan-deep", "steps=10000000"))
        submit(run, "speed", {"steps_per_second": 60.0})
        server, address = stack.enter_context(watching(run))
        page = stack.enter_context(launched()).new_page()
        errors: list[str] = []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(address)
        page.wait_for_function(f"() => {READY} && {CHARTED}")
        begin = time.monotonic()
        for minute in range(int(minutes) + 1):
            time.sleep(max(0.0, begin + 60 * minute - time.monotonic()))
            shown = int(page.evaluate(READY))
            rows.append(
                {
                    "minute": minute,
                    "step": newest_step(run),
                    "shown": shown,
                    "server": megabytes(server),
                    "page": heap_megabytes(page),
                }
            )
            print(rows[-1], flush=True)
        assert errors == [], errors
    return {"minutes": minutes, "memory_megabytes": rows}


def main(mode: str, *words: str) -> None:
    found = {"attached": attached, "history": history, "soak": soak}[mode](
        *(float(w) if w.isdigit() else w for w in words)
    )
    print(json.dumps(found, indent=1))
    (HERE / "results" / f"watching-{mode}.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
