"""The files of a run of somebody else: a pipe is not waited for, a bomb is not unpacked, damage is one sentence."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from rich.live import Live
from rich.table import Table
from rich.text import Text
from test_data_hostile import CHECKS, EDITS, MANY, QUICK, edited, reads_or_says_why

from gannet import cli
from gannet.api import load
from gannet.cli.output import Output
from gannet.cli.terminal import Terminal, show
from gannet.dashboard.api import Api
from gannet.dashboard.library import Library
from gannet.errors import UserError
from gannet.runs.journal import damaged_commands
from gannet.runs.label import write_label
from gannet.runs.reader import Run
from gannet.training import checkpoint

NEWEST = "checkpoints/step-000000300"
SURROGATE = "\ud800"


def listed(folder: Path) -> dict:
    """What the live view says of the runs in a folder."""
    return json.loads(bytes(Api(Library(folder), lambda: False).runs(None).body))  # type: ignore[arg-type]


QUICK_FILES = ["events.jsonl", "lock", f"{NEWEST}/MANIFEST.json"]
MORE_FILES = ["label.json", "scores.jsonl", "compare.json", "run.json", f"{NEWEST}/model.safetensors"]


@pytest.mark.parametrize("name", [*QUICK_FILES, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE_FILES)])
def test_a_pipe_is_not_waited_for(trained, name, capsys):
    run = trained("points")
    (run / name).unlink(missing_ok=True)
    os.mkfifo(run / name)
    listed(run.parent)
    for words in (["status", run.parent], ["doctor", run], ["resume", run]):
        assert cli.run([str(word) for word in words]) in (0, 2)
    assert "Traceback" not in capsys.readouterr().err


def test_a_frame_that_is_a_bomb_is_not_unpacked(trained):
    run = trained("points")
    frame = run / "frames/000000300.npz"
    with zipfile.ZipFile(frame, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("real.npy", bytes(2**20))
    content = bytearray(frame.read_bytes())
    directory = content.index(b"PK\x01\x02")
    content[directory + 24 : directory + 28] = (300 * 2**20).to_bytes(4, "little")  # the announced size
    frame.write_bytes(content)
    with pytest.raises(UserError, match="unpacks to 314,572,800 bytes, above"):
        Run(run).load_frame(frame)


def summary(mean: float, label: str) -> dict:
    return dict.fromkeys(("metric", "better", "count", "runs", "reference", "deviation")) | {
        "mean": mean,
        "label": label,
    }


COMPARED = {"complete": True, "recipes": [{"recipe": SURROGATE, "runs": [], "metrics": [summary(float("nan"), "x")]}]}
DOCUMENTS = {
    "compare.json": ["[" * 100_000, '{"recipes": 3}', json.dumps(COMPARED)],
    "label.json": ["[" * 100_000, '{"title": "\\ud800"}', '{"title": NaN}', SURROGATE],
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_damaged_document_does_not_hide_the_runs(trained, name):
    run = trained("points")
    for text in DOCUMENTS[name]:
        (run.parent / name if name == "compare.json" else run / name).write_text(text, errors="surrogatepass")
        [row] = listed(run.parent)["runs"]
        assert row["state"] == "finished", text[:80]


def test_half_of_a_surrogate_pair_is_not_a_title(trained):
    run = trained("points")
    with pytest.raises(UserError):
        write_label(run, {"title": SURROGATE, "description": ""})
    assert not (run / "label.json").exists()


def test_output_cannot_control_the_terminal():
    """Names of classes, titles and messages of a run are text of somebody else."""
    written = io.BytesIO()
    output = Output(written, "utf-8", "backslashreplace", write_through=True)
    output.write("class \x1b]0;title\x07 \x1b[6n \x9b2J \ud800 \x1b[31mred\u202e ünï\tx\r\n")
    assert written.getvalue().decode() == (
        "class \\x1b]0;title\\x07 \\x1b[6n \\x9b2J \\ud800 \\x1b[31mred\\u202e ünï\tx\\r\n"
    )


class Screen(io.StringIO):
    """A terminal that keeps what it receives."""

    def isatty(self) -> bool:
        return True


def test_only_colours_of_rich_reach_the_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    screen = Screen()
    table = Table("[bold]x", "\x1b[31m")
    table.add_row("\x9b2J", Text("\x1b]8;;http://x\x1b\\", style="red"))
    Terminal(screen).print("\x1b[A:smile:\u2066\r", table)
    written = screen.getvalue()
    colours = set(re.findall(r"\x1b\[[0-9;]*m", written))
    assert re.sub(r"\x1b\[[0-9;]*m", "", written).replace("\n", "").isprintable()
    assert "\x1b[31m" in colours, "the style that was given"
    for text in ("[bold]x", "\\x1b[31m", "\\x9b2J", "\\x1b]8;;", "\\x1b[A:smile:\\u2066\\r"):
        assert text in written


def test_what_is_printed_above_a_bar_is_escaped(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    screen = Screen()
    monkeypatch.setattr("sys.stdout", screen)
    live = Live("[bold]bar\x1b[7m", console=Terminal(), auto_refresh=False)
    show(live)
    with live:
        live.refresh()
        print("\x1b[45m above \x1b]8;;http://x\x1b\\")
    assert sys.stdout is screen
    for text in ("[bold]bar\\x1b[7m", "\\x1b[45m above \\x1b]8;;http://x\\x1b\\"):
        assert text in screen.getvalue()
    assert not {"\x1b[45m", "\x1b[7m", "\x1b]8"} & set(re.findall(r"\x1b(?:\[[0-9;]*m|\]8)", screen.getvalue()))


FUZZED: dict[str, Callable[[Path], object]] = {
    "run.json": load,
    "events.jsonl": lambda run: (Run(run).terms(), damaged_commands(run), listed(run.parent)),
    "scores.jsonl": lambda run: Run(run).scores(),
    "label.json": lambda run: Run(run).label,
    "compare.json": lambda run: listed(run.parent),
    f"{NEWEST}/MANIFEST.json": lambda run: checkpoint.problems(run / NEWEST),
    f"{NEWEST}/state.json": lambda run: checkpoint.problems(run / NEWEST),
    f"{NEWEST}/provenance.json": lambda run: checkpoint.provenance_of(run / NEWEST),
    f"{NEWEST}/model.safetensors": lambda run: checkpoint.load_weights(run / NEWEST, "model"),
    "frames/000000300.npz": lambda run: Run(run).load_frame(run / "frames/000000300.npz"),
}
"""A file of a run -> what reads it."""


@pytest.fixture(scope="module")
def fuzzed(trained_once, tmp_path_factory) -> Path:
    """A run with every file that is damaged below; each is put back."""
    run = Path(shutil.copytree(trained_once("points"), tmp_path_factory.mktemp("fuzzed") / "run"))
    assert cli.run(["measure", str(run), "--metrics", "modes", "--samples", "100"]) == 0
    write_label(run, {"title": "a title", "description": "of a run"})
    recipe = {"metrics": [summary(1.0, "x")], "recipe": "gan", "runs": [{"seed": 0, "path": "."}]}
    (run / "compare.json").write_text(json.dumps({"complete": True, "recipes": [recipe]}))
    return run


def damaged(run: Path, name: str, edits: list[tuple[int, bytes, int]]) -> None:
    sound = (run / name).read_bytes()
    (run / name).write_bytes(edited(sound, edits))
    try:
        reads_or_says_why(lambda: FUZZED[name](run))
    finally:
        (run / name).write_bytes(sound)


@pytest.mark.parametrize("name", FUZZED)
@settings(max_examples=QUICK, deadline=None, suppress_health_check=CHECKS, derandomize=True, database=None)
@given(edits=EDITS)
def test_damaged_files_of_a_run_are_read_or_one_sentence(fuzzed, name, edits):
    damaged(fuzzed, name, edits)


@pytest.mark.slow
@pytest.mark.parametrize("name", FUZZED)
@settings(max_examples=MANY, deadline=None, suppress_health_check=CHECKS, database=None)
@given(edits=EDITS)
def test_many_damaged_files_of_a_run_are_read_or_one_sentence(fuzzed, name, edits):
    damaged(fuzzed, name, edits)


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"hape": [2]}, "shape: Field required"),
        ({"shape": [3]}, "not that of points"),
        ({"kind": "images", "shape": [3, 10**9, 10**9]}, "sides of at most 4,096"),
        ({"kind": "images", "shape": [3, 0, 8]}, "shape"),
        ({"kind": "sounds"}, "kind: Input should be 'points' or 'images'"),
        ({"scale": 0.0}, "not finite"),
        ({"mean": [0.0]}, "not finite"),
        ({"class_names": 3}, "class_names"),
    ],
)
def test_a_form_that_no_data_have_is_one_sentence(fuzzed, changed, sentence):
    record = json.loads((fuzzed / "run.json").read_text())
    form = record["data"]["form"]
    if "hape" in changed:
        form.pop("shape")
    sound = (fuzzed / "run.json").read_bytes()
    (fuzzed / "run.json").write_text(json.dumps(record | {"data": record["data"] | {"form": form | changed}}))
    try:
        with pytest.raises(UserError, match=re.escape(sentence)):
            load(fuzzed)
    finally:
        (fuzzed / "run.json").write_bytes(sound)


def test_what_a_library_quotes_from_a_damaged_file_is_shortened():
    [problem] = UserError(f"Cannot read the frame f.npz: {'x' * 50_000} Delete it.").problems
    assert len(problem) < 3_000
    assert problem.startswith("Cannot read the frame f.npz: xxx")
    assert problem.endswith("xxx Delete it.")
