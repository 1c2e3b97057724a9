"""A run from somebody else names code; opening it imports nothing that the user did not type."""

import json
import sys
from pathlib import Path

import pytest
from support.real_runs import SMALL, Person, without_provenance

from gannet import cli
from gannet.api import load
from gannet.dashboard.probes.__main__ import Desk
from gannet.discovery import components
from gannet.errors import UserError
from gannet.sessions.resume import resume

EVIL = """
from pathlib import Path
Path(__file__).with_name("imported").touch()
from gannet.losses.non_saturating import NonSaturating
class Loss(NonSaturating):
    pass
class NoLoss:
    pass
"""
REFERENCES = {
    "a function of Gannet that runs a file": ("gannet.discovery:load_file", {"path": "evil_module.py"}),
    "a module in reach": ("evil_module:Loss", {}),
    "a library's function": ("torch.hub:download_url_to_file", {"url": "file:///etc/hostname", "dst": "written"}),
    "the system": ("os:system", {"command": "touch written"}),
    "a class of Gannet by its path": ("gannet.losses.hinge:Hinge", {}),
}
READERS = {
    "sample": lambda run: ["sample", run, "-o", "samples.png"],
    "measure": lambda run: ["measure", run, "--metrics", "w2"],
    "resume": lambda run: ["resume", run, "--steps", "400"],
    "train again": lambda run: ["train", run, "--out", "again"],
    "fork": lambda run: ["train", f"{run}@100", "--out", "fork"],
}


@pytest.fixture
def place(tmp_path, monkeypatch) -> Path:
    """The working folder, with a module that leaves a trace when it is imported."""
    (tmp_path / "evil_module.py").write_text(EVIL)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    sys.modules.pop("evil_module", None)


def name_in_record(run: Path, key: str, reference: str, arguments: dict) -> None:
    record = json.loads((run / "run.json").read_text())
    kept = {name: value for name, value in record["arguments"].items() if not name.startswith(f"{key}.")}
    record["arguments"] = kept | {key: reference} | {f"{key}.{name}": value for name, value in arguments.items()}
    (run / "run.json").write_text(json.dumps(record))
    without_provenance(run)  # the author of a hostile run makes its checkpoints too


def nothing_ran(place: Path) -> bool:
    return "evil_module" not in sys.modules and not [
        p for p in ("imported", "written", "again", "fork", "samples.png") if Path(p).exists()
    ]


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("reference", REFERENCES)
def test_what_a_record_names_is_not_imported(place, trained, reader, reference, capsys):
    run = trained("points")
    name_in_record(run, "loss", *REFERENCES[reference])
    before = sorted(path.name for path in run.rglob("*"))
    assert cli.run(READERS[reader](str(run))) == 2
    [sentence] = capsys.readouterr().err.splitlines()
    assert "outside Gannet" in sentence
    assert REFERENCES[reference][0] in sentence
    assert nothing_ran(place)
    assert sorted(path.name for path in run.rglob("*")) == before


def test_every_component_of_a_record_is_judged_alike(place, trained):
    run = trained("points")
    record = json.loads((run / "run.json").read_text())
    keys = [
        key
        for key, value in record["arguments"].items()
        if isinstance(value, str) and any(value in components(k) for k in KINDS)
    ]
    assert {"loss", "prior"} <= set(keys)
    for key in keys:
        (run / "run.json").write_text(json.dumps(record))
        name_in_record(run, key, "evil_module:Loss", {})
        with pytest.raises(UserError, match=f"{key}=evil_module:Loss is code outside Gannet"):
            load(run)
    assert nothing_ran(place)


KINDS = ("losses", "regularizers", "networks", "priors", "encodings", "augmentations", "degradations")


def test_recipe_and_data_of_a_record_are_names(place, trained):
    run = trained("points")
    record = json.loads((run / "run.json").read_text())
    for change in (
        {"recipe": "evil_module:Loss"},
        {"recipe": "evil_module.py"},
        {"data": record["data"] | {"source": "evil_module:Loss"}},
    ):
        (run / "run.json").write_text(json.dumps(record | change))
        with pytest.raises(UserError):
            load(run)
    assert nothing_ran(place)


