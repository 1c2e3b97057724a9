"""Two ranks as forks of the process of the tests: torchrun and ``--devices`` would import torch for each of them."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

COUNT = 2


class Ended(NamedTuple):
    """How a rank ended."""

    status: int
    said: str


def on_two_ranks(words: Sequence[str], folder: Path, variables: Mapping[str, str] | None = None) -> list[Ended]:
    """Run ``gannet WORDS`` in ``folder`` on two ranks. When one fails, the other gets SIGTERM, as launchers do.

    A rank that has not ended 10 s after the other fails the test.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": str(COUNT), "LOCAL_WORLD_SIZE": str(COUNT), "GROUP_WORLD_SIZE": "1"}
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "GANNET_CACHE": str(folder / "cache")}
    folder.mkdir(exist_ok=True)
    processes = {}
    for rank in range(COUNT):
        own = {"RANK": str(rank), "LOCAL_RANK": str(rank)}
        processes[rank] = os.fork()
        if not processes[rank]:
            _become(words, folder, {**(variables or {}), **shared, **place, **own})
    ended = {}
    end = time.monotonic() + 240
    while len(ended) < COUNT and time.monotonic() < end:
        for rank in set(processes) - set(ended):
            found, status = os.waitpid(processes[rank], os.WNOHANG)
            if not found:
                continue
            ended[rank] = os.waitstatus_to_exitcode(status)
            end = min(end, time.monotonic() + 10)
            for other in set(processes) - set(ended) if ended[rank] else ():
                os.kill(processes[other], signal.SIGTERM)
        time.sleep(0.01)
    for rank in set(processes) - set(ended):
        os.kill(processes[rank], signal.SIGKILL)
        os.waitpid(processes[rank], 0)
    assert len(ended) == COUNT, "a rank was left hanging"
    return [Ended(ended[rank], (folder / f"said-{rank}").read_text()) for rank in range(COUNT)]


def _become(words: Sequence[str], folder: Path, variables: Mapping[str, str]) -> None:
    """Run the command as a rank in this process, which ends without the exit handlers of pytest."""
    status = 1
    try:
        os.environ.update(variables)
        os.chdir(folder)
        file = os.open(f"said-{variables['RANK']}", os.O_WRONLY | os.O_CREAT)
        os.dup2(file, 1)
        os.dup2(file, 2)
        sys.stdout, sys.stderr = os.fdopen(1, "w"), os.fdopen(2, "w")
        sys.argv = ["gannet", *words]
        import torch

        from gannet.__main__ import main

        torch.set_num_threads(1)
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)
