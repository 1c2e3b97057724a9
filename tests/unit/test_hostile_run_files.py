"""The files of a run of somebody else: a pipe is not waited for, a bomb is not unpacked, damage is one sentence."""

from __future__ import annotations

import io
import json
import os
import re
import shutil
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from PIL import Image
from rich.live import Live
from rich.table import Table
from rich.text import Text
from test_data_hostile import CHECKS, EDITS, MANY, QUICK, edited, reads_or_says_why

from gannet import cli
from gannet.api import load
from gannet.cli.output import Output
from gannet.cli.terminal import Terminal, show
from gannet.comparison.existing import _require_same
from gannet.dashboard.api import Api
from gannet.dashboard.follower import Follower
from gannet.dashboard.library import Library
from gannet.doctor.diagnosis import diagnose
from gannet.errors import UserError
from gannet.reports.comparison import report_comparison
from gannet.reports.comparison_document import read_comparison
from gannet.reports.existing_runs import table_of_runs
from gannet.reports.score_formats import latex, markdown
from gannet.reports.score_table import of_comparison
from gannet.runs.commands import read_command
from gannet.runs.journal import damaged_commands
from gannet.runs.label import write_label
from gannet.runs.reader import Run
from gannet.runs.state import _is_live
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


def fitting(folder: Path) -> Path:
    """A checkpoint whose manifest has the sizes and hashes of its files, as its author can make it."""
    contents = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "MANIFEST.json"}
    manifest = {name: {"bytes": len(text), "sha256": sha256(text).hexdigest()} for name, text in contents.items()}
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))
    return folder


def reports_of(folder: Path) -> None:
    """What commands make of a comparison."""
    table = of_comparison(read_comparison(folder))
    markdown(table), latex(table), listed(folder)
    report_comparison(folder, folder.parent / "report.html")


def _all_lines(run: Path) -> None:
    follower = Follower(run)
    follower.refresh()
    follower.after("", 10_000), follower.series()


def tables_of(run: Path) -> None:
    """What commands make of the scores of a run."""
    diagnose(run)
    markdown(table_of_runs([str(run)]))


def same_recipe(run: Path) -> None:
    """What `gannet compare` makes of a run that is there."""
    _require_same(SimpleNamespace(path=run, record=Run(run).record, source="another"))  # type: ignore[arg-type]


FUZZED: dict[str, Callable[[Path], object]] = {
    "run.json": lambda run: (diagnose(run), load(run)),
    "events.jsonl": lambda run: (
        Run(run).terms(),
        damaged_commands(run),
        listed(run.parent),
        _all_lines(run),
        diagnose(run),
    ),
    "scores.jsonl": tables_of,
    "label.json": lambda run: (Run(run).label, listed(run.parent)),
    "../compare.json": lambda run: reports_of(run.parent),
    f"{NEWEST}/MANIFEST.json": lambda run: checkpoint.problems(run / NEWEST),
    f"{NEWEST}/state.json": lambda run: checkpoint.problems(fitting(run / NEWEST)),
    f"{NEWEST}/provenance.json": lambda run: checkpoint.provenance_of(run / NEWEST),
    f"{NEWEST}/model.safetensors": lambda run: checkpoint.load_weights(run / NEWEST, "model"),
    f"{NEWEST}/average.safetensors": lambda run: checkpoint.load_weights(run / NEWEST, "average"),
    f"{NEWEST}/optimizers.safetensors": lambda run: checkpoint.load_weights(run / NEWEST, "optimizers"),
    "frames/000000300.npz": lambda run: Run(run).load_frame(run / "frames/000000300.npz"),
    "frames/000000301.png": lambda run: Run(run).load_frame(run / "frames/000000301.png"),
    "slow/000000300.npz": lambda run: Run(run).load_slow(300),
    "commands/000001.json": lambda run: read_command(1, run / "commands/000001.json"),
    "lock": lambda run: (_is_live(run, time.time()), listed(run.parent)),
    "recipe.py": same_recipe,
    "../samples.png": lambda run: reports_of(run.parent),
}
"""A file of a run -> what reads it."""


def make_fuzzed(points: Path, folder: Path) -> Path:
    """A copy of a run in a separate folder, with every file that is damaged below; each is put back."""
    run = Path(shutil.copytree(points, folder / "run"))
    words = ["compare", "ring", "--recipes", "gan", "--seeds", "0,1", "--steps", "4", "--metrics", "w1,modes"]
    words += ["--samples", "50", "hidden=8", "batch_size=8", "--out", str(folder / "compared")]
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        assert cli.run(["measure", str(run), "--metrics", "modes", "--samples", "100"]) == 0
        assert cli.run(words) == 0
    for name in ("compare.json", "samples.png"):
        (folder / "compared" / name).rename(folder / name)
    shutil.rmtree(folder / "compared")
    write_label(run, {"title": "a title", "description": "of a run"})
    Image.new("RGB", (8, 8), "red").save(run / "frames/000000301.png")
    for name in ("slow", "commands"):
        (run / name).mkdir()
    real = {"extent": np.ones(4), "output_kind": np.ones(()), "generator/real": np.ones((5, 2))}
    np.savez(run / "slow/000000300.npz", step=np.array(300), **real)
    (run / "commands/000001.json").write_text('{"name": "set", "arguments": {"key": "lr", "value": 0.01}}')
    return run


@pytest.fixture(scope="module")
def fuzzed(trained_once, tmp_path_factory) -> Path:
    return make_fuzzed(trained_once("points"), tmp_path_factory.mktemp("fuzzed"))


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
    "changed",
    [{"moves": "x"}, {"moves": -1}, {"turns": [1]}, {"turns": 10**30}, {"seconds": float("nan")}, {"step": "300"}],
)
def test_a_state_that_no_training_has_is_passed_over(trained, changed, capsys):
    """Also if the hashes fit. Training began with these values and failed in its first turn, or used them."""
    run = trained("points")
    state = run / NEWEST / "state.json"
    state.write_text(json.dumps(json.loads(state.read_text()) | changed))
    fitting(run / NEWEST)
    assert cli.run(["resume", str(run), "--steps", "302"]) == 0
    said = capsys.readouterr().err
    assert f"state.json: {next(iter(changed))}: Input should be" in said
    assert "using step-000000200 instead" in said


DOCUMENT_EDITS: dict[str, Callable[[dict], object]] = {
    "no recipes": lambda document: document.update(recipes=[]),
    "a recipe without runs": lambda document: document["recipes"][0].pop("runs"),
    "steps as text": lambda document: document["recipes"][0].update(steps="many"),
    "seconds that are not a number": lambda document: document["recipes"][0]["runs"][0].update(seconds=[1]),
    "a card without a value": lambda document: document["recipes"][0]["runs"][0]["cards"][0].pop("value"),
    "data that are a name": lambda document: document.update(data="ring"),
    "a sweep over a key without values": lambda document: document.update(sweep={"hidden": ["8"]}),
}


@pytest.mark.parametrize("edit", DOCUMENT_EDITS)
def test_a_comparison_that_nothing_wrote_is_one_sentence(fuzzed, edit, capsys):
    path = fuzzed.parent / "compare.json"
    sound = path.read_bytes()
    document = json.loads(sound)
    DOCUMENT_EDITS[edit](document)
    path.write_text(json.dumps(document))
    try:
        for target in ("report.html", "table.md"):
            assert cli.run(["report", str(fuzzed.parent), "-o", str(fuzzed.parent / target)]) == 2
            [sentence] = capsys.readouterr().err.splitlines()
            assert "compare.json is damaged: " in sentence
    finally:
        path.write_bytes(sound)


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
