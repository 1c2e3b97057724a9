"""The last lines of a command: what happened, what exists, what to do next."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from gannet.cli import run
from gannet.cli.interruption import held_back, interruptible
from gannet.cli.progress import TerminalReporter
from gannet.runs.reader import Run
from gannet.sessions.goal import parse_goal
from gannet.sessions.scores import reported
from gannet.training.checkpoint import progress_of

TINY = ["--recipe", "gan", "--steps", "4", "hidden=8", "batch_size=4"]
Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_fork_counts_its_own_steps_and_seconds(trained, capsys: Capture) -> None:
    parent = trained("points")
    _, before = progress_of(parent / "checkpoints" / "step-000000200")
    assert run(["train", f"{parent}@200", "--steps", "202", "--out", "fork"]) == 0
    [line] = re.findall(
        r"2 steps after step 200 in ([\d.]+) s\. Step 202 is saved\. Next: gannet measure fork", capsys.readouterr().err
    )
    whole = Run("fork").events()[-1].seconds
    assert whole > before
    assert float(line) == pytest.approx(whole - before, abs=0.1)


@pytest.mark.parametrize(
    ("rows", "next_"), [(19, "gannet report few"), (20, "gannet measure few && gannet report few")]
)
def test_what_cannot_be_measured_is_not_offered(capsys: Capture, rows: int, next_: str) -> None:
    np.savetxt("few.csv", np.random.default_rng(0).normal(size=(rows, 2)), delimiter=",")
    assert run(["train", "few.csv", *TINY, "--out", "few"]) == 0
    assert capsys.readouterr().err.rstrip().endswith(f"Next: {next_}")


def test_commands_for_a_run_of_own_code_name_the_code_again(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """Gannet never imports what only a run names, so without these words it would refuse the commands."""
    monkeypatch.syspath_prepend(".")
    Path("mine.py").write_text(
        "from gannet.recipes.base import Experiment, recipe\n"
        "from gannet.recipes.gan import gan\n"
        "from gannet.losses.hinge import Hinge\n"
        "class Own(Hinge):\n    'Mine.'\n"
        "@recipe(kind='points')\ndef mine(form, *, batch_size: int = 8, steps: int = 4) -> Experiment:\n"
        "    return gan(form, batch_size=batch_size, steps=steps)\n"
    )
    for name, words in {"file": ["--recipe", "mine.py"], "key": ["loss=mine:Own"]}.items():
        steps = [] if name == "file" else TINY
        assert run(["train", "ring", *words, *steps, "--out", name]) == 0
        last = capsys.readouterr().err.rstrip().splitlines()[-1]
        typed = " ".join(words)
        assert last.endswith(f"Next: gannet measure {name} {typed} && gannet report {name}")
        for command in last.partition("Next: ")[2].split(" && "):
            assert (
                run([*command.removeprefix("gannet ").split(), *(["--samples", "50"] if "measure" in command else [])])
                == 0
            )
        assert run(["resume", name, *words, "--steps", "6"]) == 0
        capsys.readouterr()


@pytest.mark.parametrize(
    "place", ["gannet.sessions.train.open_and_decide", "gannet.sessions.train.rehearse", "gannet.sessions.train.train"]
)
def test_interrupted_before_the_first_step(capsys: Capture, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setattr(place, interrupt)
    assert run(["train", "ring", *TINY, "--out", "run"]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "gannet: Interrupted before the first step: no new run was made."
    assert not Path("run").exists()


def test_interrupted_after_the_last_step(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gannet.sessions.train.saved_step", interrupt)
    assert run(["train", "ring", *TINY, "--out", "run"]) == 130
    assert (
        "gannet: Interrupted. run keeps what was recorded; continue with: gannet resume run" in capsys.readouterr().err
    )
    assert Run("run").events()[-1].kind == "finish"


def test_an_interrupted_resume_changes_nothing(trained, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    path = trained("signalled")
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    monkeypatch.setattr("gannet.sessions.resume.reopen_data", interrupt)
    assert run(["resume", str(path)]) == 130
    assert "Interrupted before the next step: the run keeps its checkpoints" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_any_other_verb_says_that_it_was_interrupted(trained, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gannet.sessions.trained_run.TrainedRun.measure", interrupt)
    assert run(["measure", str(trained("points"))]) == 130
    assert capsys.readouterr().err.splitlines()[-1] == "gannet: Interrupted."


@pytest.fixture(params=[signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def ending(request: pytest.FixtureRequest) -> Iterator[int]:
    """The number of a signal that ends a process by default: whoever runs the tests may ignore it."""
    default = signal.default_int_handler if request.param == signal.SIGINT else signal.SIG_DFL
    before = signal.signal(request.param, default)
    yield request.param
    now = signal.signal(request.param, before)
    assert now == default


def test_an_interruption_waits_for_imports(ending: int) -> None:
    done = []

    def import_() -> None:
        with interruptible(), held_back():
            signal.raise_signal(ending)
            done.append("imported")

    with pytest.raises(KeyboardInterrupt):
        import_()
    assert done == ["imported"]


def test_every_signal_is_one_sentence_and_its_exit_status(
    trained, ending: int, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gannet.sessions.trained_run.TrainedRun.measure", lambda *_, **__: signal.raise_signal(ending))
    assert run(["measure", str(trained("points"))]) == 128 + ending
    assert capsys.readouterr().err.splitlines()[-1] == "gannet: Interrupted."


def test_an_ignored_signal_ends_no_verb(trained, monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGHUP under ``nohup``."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    monkeypatch.setattr("gannet.cli.report._with_verdict", lambda *_: signal.raise_signal(signal.SIGHUP))
    try:
        assert run(["report", str(trained("points"))]) == 0
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("verb", ["resume", "sample", "measure", "report", "doctor"])
def test_a_path_that_does_not_exist(capsys: Capture, verb: str) -> None:
    assert run([verb, "nosuch"]) == 2
    assert capsys.readouterr().err.startswith(
        "gannet: nosuch does not exist. Give a directory that `gannet train` made"
    )


@pytest.mark.parametrize(
    ("verb", "step"),
    [("train", "abc"), ("resume", "-5"), ("sample", "1,000"), ("measure", ""), ("report", "5.0"), ("doctor", "abc")],
)
def test_a_step_that_is_not_a_number(trained, capsys: Capture, verb: str, step: str) -> None:
    trained("bare", Path("mine").absolute())
    assert run([verb, f"mine@{step}"]) == 2
    assert (
        capsys.readouterr().err
        == f"gannet: mine@{step}: {step!r} is not a step. After @, write digits only, as in mine@1000, or best.\n"
    )


def test_a_measurement_on_the_way_is_a_few_values_that_fit_the_terminal(trained_once, capsys: Capture) -> None:
    cards = Run(trained_once("scored")).scores()
    few = reported(cards, None)
    assert {card.label for card in few} == {"modes", "high-quality", "w1"} < {card.label for card in cards}
    others = [card for card in cards if card not in few]
    assert others[0] in reported(cards, parse_goal(f"{others[0].metric}<1", None)), "the goal is of interest"
    assert reported(others, None) == others[:3], "never nothing"
    TerminalReporter().measured(3000, few)
    lines = capsys.readouterr().err.splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line.startswith("  ") for line in lines[1:])
    shown = "  ".join(line.strip() for line in lines)
    assert all(re.search(rf"  {card.label} [\d.e-]+( \(real data [\d.e-]+\))?", shown) for card in few)
