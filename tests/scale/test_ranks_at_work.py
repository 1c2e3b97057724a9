"""Several processes under torchrun and ``--devices``: what happens when one is killed, stopped, or not repeated."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file
from support.many_processes import GANNET, TORCHRUN, compared, gannet
from support.recipe_cases import CASES
from support.unhurried import UNHURRIED

pytestmark = pytest.mark.slow

KEYS = ["--recipe", "gan", "batch_size=48", "checkpoint.every=20", "frames.every=0", "health.every=0"]


def last(run: Path) -> dict[str, object]:
    [*_, newest] = sorted((run / "checkpoints").glob("step-*"))
    assert newest.name == "step-000000200"
    return {
        f"{file}/{name}": tensor
        for file in ("model", "average", "optimizers")
        for name, tensor in load_file(newest / f"{file}.safetensors").items()
    }


def equal(one: Path, other: Path) -> bool:
    there, here = last(one), last(other)
    return there.keys() == here.keys() and all(here[name].equal(there[name]) for name in there)


@pytest.fixture(scope="module")
def uninterrupted(environment, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    gannet(environment, folder, "train", "ring", *KEYS, "--steps", "200", "--out", "run", "--devices", "2")
    return folder / "run"


def rank_of(process: Path) -> str | None:
    words = process.joinpath("environ").read_bytes().split(b"\0")
    return next((word[5:].decode() for word in words if word.startswith(b"RANK=")), None)


def workers(parent: int) -> dict[str | None, int]:
    """Rank -> process id."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True)
    return {rank_of(Path("/proc", pid)): int(pid) for pid in found.stdout.split()}


@pytest.mark.parametrize(("victim", "more"), [("0", []), ("1", []), ("1", ["--shard"])])
def test_torchrun_restarts_after_a_kill_and_nothing_is_lost(environment, tmp_path, uninterrupted, victim, more):
    (tmp_path / "unhurried.py").write_text(UNHURRIED)
    keys = ["--recipe", "unhurried.py", *KEYS[2:]]
    words = ["2", "--max-restarts", "2", "-m", "gannet", "train", "ring", *keys, "--steps", "200", "--out", "run"]
    with (tmp_path / "said").open("w+") as said:
        process = subprocess.Popen([*TORCHRUN, *words, "--resume", *more], cwd=tmp_path, env=environment, stderr=said)
        end = time.monotonic() + 120
        while not (tmp_path / "run/checkpoints/step-000000020").is_dir() and time.monotonic() < end:
            time.sleep(0.02)
        there = workers(process.pid)
        killed_at = time.monotonic()
        os.kill(there[victim], signal.SIGKILL)
        survivor = Path("/proc", str(there["1" if victim == "0" else "0"]))
        while survivor.exists():
            time.sleep(0.02)
        assert time.monotonic() - killed_at < 10
        assert process.wait(240) == 0
        text = Path(said.name).read_text()
    assert text.count("another process of this training has ended") == 1
    assert "cannot connect" not in text
    assert equal(tmp_path / "run", uninterrupted)


def test_another_number_of_processes_continues(environment, tmp_path, uninterrupted):
    gannet(environment, tmp_path, "train", "ring", *KEYS, "--steps", "100", "--out", "half", "--devices", "2")
    expected = last(uninterrupted)
    for count in ("1", "2", "3"):
        shutil.copytree(tmp_path / "half", tmp_path / count)
        gannet(environment, tmp_path, "resume", count, "--steps", "200", "--devices", count)
        for name, tensor in last(tmp_path / count).items():
            if count == "2":
                assert tensor.equal(expected[name])
            else:
                # Rounding: the differences in float64 are those of tests/unit/test_ranks.py.
                distance = (tensor.double() - expected[name].double()).norm()
                assert name.startswith("optimizers") or distance <= 5e-3 * expected[name].double().norm(), name


def test_a_signal_stops_all_with_a_checkpoint(environment, tmp_path):
    words = ["train", "ring", *KEYS, "--steps", "1000000", "--out", "run", "--devices", "2"]
    process = subprocess.Popen([*GANNET, *words], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run/checkpoints/step-000000020").is_dir():
        time.sleep(0.02)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "Stopped by SIGTERM. Step" in said
    assert "is saved" in said


def test_a_repeated_command_does_not_begin_another_run(environment, tmp_path):
    words = ["train", "ring", *KEYS, "--steps", "5"]
    restarted = environment | {"TORCHELASTIC_RESTART_COUNT": "1"}
    done = subprocess.run([*GANNET, *words], cwd=tmp_path, env=restarted, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "Add --out DIR --resume" in done.stderr
    assert not (tmp_path / "runs").exists()


def test_two_processes_train_every_recipe_as_one_does(environment):
    """Three steps in float64."""
    cases = [":".join(case) for case in CASES if case[0] != "super-resolution"]  # its features are in float32
    results = compared(environment, "spread_recipes", "3", *cases)
    assert len(results) == len(cases)
    for result in results:
        assert "refused" in result or (result["others"] == {} and result["ranks_equal"]), result
    refused = {result["case"].partition(":")[0] for result in results if "refused" in result}
    assert refused == {"cyclegan", "pacgan4", "semi-supervised", "text-to-image", "unrolled"}


SLOWER = "optimizer.generator.lr=1e-4,optimizer.discriminator.lr=1e-4"


def test_two_processes_train_200_steps_as_one_does(environment):
    """In float64. ``dcgan`` with its own learning rates amplifies even that rounding, as much in one process."""
    steady = ["gan:points", "wgan-gp:points", "particle-gan:points", "bigan:images", f"dcgan:images:{SLOWER}"]
    for result in compared(environment, "rounding_growth", "200", *steady):
        found = result["largest_and_median"]
        assert found["ranks"]["200"][0] < 1e-9, result
    [result] = compared(environment, "rounding_growth", "200", "dcgan:images")
    found = result["largest_and_median"]
    assert found["ranks"]["10"][0] < 1e-9
    for step, (largest, median) in found["ranks"].items():
        for alone in ("last bit", "reverse"):
            assert largest <= 20 * found[alone][step][0], (alone, step)
            assert median <= 20 * found[alone][step][1], (alone, step)
