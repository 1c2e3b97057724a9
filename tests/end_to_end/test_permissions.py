"""The installed command where it may not read or write: one sentence that names the place, and nothing is left."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from PIL import Image
from support.unprivileged import drop_overrides, obeys_permissions
from support.warm import COMMAND

UNREADABLE, UNWRITABLE = 0o000, 0o500


@pytest.fixture
def unprivileged(folder, environment):
    """``unprivileged("train", "ring")``: exit status and standard error of the command."""
    if not obeys_permissions(folder):
        pytest.skip("this machine gives no process that obeys the permissions of files")

    def call(*words: object) -> tuple[int, str]:
        done = subprocess.run(
            [str(COMMAND), *map(str, words)],
            cwd=folder,
            env=environment,
            preexec_fn=drop_overrides,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return done.returncode, done.stderr + done.stdout

    return call


def listing(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_permission_is_named(unprivileged, folder):
    for name in ("a", "b"):
        Image.new("L", (8, 8)).save(folder / f"{name}.png")
    (folder / "b.png").chmod(UNREADABLE)
    before = listing(folder)
    status, said = unprivileged("train", ".", "--out", "run")
    assert status == 2
    assert "b.png: cannot be read (Permission denied)" in said
    assert len(said.splitlines()) == 1
    assert listing(folder) == before


OPENED = {
    "a folder of images": (["data", "info", "images"], "images"),
    "a table": (["data", "info", "table.csv"], "table.csv"),
    "a folder in a folder of images": (["train", "images", "--out", "run"], "images/more"),
    "a folder for the run": (["train", "ring", "--steps", "2", "--out", "locked/run"], "locked"),
    "a folder for the run's folder": (["train", "ring", "--steps", "2", "--out", "locked/new/run"], "locked"),
    "a folder for shards": (["data", "prepare", "digits", "-o", "locked/shards"], "locked"),
}


@pytest.mark.parametrize("case", OPENED)
def test_a_place_without_permission_is_one_sentence(unprivileged, folder, case):
    words, place = OPENED[case]
    (folder / "images" / "more").mkdir(parents=True)
    (folder / "locked").mkdir()
    (folder / "table.csv").write_text("1,2\n" * 50)
    for path in (folder / "images" / "a.png", folder / "images" / "more" / "b.png"):
        Image.new("L", (8, 8)).save(path)
    before = listing(folder)
    mode = (folder / place).stat().st_mode
    (folder / place).chmod(UNWRITABLE if place == "locked" else UNREADABLE)
    status, said = unprivileged(*words)
    (folder / place).chmod(mode)
    assert status == 2
    assert "ermission denied" in said
    assert place in said
    assert "images" not in place or "Allow reading it (chmod -R u+rX)" in said
    assert len(said.splitlines()) == 1, said
    assert listing(folder) == before


VERBS = {
    "sample": ["sample", "run", "-o", "run/samples.png"],
    "measure": ["measure", "run", "--metrics", "w1", "--samples", "50"],
    "report": ["report", "run"],
    "resume": ["resume", "run", "--steps", "320"],
    "stop": ["stop", "run"],
}
READ = {
    "status": ["status", "."], "doctor": ["doctor", "run"], "table": ["table", "run"], "clean": ["clean", "."],
    "watch": ["watch", "run", "--terminal"], "fork": ["train", "run@100", "--out", "fork", "--steps", "110"],
}  # fmt: skip


@pytest.mark.parametrize("verb", VERBS)
def test_a_run_that_cannot_be_written(unprivileged, folder, trained, verb):
    run = trained("points", folder / "run")
    places = [run, *(path for path in run.rglob("*") if path.is_dir())]
    for path in run.rglob("*"):
        path.chmod(UNWRITABLE if path.is_dir() else 0o400)
    run.chmod(UNWRITABLE)
    before = listing(folder)
    status, said = unprivileged(*VERBS[verb])
    for path in places:
        path.chmod(0o700)
    assert status == 2, said
    assert listing(folder) == before
    assert "run" in said


def test_a_run_whose_checkpoints_cannot_be_listed_does_not_start_again(unprivileged, folder, trained):
    """They can be written, as after a mistake with chmod or on a network disk that fails: none would be found."""
    run = trained("points", folder / "run")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    (run / "checkpoints").chmod(0o300)
    status, said = unprivileged("resume", "run", "--steps", "320")
    (run / "checkpoints").chmod(0o700)
    assert status == 2
    assert "checkpoints cannot be read (Permission denied)" in said
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("hidden", ["run", "run/checkpoints", "run/run.json", "run/events.jsonl"])
@pytest.mark.parametrize("verb", READ)
def test_a_run_that_cannot_be_read(unprivileged, folder, trained, verb, hidden):
    run = trained("points", folder / "run")
    before = listing(folder)
    mode = (folder / hidden).stat().st_mode
    (folder / hidden).chmod(UNREADABLE)
    status, said = unprivileged(*READ[verb])
    (folder / hidden).chmod(mode)
    assert status in (0, 2), said
    if status == 2:
        # A run that may not be searched is not a run for a command; the scores of `table` are in another file.
        assert any(words in said for words in ("ermission", "not a run", "no runs", "not readable", "score", "exist"))
        assert listing(folder) == before
    assert run.is_dir()


def test_a_checkpoint_of_a_run_that_cannot_be_searched_is_not_taken_for_data(unprivileged, folder, trained):
    trained("points", folder / "run")
    (folder / "run").chmod(UNREADABLE)
    for words in (["train", "run@100", "--out", "fork"], ["sample", "run@best", "-o", "x.npz"]):
        status, said = unprivileged(*words)
        assert status == 2
        assert said == "gannet: run cannot be searched: permission denied. Allow it (chmod u+x).\n"
    (folder / "run").chmod(0o755)


def test_a_run_that_may_not_be_searched_for_a_while_trains_on(folder, environment, unprivileged):
    """It is not taken for one that was deleted."""
    words = "train ring --recipe gan hidden=8 batch_size=8 checkpoint.every=40 health.every=0 --steps 3000 --out run"
    process = subprocess.Popen(
        [COMMAND, *words.split()],
        cwd=folder,
        env=environment,
        preexec_fn=drop_overrides,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 120
    while not (folder / "run/checkpoints/step-000000040").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    (folder / "run").chmod(UNREADABLE)
    time.sleep(1.0)
    (folder / "run").chmod(0o755)
    said = process.communicate(timeout=240)[1]
    assert process.returncode == 0, said
    assert "Permission denied" in said
    assert "Traceback" not in said
    assert "Step 3000 is saved." in said
