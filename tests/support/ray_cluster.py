"""A Ray cluster of two nodes on this machine, and the processes below a process."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

RAY = [sys.executable, "-m", "ray.scripts.scripts"]


class Cluster:
    """Two nodes with one CPU each. The second does not see what is in ``hidden``, if this user may mount.

    Args:
        environment: of all processes.
        folder: for logs.
        hidden: an existing folder.
    """

    def __init__(self, environment: dict[str, str], folder: Path, hidden: Path) -> None:
        # Processes that this cluster starts are not slower than the command, and only who knows the token connects.
        self.environment = environment | {
            "RAY_worker_niceness": "0",
            "RAY_USAGE_STATS_ENABLED": "0",
            "RAY_AUTH_MODE": "token",
            "RAY_AUTH_TOKEN": secrets.token_hex(32),
            "OMP_NUM_THREADS": "1",
        }
        self._folder = folder
        port, client = _free_ports()
        host = _own_address()
        self.address, self.client_address = f"{host}:{port}", f"ray://{host}:{client}"
        self.nodes: list[subprocess.Popen] = []
        words = ["--head", f"--port={port}", f"--ray-client-server-port={client}", "--include-dashboard=false"]
        self._start([*RAY, "start", *words])
        _wait_for(host, port)
        _wait_for(host, client)
        second = [*RAY, "start", f"--address={self.address}"]
        mount = ["unshare", "--mount", "sh", "-c", f'mount -t tmpfs none "{hidden}" && exec "$@"', "sh"]
        self.hides = subprocess.run([*mount, "true"], capture_output=True).returncode == 0
        self._start([*mount, *second] if self.hides else second)

    def _start(self, words: list[str]) -> None:
        log = (self._folder / f"node-{len(self.nodes)}").open("wb")
        command = [*words, "--block", "--num-cpus=1"]
        self.nodes.append(
            subprocess.Popen(command, env=self.environment, stdout=log, stderr=log, start_new_session=True)
        )

    def processes(self, name: str) -> list[int]:
        """Workers of both nodes with this name, such as ``ray::run_task``."""
        return [pid for node in self.nodes for pid in named(node.pid, name)]

    def lose(self, number: int) -> None:
        """Kill a node with all its processes."""
        kill_tree(self.nodes.pop(number))

    def close(self) -> None:
        """Kill all nodes."""
        while self.nodes:
            self.lose(-1)


def named(parent: int, name: str) -> list[int]:
    """Processes below one whose command line begins with a name."""
    return [pid for pid in below(parent) if _command(pid).startswith(name)]


def below(parent: int) -> list[int]:
    """All processes that one has started, and those that they have started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(parent)], capture_output=True, text=True)
    children = [int(pid) for pid in found.stdout.split()]
    return children + [pid for child in children for pid in below(child)]


def kill_tree(process: subprocess.Popen) -> None:
    """Kill a process with all that it has started."""
    for pid in (process.pid, *below(process.pid)):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait()


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return ""


def _free_ports() -> list[int]:
    """Outside of the range of Ray's workers, 10002 to 19999."""
    with socket.socket() as one, socket.socket() as other:
        for each in (one, other):
            each.bind(("", 0))
        return [each.getsockname()[1] for each in (one, other)]


def _own_address() -> str:
    """That of this machine in its network, as Ray finds it; 127.0.0.1 without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.connect(("192.0.2.1", 9))  # sends nothing
        except OSError:
            return "127.0.0.1"
        return one.getsockname()[0]


def _wait_for(host: str, port: int) -> None:
    end = time.monotonic() + 120
    while True:
        try:
            return socket.create_connection((host, port), timeout=5).close()
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.2)
