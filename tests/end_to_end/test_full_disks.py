"""A disk without space or without inodes: real small disks in a mount namespace, and the check before training."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.real_runs import SMALL, Person, train

from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.errors import UserError
from gannet.sessions.space import in_units
from gannet.sessions.train import start

TESTS = Path(__file__).parent.parent
SCRIPT = """
import json, sys
from pathlib import Path
from support.real_runs import SMALL, Person
from gannet.cli.progress import TerminalReporter
from gannet.cli.train import conclude
from gannet.config.plan import DEFAULT_FLAGS, plan
from gannet.runs.reader import Run
from gannet.sessions.train import start

disk, what, freed = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "freed"
said = []

class Heard(Person):
    def warned(self, sentence):
        said.append(sentence)

def fill():
    for number in range(100_000):
        try:
            with (disk / f"filler-{number}").open("wb") as file:
                if what == "space":
                    file.write(bytes(4096))
        except OSError:
            return

def free():
    for path in disk.glob("filler-*"):
        path.unlink()

script = {25: [fill]} | ({45: [free]} if freed else {})
keys = SMALL | {"checkpoint.every": 10, "health.every": 0}
planned = plan("ring", recipe="gan", given=keys, flags=DEFAULT_FLAGS | {"seed": 7})
outcome = start(planned, disk / "run", Heard(script))
reporter = TerminalReporter()
status = conclude(reporter, outcome)
(steps,) = [sorted(int(p.name[5:]) for p in (disk / "run" / "checkpoints").glob("step-*"))]
temporary = [str(p) for p in disk.rglob("*.tmp-*")]
print(json.dumps({"step": outcome.step, "saved": outcome.saved, "status": status, "steps": steps, "said": said,
                  "temporary": temporary, "last": Run(disk / "run").events()[-1].kind}))
"""


def on_a_small_disk(tmp_path: Path, what: str, freed: bool) -> dict:
    (tmp_path / "disk").mkdir()
    (tmp_path / "script.py").write_text(SCRIPT)
    mount = f"mount -t tmpfs -o size=2m,nr_inodes={90 if what == 'inodes' else 5000} none {tmp_path}/disk"
    program = f"{sys.executable} {tmp_path}/script.py {tmp_path}/disk {what} {'freed' if freed else 'full'}"
    environment = os.environ | {"PYTHONPATH": f"{TESTS}:{TESTS.parent / 'src'}", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["unshare", "-rm", "bash", "-c", f"{mount} || exit 99; exec {program}"],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    if done.returncode == 99 or "unshare" in done.stderr:
        pytest.skip("this machine does not let a test mount a small disk")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]) | {"stderr": done.stderr}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["space", "inodes"])
def test_training_continues_on_a_full_disk_and_saves_again(tmp_path, what):
    found = on_a_small_disk(tmp_path, what, freed=True)
    assert (found["step"], found["saved"], found["status"], found["last"]) == (60, 60, 0, "finish")
    assert found["temporary"] == []
    assert any("The checkpoint of step 30 was not written" in sentence for sentence in found["said"])
    assert set(found["steps"]) == {10, 20, 50, 60}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["space", "inodes"])
def test_a_disk_that_stays_full_is_said_with_the_step_that_is_saved(tmp_path, what):
    found = on_a_small_disk(tmp_path, what, freed=False)
    assert (found["step"], found["saved"], found["status"]) == (60, 20, 4)
    assert found["temporary"] == []
    assert "Step 60 is not saved: the newest checkpoint is of step 20." in found["stderr"]
    unwritten = [sentence for sentence in found["said"] if "was not written" in sentence or "in a row" in sentence]
    steps = [sentence.partition("of step ")[2][:16] for sentence in unwritten]
    assert steps == ["30 was not writt", "40 (2 in a row) ", "60 (4 in a row) "]
    assert what == "inodes" or all("not written: No space left on device. Earl" in sentence for sentence in unwritten)


class Disk:
    f_frsize, f_files = 4096, 1000

    def __init__(self, blocks: int, files: int = 1000) -> None:
        self.f_bavail, self.f_favail = blocks, files


@pytest.mark.parametrize(
    ("disk", "sentence"),
    [
        (Disk(2), "has 8.2 kB free, and this run writes about"),
        (Disk(10**6, files=3), "has room for 3 more files"),
    ],
)
def test_a_disk_without_room_is_refused_before_anything_is_made(tmp_path, monkeypatch, disk, sentence):
    monkeypatch.setattr(os, "statvfs", lambda path: disk)
    planned = plan("ring", recipe="gan", given=SMALL, flags=DEFAULT_FLAGS)
    with pytest.raises(UserError, match=sentence):
        start(planned, tmp_path / "run", Person())
    assert list(tmp_path.iterdir()) == []


def test_the_estimate_is_close_to_what_is_written(tmp_path, monkeypatch, capsys):
    from gannet.sessions import train as session

    seen = []
    monkeypatch.setattr(session, "require_room", lambda path, writes, warn: seen.append(writes))
    train(tmp_path / "run", **SMALL)
    (writes,) = seen
    [folder, *_] = (tmp_path / "run" / "checkpoints").iterdir()
    written = sum(path.stat().st_size for path in folder.iterdir() if path.suffix == ".safetensors")
    assert 0.5 * written < writes.checkpoint_bytes < 1.2 * written
    assert (writes.checkpoints, writes.frames) == (5, 7)
    assert in_units(1_234_567) == "1.2 MB"
