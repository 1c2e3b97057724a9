"""The clock jumps, the machine sleeps, Ctrl-C is pressed again, the environment is bare."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.warm import COMMAND

from gannet import cli
from gannet.runs.reader import Run
from gannet.training import checkpoint

SMALL = "train ring --recipe gan hidden=8 batch_size=8 checkpoint.every=10 frames.every=10 health.every=5 --out run"
ODD_CLOCK = """
import sys, time
real, calls = time.time, [0]
def odd():
    calls[0] += 1
    return {now}
time.time = odd
from gannet.__main__ import main
sys.argv = ["gannet", *"{words}".split()]
main()
"""
CLOCKS = {
    "1970": "float(calls[0] % 7)",
    "back and forth by a day": "real() - 86400 * (calls[0] % 2)",
    "2100": "real() + 75 * 365.25 * 86400",
}
YEARS = {"1970": 0, "2100": 4_102_444_800}


@pytest.mark.parametrize(
    "clock", [name if name == "1970" else pytest.param(name, marks=pytest.mark.slow) for name in CLOCKS]
)
def test_an_odd_clock_changes_no_order_and_gives_no_negative_time(gannet, folder, clock, capsys):
    answer = gannet("-c", ODD_CLOCK.format(now=CLOCKS[clock], words=f"{SMALL} --steps 20"))
    assert answer.status == 0, answer.err
    events = Run(folder / "run").events()
    assert [event.step for event in events] == sorted(event.step for event in events)
    seconds = [event.seconds for event in events if event.seconds is not None]
    assert seconds == sorted(seconds)
    assert seconds[0] >= 0
    answer = gannet("-c", ODD_CLOCK.format(now=CLOCKS[clock], words="resume run --steps 30"))
    assert answer.status == 0, answer.err
    for year in YEARS.values():
        os.utime(folder / "run" / "events.jsonl", (year, year))
        assert cli.run(["status", str(folder), "--json"]) == 0
        [row] = json.loads(capsys.readouterr().out)
        assert row["state"] == "finished"
        assert row["seconds_ago"] is None or row["seconds_ago"] >= 0


def wait_for(path: Path) -> None:
    end = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_stopped_machine_continues(begin, folder):
    """SIGSTOP is what a sleeping laptop or a batch system's suspension looks like."""
    process = begin(*SMALL.split(), "--steps", "200")
    wait_for(folder / "run/checkpoints/step-000000010")
    process.send_signal(signal.SIGSTOP)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGCONT)
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert checkpoint.newest_step(folder / "run/checkpoints") == 200


SLOW_RECIPE = """
import time
from pathlib import Path
import gannet
from gannet.losses.non_saturating import NonSaturating
from gannet.recipes.gan import gan


class Slow(NonSaturating):
    calls = 0

    def generator(self, fake, real):
        Slow.calls += 1
        if Slow.calls == 4 and not Path("asleep").exists():
            Path("asleep").touch()
            time.sleep(1)
        return super().generator(fake, real)


@gannet.recipe(kind="points")
def slow(form, *, steps: int = 1000, batch_size: int = 8, hidden: int = 8) -> gannet.Experiment:
    return gan(form, steps=steps, batch_size=batch_size, hidden=hidden, loss=Slow())
"""


@pytest.mark.parametrize(
    ("times", "status"),
    [pytest.param(1, 130, marks=pytest.mark.slow), pytest.param(2, 130, marks=pytest.mark.slow), (3, -signal.SIGINT)],
)
def test_ctrl_c_once_twice_three_times(gannet, begin, folder, times, status):
    """Within one step: a checkpoint after the step, the same, an immediate end. Nothing half-written is left."""
    (folder / "slow.py").write_text(SLOW_RECIPE)
    process = begin("train", "ring", "--recipe", "slow.py", "checkpoint.every=1", "frames.every=0", "--out", "run")
    wait_for(folder / "asleep")
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, err = process.communicate()
    assert process.returncode == status, err
    assert "Traceback" not in err
    kept = checkpoint.newest_first(folder / "run/checkpoints")
    assert [checkpoint.problems(path) for path in kept] == [[]] * len(kept)
    if status == 130:
        assert f"Step {int(kept[0].name[5:])} is saved" in err
    assert not list((folder / "run/checkpoints").glob("*tmp*"))
    step = int(kept[0].name[5:])
    answer = gannet("resume", "run", "--recipe", "slow.py", "--steps", step + 1)
    assert answer.status == 0, answer.err


BARE = """
import os, resource, sys, tempfile
os.environ.pop("HOME", None)
os.environ.pop("GANNET_CACHE", None)
os.environ["TMPDIR"], tempfile.tempdir = "/nowhere", None
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
from gannet.__main__ import main
sys.argv = ["gannet", *"{words}".split()]
main()
"""


def test_a_bare_environment_trains(gannet, folder):
    """No HOME, no folder for temporary files, 40 descriptors."""
    answer = gannet("-c", BARE.format(words=f"{SMALL} --steps 20"))
    assert answer.status == 0, answer.err


@pytest.mark.slow
def test_a_bare_environment_from_the_first_byte(folder):
    """The installed command without any variable but the C locale."""
    for words in ([*SMALL.split(), "--steps", "3"], ["measure", "run", "--metrics", "modes"], ["status", "."]):
        done = subprocess.run([COMMAND, *words], cwd=folder, env={"LC_ALL": "C"}, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
