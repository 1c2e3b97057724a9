"""What a terminal receives, on a real pseudo-terminal: names and texts of somebody else never control it."""

from __future__ import annotations

import json
import re
import shutil
import signal
from pathlib import Path

import pytest

CONTROLS = (
    "\x1b[31m", "\x1b[K", "\x1b[2A", "\x1b[2J", "\x1b]0;title\x07", "\x1b]8;;http://x\x1b\\", "\x9b2J", "\x9d0;t\x9c",
    "\u202e", "\u2066", "\u200f", "\r", "\x08", "\x07", "\x0c", "\n",
)  # fmt: skip
"""Colours, cursor, titles, links, their C1 forms, bidirectional text, and a line end that begins a forged line."""
FIRST, SECOND = CONTROLS[:8], CONTROLS[8:]


def evil(controls: tuple[str, ...]) -> str:
    """Each control between two marks, and markup and emoji of rich."""
    marked = "".join(f"{control}E{index}" for index, control in enumerate(controls))
    return f"[bold]:smile:{marked}".replace("/", "|")


NAME, TEXT = evil(CONTROLS), evil(CONTROLS)
FILE = f"{NAME}/mine.py"
RECIPE = """
import gannet
from gannet.recipes.gan import gan


@gannet.recipe(kind="points")
def mine(form, *, hidden: int = 8, batch_size: int = 16, steps: int = 20) -> gannet.Experiment:
    \"\"\"A GAN in a file.\"\"\"
    return gan(form, hidden=hidden, batch_size=batch_size, steps=steps)
"""


def without_control(out: str, *, is_terminal: bool) -> str:
    """What was written, if no control of somebody else is in it."""
    for index, control in enumerate(CONTROLS):
        assert f"{control.replace('/', '|')}E{index}" not in out.replace("\r\n", "\n"), (control, out)
    assert "\U0001f604" not in out, ":smile: was replaced"
    if not is_terminal:
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", out), out
    return out


def says_the_name(out: str) -> bool:
    return "[31mE0" in re.sub(r"\s", "", out)


@pytest.fixture(scope="module")
def place(warm, tmp_path_factory) -> Path:
    """Data, a recipe and a run whose names and texts are hostile. The run is trained on a terminal."""
    folder = tmp_path_factory.mktemp("evil")
    inside = "\x9b2JE6\u202eE8\u2066E9"  # a table with other control characters is refused
    rows = "".join(f"{i % 7},{i * i % 7},{inside}{i % 2}\n" for i in range(120))
    (folder / f"{NAME}.csv").write_text(f"a{inside},b{inside},label\n{rows}")
    (folder / NAME).mkdir()
    (folder / NAME / "mine.py").write_text(RECIPE)
    train = ["train", f"{NAME}.csv", "--recipe", FILE, "--steps", "40", "checkpoint.every=20"]
    status, out = warm.on_terminal([*train, "--out", f"runs/{NAME}"], folder)
    assert status == 0, out
    assert says_the_name(without_control(out, is_terminal=True))
    run = folder / "runs" / NAME
    (run / "label.json").write_text(json.dumps({"title": TEXT, "description": TEXT}))
    event = json.dumps({"seq": 9999, "step": 40, "kind": "warning", "text": TEXT, "time": 0.0})
    with (run / "events.jsonl").open("a") as file:
        file.write(event + "\n")
    return folder


RUN = f"runs/{NAME}"
COMMANDS = {
    "resume": ["resume", RUN, "--recipe", FILE, "--steps", "50"],
    "resume without the recipe": ["resume", RUN],
    "measure": ["measure", RUN, "--recipe", FILE, "--metrics", "w1", "--samples", "50"],
    "status": ["status", "runs"],
    "status of a run": ["status", RUN],
    "table": ["table", RUN],
    "report": ["report", RUN],
    "sample": ["sample", RUN, "--recipe", FILE, "-o", f"{NAME}.png"],
    "watch": ["watch", RUN, "--terminal"],
    "doctor": ["doctor", RUN],
    "stop": ["stop", RUN],
    "clean": ["clean", "runs"],
    "data info": ["data", "info", f"{NAME}.csv"],
    "data check": ["data", "check", "."],
    "compare": ["compare", f"{NAME}.csv", "--recipes", FILE, "--seeds", "0", "--steps", "2", "--metrics", "w1",
                "--samples", "50", "--out", f"compared-{NAME}"],
    "list": ["list", NAME],
    "describe": ["describe", NAME],
    "help of a recipe": ["train", "ring", "--recipe", FILE, "--help"],
    "a file that is not there": ["train", f"{NAME}.npz"],
    "an unknown key": ["train", "ring", f"{NAME}=3"],
    "an unknown verb": [NAME],
    "an unknown option": ["status", f"--{NAME}"],
}  # fmt: skip
SAY_NOTHING = {"measure", "table", "clean", "data info", "data check", "list", "describe", "help of a recipe",
               "an unknown key"}  # fmt: skip
"""Commands that do not have to print the name."""


@pytest.mark.parametrize("command", COMMANDS)
def test_output_cannot_control_the_terminal(place, warm, command):
    status, out = warm.on_terminal(COMMANDS[command], place)
    assert status in (0, 2), out
    assert "Traceback" not in out
    without_control(out, is_terminal=True)
    assert says_the_name(out) or command in SAY_NOTHING, out


@pytest.mark.parametrize("command", ["status", "measure", "watch", "doctor", "data info", "table"])
def test_a_file_gets_no_escape_sequence(place, warm, command):
    status, out, err = warm.run(COMMANDS[command], place, 240)
    assert status == 0, err
    without_control(out + err, is_terminal=False)


def test_the_live_views_terminal_says_its_folder_as_escapes(place, warm):
    def ended(begun, text):
        if "Ctrl-C" in text:
            begun.send_signal(signal.SIGINT)

    _, out = warm.on_terminal(["watch", RUN, "--no-browser"], place, ended)
    assert says_the_name(without_control(out, is_terminal=True))


FIELDS = ["recipe", "run", "data", "arguments", "settings", "environment", "warnings"]


@pytest.mark.parametrize("command", ["status", "measure", "resume", "watch", "doctor", "report", "table"])
def test_fields_of_a_record_are_text(place, warm, trained, command):
    """Every text in run.json, scores.jsonl and events.jsonl is somebody else's."""
    run = trained("measured")
    for path in (run / "run.json", run / "scores.jsonl", run / "events.jsonl"):
        whole = path.name == "run.json"
        lines = [path.read_text()] if whole else path.read_text().splitlines()
        path.write_text("\n".join(json.dumps(_hostile(json.loads(line))) for line in lines) + "\n")
    words = [str(run) if word == RUN else str(run.parent) if word == "runs" else word for word in COMMANDS[command]]
    words = [word for index, word in enumerate(words) if "--recipe" not in words[max(0, index - 1) : index + 1]]
    status, out = warm.on_terminal(words, place)
    assert status in (0, 2), out
    assert "Traceback" not in out
    without_control(out, is_terminal=True)
    shutil.rmtree(run)


def _hostile(value: object) -> object:
    """A document whose free texts are hostile; what selects how it is read stays."""
    if isinstance(value, dict):
        kept = ("kind", "name", "form", "version", "metric", "better", "fingerprint", "protocol")
        return {key: one if key in kept else _hostile(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_hostile(one) for one in value]
    return value + TEXT if isinstance(value, str) else value
