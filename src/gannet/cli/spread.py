"""A training on several processes: which of them does what."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NoReturn

import typer

Devices = Annotated[
    int | None, typer.Option(metavar="N", help="Train in N processes on this machine: one for each GPU, or on the CPU.")
]

Shard = Annotated[
    bool, typer.Option("--shard", help="Each process keeps a part of the parameters and optimizer states.")
]


def leave(status: int) -> NoReturn:
    """End the process. A rank ends at once: threads of torch's process groups may still release tensors, which fails
    while Python ends, and the exit status would be that of the failure.
    """
    if "gannet.ranks.group" in sys.modules:
        from gannet.ranks.group import current

        if current().size > 1:
            os._exit(status)
    sys.exit(status)


def other_rank(
    devices: int | None,
    *,
    recipe: str | None,
    keys: Mapping[str, Any],
    restarts: bool,
    device: str,
    shard: bool,
    require: Callable[[int], None],
) -> int | None:
    """The exit status of a command whose training is done by other processes; None if this process does it.

    With ``--devices`` this process starts the others and waits for them. A process that torchrun or ``--devices``
    started is a rank; the ranks after the first follow rank 0 here.

    Args:
        devices: the value of ``--devices``, if any.
        recipe: the user's recipe file, if any.
        keys: the keys that the user typed.
        restarts: whether the command may run again after a failure.
        device: where the networks are: auto, cpu or cuda.
        shard: whether each process keeps only its part of the parameters.
        require: raises if that many processes cannot train this; called before they start.

    Raises:
        UserError: the number of processes is wrong, or torchrun repeats a command that would begin another run.
    """
    from gannet.errors import UserError
    from gannet.ranks.group import join, launched
    from gannet.ranks.launch import launch, require_room, stop_with_launcher

    if shard and not launched() and (devices is None or devices == 1):
        raise UserError("--shard needs several processes: add --devices N with N of at least 2, or use torchrun.")
    if devices is not None and not launched():
        if devices == 1:
            return None
        require_room(devices, device)
        require(devices)
        return launch(devices, sys.argv[1:])
    if int(os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")) and not restarts:
        raise UserError(
            "torchrun has restarted this command, which would begin another run. Add --out DIR --resume, so that it "
            "continues the run."
        )
    if launched():
        stop_with_launcher()
    ranks = join(device, shard=shard)
    if devices is not None and devices != ranks.size:
        raise UserError(f"--devices {devices}: torchrun has started {ranks.size} processes; omit --devices.")
    if ranks.rank == 0:
        return None
    from gannet.sessions.follow import follow

    follow(ranks, recipe_file=recipe, keys=keys)
    return 0
