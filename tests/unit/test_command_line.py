"""The command that a report prints trains the same run, word by word as a shell reads it."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from gannet import cli
from gannet.errors import UserError, in_shell
from gannet.runs.commands import submit
from gannet.runs.reader import Run

GANNET = Path(sys.executable).parent / "gannet"
RECORDED = ("recipe", "arguments", "data", "settings")


def printed_by_the_report(run: Path) -> list[str]:
    assert cli.run(["report", str(run)]) == 0
    page = (run / "report.html").read_text(encoding="utf-8")
    (line,) = re.findall(r'<pre class="command"><code>(.*?)</code></pre>', page)
    return shlex.split(unescape(line))


def weights(run: Path) -> dict[str, np.ndarray]:
    return load_file(sorted((run / "checkpoints").iterdir())[-1] / "model.safetensors")


def check_same(run: Path, repeated: Path) -> None:
    one, other = Run(run).record, Run(repeated).record
    assert [getattr(one, name) for name in RECORDED] == [getattr(other, name) for name in RECORDED]
    before, after = weights(run), weights(repeated)
    assert before.keys() == after.keys()
    for name, value in before.items():
        np.testing.assert_array_equal(value, after[name])


def test_the_installed_command_trains_the_same_run(trained, tmp_path):
    """In a separate process, as a reader of the report would."""
    run = trained("points")
    program, *words = printed_by_the_report(run)
    assert program == "gannet"
    command = [str(GANNET), *words, "--out", "repeated"]
    done = subprocess.run(command, cwd=tmp_path, env=os.environ, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    check_same(run, tmp_path / "repeated")


@pytest.mark.usefixtures("undrawn")
@pytest.mark.parametrize("name", ["encoder", pytest.param("scored", marks=pytest.mark.slow), "forked"])
def test_the_line_of_other_runs_trains_them_again(trained, tmp_path, name):
    run = trained(name)
    assert cli.run([*printed_by_the_report(run)[1:], "--out", str(tmp_path / "repeated"), "--quiet"]) == 0
    check_same(run, tmp_path / "repeated")


@pytest.mark.usefixtures("undrawn")
def test_a_run_that_was_resumed_for_more_steps_is_trained_to_its_last(trained, tmp_path):
    run = trained("measured")
    words = printed_by_the_report(run)
    assert words[words.index("--steps") + 1] == "60"
    assert cli.run([*words[1:], "--out", str(tmp_path / "repeated"), "--quiet"]) == 0
    repeated = weights(tmp_path / "repeated")
    for name, value in weights(run).items():
        np.testing.assert_array_equal(value, repeated[name])


@pytest.mark.usefixtures("undrawn")
def test_a_repeated_run_is_repeated_with_its_commands(trained, tmp_path):
    run = trained("again")
    assert cli.run([*printed_by_the_report(run)[1:], "--out", str(tmp_path / "repeated"), "--quiet"]) == 0
    check_same(run, tmp_path / "repeated")


@pytest.mark.usefixtures("undrawn")
def test_what_a_shell_would_split_or_read_is_quoted(tmp_path, monkeypatch):
    """A path with a space, a quote and a dollar, for the data and for the recipe."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "o'neil's $HOME & co"
    folder.mkdir()
    np.savetxt(folder / "my points.csv", np.random.default_rng(0).normal(size=(400, 2)), delimiter=",")
    recipe = folder / "gan.py"
    recipe.write_text(
        (Path(cli.__file__).parent.parent / "recipes" / "gan.py").read_text(encoding="utf-8"), encoding="utf-8"
    )
    run, repeated = tmp_path / "run", tmp_path / "repeated"
    keys = ["--recipe", str(recipe), "--steps", "4", "batch_size=8", "hidden=8", "--quiet"]
    assert cli.run(["train", str(folder / "my points.csv"), *keys, "--out", str(run)]) == 0
    assert cli.run([*printed_by_the_report(run)[1:], "--out", str(repeated), "--quiet"]) == 0
    check_same(run, repeated)


def test_a_command_in_an_error_is_quoted(trained, tmp_path):
    run = trained("points", tmp_path / "my run")
    with pytest.raises(UserError) as error:
        submit(run, "pause", {})
    (line,) = re.findall("`(gannet .*?)`", str(error.value))
    assert shlex.split(line) == ["gannet", "resume", str(run)]
    assert cli.run(shlex.split(line)[1:]) == 0


@pytest.mark.usefixtures("undrawn")
def test_live_commands_are_said_not_to_be_in_the_line(trained):
    for name, said in (("commanded", True), ("points", False)):
        run = trained(name)
        assert cli.run(["report", str(run)]) == 0
        assert ("which this line does not repeat" in (run / "report.html").read_text(encoding="utf-8")) is said


def test_a_path_with_a_leading_dash_is_not_an_option():
    assert in_shell("gannet", "measure", Path("-x")) == "gannet measure ./-x"
    assert in_shell("gannet", "measure", Path("a b"), "-o") == "gannet measure 'a b' -o"


def test_an_absolute_out_below_the_working_directory_is_printed_relative_to_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    words = ["train", "ring", "--recipe", "gan", "--steps", "1", "hidden=8", "batch_size=8", "--out"]
    assert cli.run([*words, str(tmp_path / "runs" / "one")]) == 0
    printed = "".join(capsys.readouterr())
    assert "gannet measure runs/one" in printed
    assert str(tmp_path) not in printed
