"""Gannet from Python, as a user sees it: progress, warnings, what objects say of themselves, and the names of the
package.
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import gannet

API = [
    "Experiment",
    "GannetWarning",
    "Moment",
    "TrainingStopped",
    "UserError",
    "__version__",
    "compare",
    "export",
    "load",
    "recipe",
    "train",
]
SMALL = {"recipe": "gan", "hidden": 4, "batch_size": 16}
DIVERGING = {"recipe": "gan", "hidden": 16, "lr": 1.0, "steps": 400, "keys": {"health.every": 10}}


@pytest.fixture
def python(warm, tmp_path):
    """``python("import gannet; ...")`` -> (standard output, standard error) of another process."""

    def run(code: str) -> tuple[str, str]:
        status, out, err = warm.run(["-c", code], tmp_path, 120)
        assert status == 0, err
        return out, err

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory) -> gannet.python_api.TrainedRun:
    path = tmp_path_factory.mktemp("runs") / "ring"
    return gannet.train("ring", **SMALL, steps=20, out=path, quiet=True)


def test_dir_is_the_api(tmp_path):
    code = "import gannet; gannet.train; import gannet.errors; print(*sorted(dir(gannet)))"
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == API
    for name in API:
        assert getattr(gannet, name)
    assert gannet.__version__[0].isdigit()


def test_the_page_names_the_whole_api():
    page = (Path(__file__).parents[2] / "docs" / "python.md").read_text(encoding="utf-8")
    for name in set(API) - {"__version__"}:
        assert f"gannet.{name}" in page, name
    methods = {"sample", "sample_chunks", "interpolate", "walk", "traverse", "measure", "figure", "terms", "frames"}
    for name in methods | {"scores", "animate"}:
        assert f"run.{name}(" in page, name
        assert getattr(gannet.api.TrainedRun, name).__doc__, name


def test_from_import_star_gives_the_api():
    names: dict[str, object] = {}
    exec("from gannet import *", names)
    assert set(API) - {"__version__"} == set(names) - {"__builtins__"}


def test_help_names_every_argument():
    text = gannet.train.__doc__ or ""
    for name in gannet.train.__annotations__.keys() - {"return"}:
        assert f"{name}:" in text


def test_lines_where_stderr_is_no_terminal(python):
    out, err = python("import gannet; gannet.train('ring', recipe='gan', steps=40, hidden=4, out='run')")
    assert out == ""
    first, *_, last = err.splitlines()
    assert first == "gan on ring, seed 0: 40 steps on cpu, writing run"
    assert last.startswith("step 40 of 40  ")
    assert "generator/" in last
    assert "\r" not in err
    assert len(err.splitlines()) < 8


def test_one_line_is_updated_on_a_terminal(tmp_path):
    code = "import gannet; gannet.train('ring', recipe='gan', steps=800, hidden=4, out='run')"
    master, slave = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while chunk := os.read(master, 4096):
            shown += chunk
    except OSError:  # the other end was closed
        pass
    os.close(master)
    assert process.wait(60) == 0
    text = shown.decode().replace("\r\n", "\n")
    assert text.count("\rstep ") > 1
    assert "\rstep 800 of 800" in text
    assert text.count("\n") == 2
    assert text.endswith("\n")


def test_quiet_is_quiet(python):
    code = "import gannet; gannet.train('ring', recipe='gan', steps=20, hidden=4, out='run', quiet=True)"
    assert python(code) == ("", "")


@pytest.mark.parametrize("quiet", [False, True])
def test_alarms_are_warnings_of_the_callers_line(tmp_path, quiet):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gannet.train("ring", **DIVERGING, out=tmp_path / "run", quiet=quiet)
    alarms = [warning for warning in caught if issubclass(warning.category, gannet.GannetWarning)]
    assert alarms
    assert any("mode-collapse" in str(alarm.message) and "gannet doctor" in str(alarm.message) for alarm in alarms)
    assert {alarm.filename for alarm in alarms} == {__file__}


def test_a_warning_shows_on_stderr(python):
    code = f"import gannet\ngannet.train('ring', out='run', quiet=True, **{DIVERGING!r})"
    assert "<string>:2: GannetWarning: mode-collapse: " in python(code)[1]


def test_training_outside_the_main_thread(tmp_path, capfd):
    def train(seed: int) -> str:
        assert threading.current_thread() is not threading.main_thread()
        return repr(gannet.train("ring", **SMALL, steps=10, seed=seed, out=tmp_path / str(seed)))

    with ThreadPoolExecutor(1) as pool:
        assert all(f"seed {seed}, step 10 of 10" in text for seed, text in enumerate(pool.map(train, range(2))))
    assert capfd.readouterr().err.count("step 10 of 10") == 2


def test_a_run_says_what_it_is(trained):
    text = repr(trained)
    assert text == f"<TrainedRun {trained.path}: gan on ring, seed 0, step 20 of 20>"
    cards, _ = trained.measure(["w1", "modes"], samples=100)
    assert f", {cards[0].label} " in repr(trained)
    assert repr(trained).count(cards[1].label) == 1
    assert "raw parameters" in repr(gannet.load(trained.path, raw=True))


def test_a_run_that_was_measured_before_says_so(trained):
    from gannet.cli import run

    assert run(["measure", str(trained.path), "--metrics", "w1", "--samples", "100", "--json"]) == 0
    assert ", w1 " in repr(gannet.load(trained.path))


def test_a_score_card_says_value_interval_reference_and_count(trained):
    cards, _ = trained.measure(["w1"], samples=100)
    [card] = cards
    assert card.ci95 is not None
    text = repr(card)
    assert text.startswith(f"<ScoreCard {card.label} ")
    assert " to " in text
    assert "real data 0." in text
    assert text.endswith("n=100>")
    assert len(repr(cards)) < 200


def test_a_comparison_says_what_it_found(tmp_path, capfd):
    result = gannet.compare(
        "ring", ["gan", "lsgan"], seeds=[0, 1], steps=5, samples=100, metrics=["w1"], batch_size=16, out=tmp_path / "c"
    )
    first, *lines = repr(result).splitlines()
    assert first == f"<Result {tmp_path / 'c'}: seeds 0, 1, 4 of 4 runs"
    assert [line.split()[1] for line in lines] == ["gan", "lsgan"]
    assert all("±" in line and "2 of 2 runs, real data" in line for line in lines)
    shown = capfd.readouterr().err
    assert "run 4 of 4" in shown
    assert shown.count("step 5 of 5") == 4


def test_flags_as_keys_are_refused_in_python(tmp_path):
    with pytest.raises(gannet.UserError, match=r"use --seed 3 \(in Python seed=\.\.\.\)"):
        gannet.train("ring", keys={"seed": 3}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_users_mistake_in_python_leaves_the_screen_alone(tmp_path, capfd):
    with pytest.raises(gannet.UserError, match="Did you mean 'steps'"):
        gannet.train("ring", stepz=3, out=tmp_path / "run")
    assert capfd.readouterr().err == ""
