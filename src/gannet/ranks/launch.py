"""Start the ranks of a training on this machine, through torch's own launcher."""

from __future__ import annotations

import logging
import os
import signal
import sys
import uuid
from collections.abc import Sequence

from gannet.errors import UserError

MOST_ON_ONE_CORE = 4
"""More processes only wait for each other."""
PASSED_ON = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2", "SIGXCPU")
"""Signals that the ranks get when the launcher gets them. One that is ignored, as SIGHUP is under nohup, stays so."""
PATIENCE_SECONDS = 3600
"""How long stopped ranks may take for their current step and its checkpoint; another signal ends them at once."""
SIGNAL_AT_DEATH_OF_PARENT = 1
"""An option of prctl."""
LAUNCHER = "GANNET_LAUNCHER"
"""Environment variable of the ranks: process id of their launcher."""


def require_room(count: int, device: str) -> None:
    """Check that this machine has a GPU, or enough cores, for each of ``count`` processes.

    Args:
        count: number of processes; each uses one GPU, if there are any, or its part of the processor's cores.
        device: auto, cpu or cuda; cpu uses the cores also if there are GPUs.

    Raises:
        UserError: too many processes for the GPUs or cores of this machine, or fewer than 1.
    """
    gpus, cores = _gpus(device), _cores()
    most = gpus or MOST_ON_ONE_CORE * cores
    if not 1 <= count <= most:
        there = f"{gpus} GPUs" if gpus else f"no GPU and {cores} processor cores"
        if device == "cpu":
            there = f"{cores} processor cores"
        raise UserError(f"--devices {count}: this machine has {there}; set --devices to a number between 1 and {most}.")


def _gpus(device: str) -> int:
    import torch

    return 0 if device == "cpu" else torch.cuda.device_count()


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def stop_with_launcher() -> None:
    """Ask Linux to send this rank SIGTERM when the launcher is killed, so that no rank trains unattended."""
    if sys.platform == "linux" and os.environ.get(LAUNCHER) == str(os.getppid()):
        import ctypes

        ctypes.CDLL(None).prctl(SIGNAL_AT_DEATH_OF_PARENT, signal.SIGTERM, 0, 0, 0)


def launch(count: int, words: Sequence[str]) -> int:
    """Run ``gannet WORDS`` in ``count`` processes that share one training, and return the exit status of the first that
    failed by itself.

    A process that ends, for any reason, ends the others. For restarts and several machines, use torchrun itself.

    Args:
        count: number of processes, which :func:`require_room` has checked.
        words: the command line without the name of the program.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # The ranks report errors themselves.
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    os.environ[LAUNCHER] = str(os.getpid())
    os.environ.setdefault("TORCH_ELASTIC_SHUTDOWN_TIMEOUT", str(PATIENCE_SECONDS))
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, _cores() // count)))
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=uuid.uuid4().hex,
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        monitor_interval=0.1,
        signals_to_handle=",".join(n for n in PASSED_ON if signal.getsignal(getattr(signal, n)) != signal.SIG_IGN),
    )
    try:
        elastic_launch(config, sys.executable)("-m", "gannet", *words)
    except ChildFailedError as failed:
        statuses = [failure.exitcode for _, failure in sorted(failed.failures.items())]
        # When one has failed, torch's launcher stops the others by SIGTERM.
        status = next((status for status in statuses if status != -signal.SIGTERM), statuses[0])
        return status if status >= 0 else 128 - status
    except SignalException as stopped:
        return 128 + int(stopped.sigval)
    return 0
