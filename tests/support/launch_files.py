"""The launch files of docs/scale, and the commands in them."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import typer
import yaml
from torch.distributed.run import get_args_parser

from gannet.cli import app

FOLDER = Path(__file__).parents[2] / "docs/scale"
SCRIPTS = sorted(FOLDER.glob("*.sbatch"))
STUBS = {
    "srun": 'exec "$@"',
    "scontrol": "for name in node-{a..b}{,-{1..9999}}; do echo $name; done",
    "torchrun": 'printf "%s\\n" torchrun "$@"',
    "gannet": 'printf "%s\\n" gannet "$@"',
}


def documents(name: str) -> dict[str, dict[str, Any]]:
    """Kind -> document of a YAML file."""
    return {document["kind"]: document for document in yaml.safe_load_all((FOLDER / name).read_text())}


def directives(script: Path) -> dict[str, str]:
    """Option -> value of the #SBATCH lines, which sbatch reads up to the first command."""
    found = {}
    for line in script.read_text().splitlines():
        if line and not line.startswith("#"):
            break
        if line.startswith("#SBATCH"):
            [option] = shlex.split(line.removeprefix("#SBATCH"))
            name, _, value = option.partition("=")
            found[name] = value
    return found


def carried_out(script: Path, folder: Path, nodes: str) -> list[str]:
    """The words of the command that a script calls, with stand-ins for the programs of the cluster."""
    for name, body in STUBS.items():
        (folder / name).write_text(f"#!/bin/bash\n{body}\n")
        (folder / name).chmod(0o755)
    environment = {
        "PATH": f"{folder}:{os.environ['PATH']}",
        "SLURM_JOB_NODELIST": "node-[a-b]",
        "SLURM_JOB_NUM_NODES": nodes,
        "SLURM_JOB_ID": "123456",
    }
    done = subprocess.run(["bash", script], env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def torchrun_options(words: list[str]) -> Any:
    """What torchrun reads of a command that begins with its name."""
    assert words[0] == "torchrun"
    options = get_args_parser().parse_args(words[1:])
    assert options.module
    assert options.training_script == "gannet"
    return options


def gannet_options(words: list[str]) -> dict[str, Any]:
    """What the command ``gannet`` reads of the words after its name."""
    verb, *rest = words
    command = typer.main.get_command(app).commands[verb]  # type: ignore[attr-defined]
    return command.make_context(verb, list(rest)).params
