"""Networks sharded over processes (``--shard``) train as whole ones, and one process reads their checkpoints."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from safetensors.torch import load_file
from support.many_processes import GANNET, compared, gannet
from support.recipe_cases import CASES

from gannet.runs.commands import submit

pytestmark = pytest.mark.slow

KEYS = ["--recipe", "wgan-gp", "batch_size=48", "checkpoint.every=20", "frames.every=10", "health.every=10"]


def tensors(run: Path, step: int) -> dict[str, object]:
    folder = run / f"checkpoints/step-{step:09d}"
    return {
        f"{file}/{name}": tensor
        for file in ("model", "average", "optimizers")
        for name, tensor in load_file(folder / f"{file}.safetensors").items()
    }


def equal(one: dict, other: dict) -> bool:
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


def vitals(run: Path) -> list[dict[str, float]]:
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    return [event["values"] for event in events if event["kind"] == "vitals"]


@pytest.fixture(scope="module")
def sharded(environment, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("sharded")
    gannet(environment, folder, "train", "ring", *KEYS, "--steps", "60", "--out", "run", "--devices", "2", "--shard")
    return folder / "run"


def test_shards_train_what_whole_networks_train(environment, tmp_path, sharded):
    gannet(environment, tmp_path, "train", "ring", *KEYS, "--steps", "60", "--out", "run", "--devices", "2")
    assert equal(tensors(sharded, 60), tensors(tmp_path / "run", 60))
    for one, other in zip(vitals(sharded), vitals(tmp_path / "run"), strict=True):
        assert one == pytest.approx(other, rel=1e-5)
    frames = [sorted((run / "frames").iterdir()) for run in (sharded, tmp_path / "run")]
    assert [frame.read_bytes() for frame in frames[0]] == [frame.read_bytes() for frame in frames[1]]


def test_any_number_of_processes_continues(environment, tmp_path, sharded):
    words = ["train", "ring", *KEYS, "--steps", "40", "--out", "half", "--devices", "2", "--shard"]
    gannet(environment, tmp_path, *words)
    expected = tensors(sharded, 60)
    for more in (["--devices", "2", "--shard"], ["--devices", "2"], ["--devices", "3", "--shard"], []):
        name = "run" + "".join(more)
        shutil.copytree(tmp_path / "half", tmp_path / name)
        gannet(environment, tmp_path, "resume", name, "--steps", "60", *more)
        found = tensors(tmp_path / name, 60)
        if "2" in more:
            assert equal(found, expected)
        for key, tensor in found.items():
            # Rounding: the differences in float64 are those of test_every_recipe.
            distance = (tensor.double() - expected[key].double()).norm()
            is_large = not key.startswith("optimizers") and key != "model/discriminator.head.bias"
            assert not is_large or distance <= 5e-3 * expected[key].double().norm(), (name, key)


def test_a_signal_stops_all_with_a_checkpoint(environment, tmp_path):
    words = ["train", "ring", *KEYS, "--steps", "1000000", "--out", "run", "--devices", "2", "--shard"]
    process = subprocess.Popen([*GANNET, *words], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run/checkpoints/step-000000020").is_dir():
        time.sleep(0.02)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert "--devices 2 --shard" in said
    assert "is saved" in said


def test_commands_that_read_whole_networks_are_refused(environment, tmp_path):
    words = ["train", "ring", *KEYS, "--steps", "1000000", "--out", "run", "--devices", "2", "--shard"]
    process = subprocess.Popen([*GANNET, *words], cwd=tmp_path, env=environment, stderr=subprocess.PIPE, text=True)
    while not (tmp_path / "run/checkpoints/step-000000020").is_dir():
        time.sleep(0.02)
    for name in ("pause", "snapshot"):
        submit(tmp_path / "run", name, {})
    end = time.monotonic() + 60
    while (tmp_path / "run/events.jsonl").read_text().count("are sharded") < 2 and time.monotonic() < end:
        time.sleep(0.05)
    process.terminate()
    process.communicate(timeout=60)
    events = [json.loads(line) for line in (tmp_path / "run/events.jsonl").read_text().splitlines()]
    refused = [event["text"] for event in events if event.get("outcome") == "refused"]
    assert len(refused) == 2
    assert all("needs whole networks" in text for text in refused)


def test_one_process_has_nothing_to_shard(environment, tmp_path):
    for more in ([], ["--devices", "1"]):
        words = ["train", "ring", "--recipe", "gan", "--shard", *more]
        done = subprocess.run([*GANNET, *words], cwd=tmp_path, env=environment, capture_output=True, text=True)
        assert done.returncode == 2
        assert "--shard needs several processes" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_every_recipe(environment):
    """Three steps in float64, sharded and whole on the same two ranks."""
    cases = [":".join(case) for case in CASES if case[0] != "super-resolution"]  # its features are in float32
    results = compared(environment, "sharded_recipes", "3", *cases)
    assert len(results) == len(cases)
    for result in results:
        whole = {"others": {}, "optimizers": pytest.approx(0, abs=1e-9)}
        assert "refused" in result or whole.items() <= result.items(), result
        assert "refused" in result or result["share"] < 0.65, result
    refused = {result["case"].partition(":")[0] for result in results if "refused" in result}
    assert refused == {"cyclegan", "pacgan4", "semi-supervised", "text-to-image", "unrolled"}
