"""The scripts of docs/walkthroughs run from beginning to end and make what they promise."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parents[2] / "docs" / "walkthroughs"
MADE = {
    "student": ["first/report.html", "first.gif", "paths.png"],
    "researcher": ["table.tex", "table.md", "table.csv", "methods.html", "curves.pdf", "numbers.csv", "all.md"],
    "practitioner": ["sheet.png", "mine/report.html", "walk.webp", "exported/generator.pt2", "exported/samples.npy"],
}


def test_every_walkthrough_is_listed_and_uses_verbs_that_exist() -> None:
    from gannet.cli import app

    verbs = {command.name for command in app.registered_commands} | {"data"}
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    scripts = sorted(FOLDER.glob("*.sh"))
    assert {script.stem for script in scripts} == set(MADE)
    for script in scripts:
        used = re.findall(r"^gannet (\w+)", script.read_text(encoding="utf-8"), re.MULTILINE)
        assert 5 < len(used) <= 20
        assert set(used) <= verbs
        assert f"({script.name})" in listed


SMALLER = {"--steps": 20, "-n": 4, "--samples": 10, "checkpoint.every": 25, "health.every": 5, "log.every": 20}
"""Numbers of the scripts that a rehearsal divides."""


def rehearsed(line: str) -> list[str]:
    """The words of a command with a twentieth of the steps and fewer samples."""
    words = shlex.split(line, comments=True)
    for place, word in enumerate(words):
        key, _, value = word.partition("=")
        if value and key in SMALLER:
            words[place] = f"{key}={max(1, int(value) // SMALLER[key])}"
        elif place and words[place - 1] in SMALLER:
            words[place] = str(int(word) // SMALLER[words[place - 1]])
    return words


def test_every_command_of_a_walkthrough_is_understood() -> None:
    """Parsed as the command line parses it, options and arguments, without running it."""
    import typer

    from gannet.cli import app

    top: Any = typer.main.get_command(app)
    for script in FOLDER.glob("*.sh"):
        for line in script.read_text(encoding="utf-8").splitlines():
            if line.startswith("gannet "):
                command, words = top, shlex.split(line)[1:]
                while hasattr(command, "commands"):
                    name, *words = words
                    command = command.commands[name]
                command.make_context(name, words)


@pytest.mark.parametrize("name", MADE)
def test_walkthrough_with_few_steps(name: str, gannet, folder: Path) -> None:
    for line in (FOLDER / f"{name}.sh").read_text(encoding="utf-8").splitlines():
        if line.startswith("gannet "):
            answer = gannet(*rehearsed(line)[1:])
            assert answer.status == 0, (line, answer.err)
    for made in MADE[name]:
        if not made.endswith(".npy"):  # written by the exported script, which is tested elsewhere
            assert (folder / made).stat().st_size > 50, made


@pytest.mark.slow
@pytest.mark.parametrize("name", MADE)
def test_walkthrough(name: str, tmp_path: Path) -> None:
    """With the budgets of the README as a limit on processor seconds: two cores for five or ten minutes."""
    (tmp_path / "bin").mkdir()
    for name_of, arguments in (("gannet", "-m gannet"), ("python", "")):
        command = tmp_path / "bin" / name_of
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        command.chmod(0o755)
    folders = f"{tmp_path / 'bin'}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    source = str(Path(__file__).parents[2] / "src")
    environment = os.environ | {"PATH": folders, "PYTHONPATH": source, "GANNET_CACHE": str(tmp_path / "cache")}
    (tmp_path / "work").mkdir()
    done = subprocess.run(
        ["bash", str(FOLDER / f"{name}.sh")],
        cwd=tmp_path / "work",
        env=environment,
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    for made in MADE[name]:
        assert (tmp_path / "work" / made).stat().st_size > 50, made
