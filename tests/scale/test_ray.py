"""``gannet compare --on ray`` on real clusters: the tensors of ``--jobs 1``, whatever is killed or interrupted."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file
from support.many_processes import GANNET, gannet
from support.ray_cluster import Cluster, kill_tree, named
from support.unhurried import UNHURRIED

from gannet.runs.reader import Run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not importlib.util.find_spec("ray"), reason="pip install 'ray[client]', as make test-scale does"
    ),
]

WORDS = (
    "compare ring --recipes unhurried.py,ragan --seeds 0,1 --steps 150 --samples 200 --metrics w1 "
    "batch_size=32 checkpoint.every=10"
).split()
RUNS = [f"{recipe}/seed-{seed}" for recipe in ("unhurried", "ragan") for seed in (0, 1)]


@pytest.fixture(scope="module")
def folder(environment, tmp_path_factory) -> Path:
    """With the comparison by one process in ``alone``, and ``there`` for others."""
    folder = tmp_path_factory.mktemp("ray")
    (folder / "unhurried.py").write_text(UNHURRIED)
    (folder / "there").mkdir()
    gannet(environment, folder, *WORDS, "--jobs", "1", "--out", "alone")
    return folder


@pytest.fixture(scope="module")
def cluster(environment, folder) -> Iterator[Cluster]:
    cluster = Cluster(environment, folder, folder / "there")
    yield cluster
    cluster.close()


def begin(environment: dict[str, str], folder: Path, *words: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*GANNET, *WORDS, "--json", *words],
        cwd=folder,
        env=environment | {"OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=(folder / "said").open("w"),
        text=True,
        start_new_session=True,
    )


def end(process: subprocess.Popen, folder: Path) -> str:
    """Wait for a comparison that must be complete. Returns what it said."""
    out, _ = process.communicate(timeout=900)
    said = (folder / "said").read_text()
    assert process.returncode == 0, said
    assert json.loads(out)["complete"]
    return said


def wait_until(holds: Callable[[], object]) -> None:
    limit = time.monotonic() + 400
    while not holds():
        assert time.monotonic() < limit
        time.sleep(0.1)


def wait_for_steps(folder: Path, steps: int) -> None:
    """Of any run that this machine sees."""
    wait_until(lambda: list(folder.glob(f"**/seed-*/checkpoints/step-{steps:09d}")))


def weights(comparison: Path) -> dict[str, object]:
    return {
        f"{run}/{file}/{name}": tensor
        for run in RUNS
        for file in ("model", "average", "optimizers")
        for name, tensor in load_file(comparison / run / f"checkpoints/step-000000150/{file}.safetensors").items()
    }


def scores(comparison: Path) -> list[object]:
    document = json.loads((comparison / "compare.json").read_text())
    return [[card["value"] for card in run["cards"]] for recipe in document["recipes"] for run in recipe["runs"]]


def require_equal(comparison: Path, alone: Path) -> None:
    here, there = weights(comparison), weights(alone)
    assert here.keys() == there.keys()
    assert all(tensor.equal(there[name]) for name, tensor in here.items())
    assert scores(comparison) == scores(alone)


def test_a_local_cluster_loses_a_worker(environment, folder):
    process = begin(environment | {"RAY_worker_niceness": "0"}, folder, "--on", "ray", "--out", "local")
    try:
        wait_for_steps(folder / "local", 20)
        os.kill(named(process.pid, "ray::run_task")[0], signal.SIGKILL)
        said = end(process, folder)
    finally:
        kill_tree(process)
    assert "its worker was lost" in said
    require_equal(folder / "local", folder / "alone")


@pytest.mark.parametrize("way", ["address", "client"])
def test_a_cluster_that_loses_workers_is_interrupted(folder, cluster, way):
    address = cluster.address if way == "address" else cluster.client_address
    words, out = ("--on", address, "--out", f"there/{way}"), folder / "there" / way
    process = begin(cluster.environment, folder, *words)
    try:
        wait_for_steps(out, 20)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=400)
        said = (folder / "said").read_text()
        assert process.returncode == 128 + signal.SIGINT
        assert "The same command continues from here" in said
        assert "Traceback" not in said
        # A run of ragan, which is fast, may have ended.
        reached = [int(path.name[5:]) for path in out.glob("unhurried/seed-*/checkpoints/step-*")]
        assert max(reached) < 150
        kinds = [{event.kind for event in Run(run).events()} for run in out.glob("unhurried/seed-*")]
        assert any("stop" in seen for seen in kinds), "no run ended with a checkpoint of the interruption"

        process = begin(cluster.environment, folder, *words)
        wait_for_steps(out / "unhurried", max(reached) // 10 * 10 + 20)
        os.kill(cluster.processes("ray::run_task")[0], signal.SIGKILL)
        os.kill(cluster.processes("ray::Board")[0], signal.SIGKILL)
        assert "continues" in end(process, folder)
    finally:
        kill_tree(process)
    require_equal(out, folder / "alone")


def test_a_cluster_that_loses_a_node(folder, cluster):
    process = begin(cluster.environment, folder, "--on", cluster.address, "--out", "there/node")
    try:
        wait_until(lambda: named(cluster.nodes[1].pid, "ray::run_task"))
        wait_for_steps(folder / "there/node", 20)
        cluster.lose(1)
        end(process, folder)
    finally:
        kill_tree(process)
    require_equal(folder / "there/node", folder / "alone")


def test_no_cluster(environment, folder):
    process = begin(environment, folder, "--on", "127.0.0.1:1", "--out", "none")
    process.communicate(timeout=400)
    said = (folder / "said").read_text()
    assert process.returncode == 2
    assert "--on 127.0.0.1:1: cannot connect to Ray" in said
    assert "Traceback" not in said
