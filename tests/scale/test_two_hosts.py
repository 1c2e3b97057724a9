"""Two network namespaces stand in for two hosts: two ranks train over a virtual cable between them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from safetensors.torch import load_file
from support.many_processes import gannet
from support.slow_cable import SlowCable

pytestmark = pytest.mark.slow

KEYS = ["--recipe", "gan", "batch_size=48", "checkpoint.every=50", "frames.every=0", "health.every=0", "--steps", "100"]
ADDRESSES = ("10.77.0.1", "10.77.0.2")
CABLE = "cable"
"""Name of both ends, each in its namespace."""
DELAY = 0.005
"""Seconds that a packet takes over the slow cable."""


def ip(*words: str) -> None:
    try:
        done = subprocess.run(["ip", *words], capture_output=True, text=True, timeout=30)
    except FileNotFoundError:
        pytest.skip("the command ip is not installed (Debian: iproute2)")
    if done.returncode:
        pytest.skip(f"network namespaces need root and its capabilities: ip {' '.join(words)}: {done.stderr.strip()}")


@pytest.fixture
def namespaces() -> Iterator[list[str]]:
    """Two, connected with nothing."""
    names = [f"gannet-{os.getpid()}-{letter}" for letter in "ab"]
    try:
        for name in names:
            ip("netns", "add", name)
        yield names
    finally:
        for name in names:
            subprocess.run(["ip", "netns", "delete", name], capture_output=True, timeout=30)


def connect(namespaces: list[str]) -> None:
    """Give both ends of the cable an address."""
    for name, address in zip(namespaces, ADDRESSES, strict=True):
        ip("-n", name, "address", "add", f"{address}/24", "dev", CABLE)
        for device in ("lo", CABLE):
            ip("-n", name, "link", "set", device, "up")


@pytest.fixture
def hosts(namespaces) -> list[str]:
    """Two namespaces, connected with each other and with nothing else."""
    ip("-n", namespaces[0], "link", "add", CABLE, "type", "veth", "peer", "name", CABLE, "netns", namespaces[1])
    connect(namespaces)
    return namespaces


@pytest.fixture
def slow_cable(namespaces) -> Iterator[SlowCable]:
    """Between the namespaces: 5 ms in each direction, and one packet of 100 is lost."""
    names = (f"gan{os.getpid()}a", f"gan{os.getpid()}b")
    try:
        cable = SlowCable(names, delay=DELAY, loss=0.01)
    except OSError as error:
        pytest.skip(f"TUN devices need root and /dev/net/tun: {error}")
    try:
        for name, namespace in zip(names, namespaces, strict=True):
            ip("link", "set", name, "netns", namespace, "name", CABLE)
        connect(namespaces)
        cable.start()
        yield cable
    finally:
        cable.close()


def train(environment: dict[str, str], folder: Path, hosts: list[str], *keys: str) -> None:
    """One rank on each host, which torchrun connects at the address of the first."""
    processes = [
        subprocess.Popen(
            [
                *("ip", "netns", "exec", host, sys.executable, "-m", "torch.distributed.run"),
                *("--nnodes=2", "--nproc-per-node=1", f"--node-rank={rank}"),
                *(f"--master-addr={ADDRESSES[0]}", "--master-port=29511"),
                *("-m", "gannet", "train", "ring", *KEYS, "--out", "run", *keys),
            ],
            cwd=folder,
            env=environment | {"GLOO_SOCKET_IFNAME": CABLE, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank, host in enumerate(hosts)
    ]
    try:
        said = [process.communicate(timeout=600)[1] for process in processes]
    finally:
        for process in processes:
            process.kill()
    assert [process.returncode for process in processes] == [0, 0], said


def last(run: Path) -> dict[str, object]:
    folder = run / "checkpoints/step-000000100"
    return {
        f"{file}/{name}": tensor
        for file in ("model", "average", "optimizers")
        for name, tensor in load_file(folder / f"{file}.safetensors").items()
    }


def require_equal(one: Path, other: Path) -> None:
    there, here = last(one), last(other)
    assert there.keys() == here.keys()
    assert all(here[name].equal(there[name]) for name in there)


def received(host: str) -> int:
    """Bytes that arrived over the cable."""
    counter = f"/sys/class/net/{CABLE}/statistics/rx_bytes"
    done = subprocess.run(["ip", "netns", "exec", host, "cat", counter], capture_output=True, text=True, timeout=30)
    return int(done.stdout)


def test_two_hosts_train_what_one_host_trains(environment, tmp_path, hosts):
    gannet(environment, tmp_path, "train", "ring", *KEYS, "--out", "here", "--devices", "2")
    train(environment, tmp_path, hosts)
    require_equal(tmp_path / "run", tmp_path / "here")
    parameters = sum(tensor.numel() for name, tensor in last(tmp_path / "run").items() if name.startswith("model/"))
    assert received(hosts[1]) > 100 * 4 * parameters / 2  # the gradients travelled over the cable


def test_shards_on_two_hosts(environment, tmp_path, hosts):
    gannet(environment, tmp_path, "train", "ring", *KEYS, "--out", "here", "--devices", "2")
    train(environment, tmp_path, hosts, "--shard")
    require_equal(tmp_path / "run", tmp_path / "here")


def shape(hosts: list[str], *words: str) -> None:
    """Set the queue of both ends of the cable."""
    for host in hosts:
        command = ("qdisc", "add", "dev", CABLE, "root", *words)
        done = subprocess.run(["tc", "-n", host, *command], capture_output=True, text=True, timeout=30)
        if done.returncode:
            pytest.skip(f"this kernel cannot: tc {' '.join(command)}: {done.stderr.strip()}")


def lost(host: str) -> int:
    """Packets that the queue of a host dropped."""
    done = subprocess.run(["tc", "-n", host, "-s", "qdisc", "show", "dev", CABLE], capture_output=True, text=True)
    return int(done.stdout.partition("dropped ")[2].partition(",")[0])


def test_a_cable_with_a_short_queue_changes_time_only(environment, tmp_path, hosts):
    gannet(environment, tmp_path, "train", "ring", *KEYS, "--out", "here", "--devices", "2")
    shape(hosts, "tbf", "rate", "4mbit", "burst", "4kb", "limit", "6kb")
    train(environment, tmp_path, hosts)
    require_equal(tmp_path / "run", tmp_path / "here")
    assert max(map(lost, hosts)) > 0


def round_trip(host: str, address: str) -> float:
    """Seconds until a host refuses a connection."""
    program = (
        "import socket, sys, time\nbegan = time.perf_counter()\ntry:\n    socket.create_connection((sys.argv[1], 9))\n"
        "except ConnectionRefusedError:\n    print(time.perf_counter() - began)"
    )
    words = ["ip", "netns", "exec", host, sys.executable, "-c", program, address]
    return float(subprocess.run(words, capture_output=True, text=True, timeout=60, check=True).stdout)


def test_delay_and_loss_change_time_only(environment, tmp_path, namespaces, slow_cable):
    gannet(environment, tmp_path, "train", "ring", *KEYS, "--out", "here", "--devices", "2")
    assert round_trip(namespaces[0], ADDRESSES[1]) > 2 * DELAY
    train(environment, tmp_path, namespaces)
    require_equal(tmp_path / "run", tmp_path / "here")
    assert slow_cable.carried > 1000
    assert slow_cable.lost > 10