@pytest.mark.parametrize("reader", ["train again", "fork", "resume"])
def test_what_a_journal_names_is_not_imported(place, trained, reader, capsys):
    """An edit in events.jsonl is text of a file too: nobody typed it on this command line."""
    run = trained("points")
    events = run / "events.jsonl"
    event = {"seq": 0, "step": 50, "kind": "command", "number": 1, "name": "set", "outcome": "applied", "text": ""}
    event["arguments"] = {"key": "loss", "value": "evil_module:Loss"}
    kept = [line for line in events.read_text().splitlines() if json.loads(line)["seq"] != 0]
    events.write_text("\n".join([json.dumps(event), *kept]) + "\n")
    assert cli.run([*READERS[reader](str(run)), *(["steps=400"] if reader == "fork" else [])]) in (0, 2)
    assert "evil_module" not in sys.modules
    assert not Path("imported").exists()
    assert "Traceback" not in capsys.readouterr().err


def test_the_live_views_probes_import_nothing(place, trained):
    run = trained("labelled")
    assert "error" not in Desk().answer({"run": str(run), "ask": ""})
    name_in_record(run, "loss", "evil_module:Loss", {})
    assert "outside Gannet" in Desk().answer({"run": str(run), "ask": ""})["error"]
    assert nothing_ran(place)


def test_a_component_that_the_user_names_is_imported_and_must_be_one(place, capsys):
    train = ["train", "ring", "--recipe", "gan", "--quiet", *(f"{key}={value}" for key, value in SMALL.items())]
    assert cli.run([*train, "--out", "no", "loss=evil_module:NoLoss"]) == 2
    assert "not a concrete subclass of gannet.losses.base.AdversarialLoss" in capsys.readouterr().err
    assert cli.run([*train, "--out", "no", "loss=gannet.losses.base:AdversarialLoss"]) == 2
    assert not Path("no").exists()
    assert cli.run([*train, "--out", "run", "loss=evil_module:Loss"]) == 0
    assert json.loads(Path("run/run.json").read_text())["arguments"]["loss"] == "evil_module:Loss"

    named = "loss=evil_module:Loss"
    for words in (
        ["sample", "run"],
        ["measure", "run", "--metrics", "w2"],
        ["resume", "run", "--steps", "70"],
        ["train", "run", "--out", "more"],
    ):
        assert cli.run(words) == 2
        assert named in capsys.readouterr().err
        assert cli.run([*words, named]) == 0, capsys.readouterr().err
    capsys.readouterr()
    assert cli.run(["sample", "run", "loss=evil_module:Other"]) == 2
    assert "a run keeps its keys" in capsys.readouterr().err
    resume(Path("run"), Person(), steps=80, keys={"loss": "evil_module:Loss"})


LINKED = {
    "lock": ["resume", "stop"],
    "events.jsonl": ["resume"],
    "scores.jsonl": ["resume", "measure"],
    "frames": ["resume"],
    "checkpoints": ["resume", "measure"],
    "commands": ["resume", "stop"],
}


@pytest.mark.parametrize(("name", "verb"), [(name, verb) for name, verbs in LINKED.items() for verb in verbs])
def test_links_of_a_run_do_not_make_a_command_write_elsewhere(place, trained, name, verb, capsys):
    """A resume deleted images whose names are numbers above its step, and emptied the file that the lock named."""
    run, target = trained("points"), place / "target"
    if (run / name).exists():
        (run / name).rename(target)
    elif name == "commands":
        target.mkdir()
    else:
        target.write_text("precious")
    if name == "frames":
        (target / "5000.png").touch()
    (run / name).symlink_to(target)
    before = {path: path.read_bytes() for path in (target, *target.rglob("*")) if path.is_file()}
    assert cli.run((READERS | {"stop": lambda run: ["stop", run]})[verb](str(run))) == 2
    assert f"{run / name} is a link to {target}" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in (target, *target.rglob("*")) if path.is_file()} == before


def test_a_class_name_cannot_control_the_terminal(gannet, folder):
    (folder / "x.csv").write_text("x,y,label\n" + "".join(f"{i},{i * i},a\x9b2J{i % 2}\n" for i in range(6)))
    answer = gannet("data", "info", "x.csv")
    assert answer.status == 0, answer.err
    assert "a\\x9b2J1" in answer.out
